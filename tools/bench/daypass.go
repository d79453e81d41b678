package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"github.com/daypass/daypass/internal/keys"
)

const (
	readyTimeout = 60 * time.Second
	stopTimeout  = 15 * time.Second
	logLimit     = 1 << 20
)

// build builds the binary as `make build` does and returns its path.
func build(ctx context.Context, dir string) (path string, err error) {
	path = filepath.Join(dir, "daypass")
	cmd := exec.CommandContext(ctx, "go", "build", "-trimpath", "-ldflags", "-s -w", "-o", path, "github.com/daypass/daypass/cmd/daypass")
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := cmd.CombinedOutput(); err != nil {
		return "", fmt.Errorf("build daypass: %w\n%s", err, out)
	}
	return path, nil
}

// installation is a configuration file with what it names, in a directory of its own.
type installation struct {
	binary, dir, address string
	masters              *keys.Masters
}

// install writes the configuration of a server on database, with the defaults of everything that may be left out.
func install(binary, dir, database string) (*installation, error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fmt.Errorf("install: %w", err)
	}
	address, err := freeAddress()
	if err != nil {
		return nil, err
	}
	_, port, err := net.SplitHostPort(address)
	if err != nil {
		return nil, fmt.Errorf("install: %w", err)
	}
	in := &installation{binary: binary, dir: dir, address: address}
	file := keys.NewMasterFile()
	if in.masters, err = keys.ParseMasters(file); err != nil {
		return nil, err
	}
	text := fmt.Sprintf("issuer: http://localhost:%s\nlisten: %s\ndatabase: '%s'\nmaster_key_file: %s\naccess_token.algorithm: ES256\n",
		port, address, database, in.path("master.key"))
	text += fmt.Sprintf("clients:\n  - id: %s\n    secret_file: %s\n    redirect_uris: [%s]\n    scopes: [openid]\n"+
		"    token_endpoint_auth_method: client_secret_basic\n    id_token_signed_response_alg: ES256\n", flowClient, in.path("client.secret"), flowCallback)
	if err := os.WriteFile(in.path("client.secret"), []byte(flowSecret), 0o600); err != nil {
		return nil, fmt.Errorf("install: %w", err)
	}
	err = errors.Join(os.WriteFile(in.path("master.key"), file.Bytes(), 0o600), os.WriteFile(in.path("daypass.yaml"), []byte(text), 0o600))
	if err != nil {
		return nil, fmt.Errorf("install: %w", err)
	}
	return in, nil
}

func (in *installation) path(name string) string { return filepath.Join(in.dir, name) }

func freeAddress() (string, error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", fmt.Errorf("find a port: %w", err)
	}
	return listener.Addr().String(), listener.Close()
}

// command runs one verb of the binary.
func (in *installation) command(ctx context.Context, stdin string, args ...string) error {
	cmd := exec.CommandContext(ctx, in.binary, append(args, "--config", in.path("daypass.yaml"))...)
	cmd.Stdin, cmd.Env = strings.NewReader(stdin), cleanEnviron()
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("daypass %s: %w\n%s", strings.Join(args, " "), err, out)
	}
	return nil
}

// cleanEnviron is the environment without the settings of a Daypass or a Go runtime that somebody may have exported.
func cleanEnviron() []string {
	var clean []string
	for _, entry := range os.Environ() {
		if !strings.HasPrefix(entry, "DAYPASS_") && !strings.HasPrefix(entry, "GOM") && !strings.HasPrefix(entry, "GOGC=") {
			clean = append(clean, entry)
		}
	}
	return clean
}

// running is a `daypass serve`.
type running struct {
	pid   int
	first time.Duration // from the start of the process to its first answer
	cmd   *exec.Cmd
	log   *os.File
	ended chan struct{}
}

// serve starts the server and waits for its first answer. It logs as it does by default, to a file, which is kept short.
func (in *installation) serve(ctx context.Context) (*running, error) {
	log, err := os.OpenFile(in.path("log"), os.O_CREATE|os.O_TRUNC|os.O_APPEND|os.O_RDWR, 0o600)
	if err != nil {
		return nil, fmt.Errorf("serve: %w", err)
	}
	cmd := exec.Command(in.binary, "serve", "--config", in.path("daypass.yaml"))
	cmd.Stdout, cmd.Stderr, cmd.Env = log, log, cleanEnviron()
	bind(cmd)
	began := time.Now()
	if err := cmd.Start(); err != nil {
		return nil, errors.Join(fmt.Errorf("serve: %w", err), log.Close())
	}
	r := &running{pid: cmd.Process.Pid, cmd: cmd, log: log, ended: make(chan struct{})}
	go func() {
		_ = cmd.Wait() // how it ended is asked of cmd.ProcessState
		close(r.ended)
	}()
	if err := r.awaitAnswer(ctx, in.address); err != nil {
		return nil, errors.Join(err, r.stop(), fmt.Errorf("daypass printed:\n%s", r.printed()))
	}
	r.first = time.Since(began)
	go r.keepLogShort()
	return r, nil
}

func (r *running) awaitAnswer(ctx context.Context, address string) error {
	ctx, cancel := context.WithTimeout(ctx, readyTimeout)
	defer cancel()
	for {
		err := asks(address)
		if err == nil {
			return nil
		}
		select {
		case <-r.ended:
			return fmt.Errorf("daypass ended before it was ready: %w", err)
		case <-ctx.Done():
			return fmt.Errorf("daypass is not ready: %w", err)
		case <-time.After(time.Millisecond / 2):
		}
	}
}

// asks returns nil when the server answers that it is ready.
func asks(address string) error {
	conn, err := net.DialTimeout("tcp", address, wireTimeout)
	if err != nil {
		return err
	}
	defer func() { _ = conn.Close() }()
	if _, err := fmt.Fprint(conn, "GET /readyz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"); err != nil {
		return err
	}
	answer := make([]byte, 12)
	if err := conn.SetReadDeadline(time.Now().Add(wireTimeout)); err != nil {
		return err
	}
	if _, err := conn.Read(answer); err != nil {
		return err
	}
	if string(answer) != "HTTP/1.1 200" {
		return fmt.Errorf("readyz: %q", answer)
	}
	return nil
}

// keepLogShort empties the log again and again: what a long run prints would fill the disk, and writing it back would
// disturb the database's own writes.
func (r *running) keepLogShort() {
	tick := time.NewTicker(500 * time.Millisecond)
	defer tick.Stop()
	for {
		select {
		case <-r.ended:
			return
		case <-tick.C:
			if info, err := r.log.Stat(); err == nil && info.Size() > logLimit {
				_ = r.log.Truncate(0) // the next try is soon
			}
		}
	}
}

// printed is the end of what the server printed.
func (r *running) printed() []byte {
	text, err := os.ReadFile(r.log.Name())
	if err != nil {
		return []byte(err.Error())
	}
	return bytes.TrimSpace(text[max(0, len(text)-2000):])
}

// stop ends the server in order, or else by force.
func (r *running) stop() error {
	err := r.cmd.Process.Signal(syscall.SIGTERM)
	if errors.Is(err, os.ErrProcessDone) {
		err = nil
	}
	select {
	case <-r.ended:
	case <-time.After(stopTimeout):
		err = errors.Join(err, errors.New("daypass did not stop in time"), r.cmd.Process.Kill())
		<-r.ended
	}
	return errors.Join(err, r.log.Close())
}
