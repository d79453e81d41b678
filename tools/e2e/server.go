package e2e

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

const (
	readyTimeout = 60 * time.Second
	stopTimeout  = 5 * time.Second // design: a graceful stop is quick
)

// Server is one running `daypass dev`.
type Server struct {
	URL  string // the issuer, http://localhost:PORT
	Data string // its --data directory

	args    []string
	environ []string
	cmd     *exec.Cmd
	output  lockedBuffer
	done    chan struct{} // closed when the process has ended
	err     error         // what its end was; read after done
	down    bool          // a Stop or Kill ended it
}

// Daypass builds the binary (once per test process), starts `daypass dev` with a free port, an empty data directory and the
// given further arguments, and waits until /readyz answers 200. When the test is over the server gets SIGTERM; the test
// fails if it does not end in order within five seconds.
func Daypass(t testing.TB, args ...string) *Server {
	t.Helper()
	return DaypassWith(t, nil, args...)
}

// DaypassWith is [Daypass] with further entries in the environment, NAME=VALUE each.
func DaypassWith(t testing.TB, environ []string, args ...string) *Server {
	t.Helper()
	s := &Server{environ: environ, Data: filepath.Join(tempDir(t, "data-"), "daypass-data"), down: true}
	port := freePort(t)
	s.URL = "http://localhost:" + port
	s.args = append([]string{"dev", "--listen", "127.0.0.1:" + port, "--data", s.Data}, args...)
	t.Cleanup(func() {
		s.Stop(t)
		if t.Failed() {
			t.Logf("daypass printed:\n%s", s.Output())
		}
	})
	s.Start(t)
	return s
}

// Start starts the server again, on the same port and data, after [Server.Stop] or [Server.Kill].
func (s *Server) Start(t testing.TB) {
	t.Helper()
	home, err := here()
	if err != nil {
		t.Fatal(err)
	}
	s.cmd = exec.Command(program(t), s.args...)
	s.cmd.Stdout, s.cmd.Stderr = &s.output, &s.output
	s.cmd.Dir = filepath.Dir(s.Data)
	s.cmd.Env = append(cleanEnviron(), s.environ...)
	detach(s.cmd)
	if err := s.cmd.Start(); err != nil {
		t.Fatalf("start daypass: %v", err)
	}
	if err := home.guard(s.cmd.Process.Pid); err != nil {
		t.Fatal(err)
	}
	cmd, done := s.cmd, make(chan struct{})
	s.done, s.down = done, false
	go func() {
		s.err = cmd.Wait()
		close(done)
	}()
	if err := s.awaitReady(); err != nil {
		t.Fatalf("daypass %s: %v; it printed:\n%s", strings.Join(s.args, " "), err, s.Output())
	}
}

func (s *Server) awaitReady() error {
	ctx, cancel := context.WithTimeout(context.Background(), readyTimeout)
	defer cancel()
	tick := time.NewTicker(25 * time.Millisecond)
	defer tick.Stop()
	for {
		err := ask(ctx, s.URL+"/readyz")
		if err == nil {
			return nil
		}
		select {
		case <-s.done:
			return fmt.Errorf("it ended before it was ready: %w", errors.Join(s.err, err))
		case <-ctx.Done():
			return fmt.Errorf("it is not ready: %w", err)
		case <-tick.C:
		}
	}
}

// ask returns nil when address answers 200.
func ask(ctx context.Context, address string) error {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		return err
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return err
	}
	body, err := io.ReadAll(io.LimitReader(response.Body, 1<<16))
	if err = errors.Join(err, response.Body.Close()); err != nil {
		return err
	}
	if response.StatusCode != http.StatusOK {
		return fmt.Errorf("%s: %s: %s", address, response.Status, body)
	}
	return nil
}

// Stop sends SIGTERM and fails the test if the server does not end in order within five seconds. A stopped server stays stopped.
func (s *Server) Stop(t testing.TB) {
	t.Helper()
	if s.down {
		return
	}
	if s.ended() {
		t.Errorf("daypass ended by itself: %v", s.err)
		s.Kill(t)
		return
	}
	if err := s.cmd.Process.Signal(syscall.SIGTERM); err != nil {
		t.Errorf("stop daypass: %v", err)
	}
	select {
	case <-s.done:
		if s.err != nil {
			t.Errorf("stop daypass: %v, want exit code 0", s.err)
		}
	case <-time.After(stopTimeout):
		t.Errorf("daypass still runs %v after SIGTERM", stopTimeout)
	}
	s.Kill(t)
}

// Kill ends the server at once, as a crash would.
func (s *Server) Kill(t testing.TB) {
	t.Helper()
	s.down = true
	if !s.ended() {
		if err := s.cmd.Process.Kill(); err != nil && !errors.Is(err, os.ErrProcessDone) {
			t.Errorf("kill daypass: %v", err)
		}
		<-s.done
	}
	if home, err := here(); err == nil {
		if err := home.unguard(s.cmd.Process.Pid); err != nil {
			t.Error(err)
		}
	}
}

func (s *Server) ended() bool {
	select {
	case <-s.done:
		return true
	default:
		return false
	}
}

// Output returns what the server has printed so far on both streams.
func (s *Server) Output() string { return s.output.String() }

// Command runs one verb of the same binary on the same data (`daypass ARGS… --data DIR`) and returns its standard
// output. It fails the test when the verb fails.
func (s *Server) Command(t testing.TB, stdin string, args ...string) string {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), stepTimeout)
	defer cancel()
	cmd := exec.CommandContext(ctx, program(t), append(args, "--data", s.Data)...)
	var stderr bytes.Buffer
	cmd.Stdin, cmd.Stderr, cmd.Env = strings.NewReader(stdin), &stderr, cleanEnviron()
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("daypass %s: %v\n%s%s", strings.Join(args, " "), err, out, stderr.Bytes())
	}
	return string(out)
}

// freePort returns a port nobody listens on at this moment.
func freePort(t testing.TB) string {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	_, port, err := net.SplitHostPort(listener.Addr().String())
	if err = errors.Join(err, listener.Close()); err != nil {
		t.Fatal(err)
	}
	return port
}

// lockedBuffer collects what a process prints while a test reads it.
type lockedBuffer struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

func (b *lockedBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buf.Write(p)
}

func (b *lockedBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buf.String()
}
