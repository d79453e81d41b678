package storetest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"time"

	"github.com/jackc/pgx/v5"
)

const (
	readyTimeout = 60 * time.Second // initdb or crash recovery on a cold, loaded machine
	exitTimeout  = 20 * time.Second
	pollPause    = 20 * time.Millisecond
	port         = "5432" // only part of the socket's file name: the server listens on no network
)

type serverConfig struct {
	noFsync  bool
	settings []string // name=value
}

// server is one PostgreSQL data directory and, while it runs, the process that serves it. It is not safe for
// concurrent use.
type server struct {
	bin    string // directory of the programs
	dir    string // holds data/, log and the socket
	config serverConfig
	owner  *owner // who runs the programs; nil is ourselves
	guard  *watchdog

	process *os.Process // nil while the server is down
	// alive is inherited by every process of the server and by nothing else, so its end of file says that they are all gone,
	// zombies and orphans included, which no process id can say.
	alive *os.File
}

// startServer makes a data directory and starts a server on it.
func startServer(config serverConfig) (_ *server, err error) {
	bin, err := findPrograms()
	if err != nil {
		return nil, err
	}
	s := &server{bin: bin, config: config}
	if s.owner, err = serverOwner(); err != nil {
		return nil, err
	}
	if s.dir, err = makeDir(s.owner); err != nil {
		return nil, err
	}
	if s.guard, err = startWatchdog(s.dir); err != nil {
		return nil, errors.Join(err, os.RemoveAll(s.dir))
	}
	if err = s.initialize(); err == nil {
		err = s.start()
	}
	if err != nil {
		return nil, errors.Join(err, s.close())
	}
	return s, nil
}

// url returns the address of one database of the server.
func (s *server) url(db string) string {
	q := url.Values{"host": {s.dir}, "port": {port}, "sslmode": {"disable"}}
	u := url.URL{Scheme: "postgres", User: url.User("postgres"), Path: "/" + db, RawQuery: q.Encode()}
	return u.String()
}

func (s *server) initialize() error {
	cmd := s.command("initdb", "--pgdata", s.dir+"/data", "--username=postgres", "--auth=trust", "--encoding=UTF8",
		"--locale=C", "--no-sync", "--no-instructions")
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("initdb: %w\n%s", err, out)
	}
	return nil
}

// command prepares a program of PostgreSQL with nothing of the caller's environment but what is set here, because PGDATA,
// PGPORT and the like would change what it does.
func (s *server) command(program string, args ...string) *exec.Cmd {
	cmd := exec.Command(filepath.Join(s.bin, program), args...)
	cmd.Dir = s.dir
	cmd.Env = []string{"PATH=" + os.Getenv("PATH"), "HOME=" + s.dir, "LC_ALL=C", "TZ=UTC"}
	runAs(cmd, s.owner)
	return cmd
}

// start starts the server and waits until it accepts connections.
func (s *server) start() error {
	if s.process != nil {
		return errors.New("the server runs already")
	}
	logFile, err := os.OpenFile(s.dir+"/log", os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return fmt.Errorf("open the server's log: %w", err)
	}
	alive, held, err := os.Pipe()
	if err != nil {
		return errors.Join(err, logFile.Close())
	}
	cmd := s.command("postgres", s.arguments()...)
	cmd.Stdout, cmd.Stderr = logFile, logFile
	cmd.ExtraFiles = []*os.File{held}
	err = cmd.Start()
	if err = errors.Join(err, logFile.Close(), held.Close()); err != nil {
		return errors.Join(fmt.Errorf("start postgres: %w", err), alive.Close())
	}
	s.process, s.alive = cmd.Process, alive
	if err := s.guard.watch(s.process.Pid); err != nil {
		return errors.Join(err, s.kill())
	}
	if err := s.awaitReady(); err != nil {
		return errors.Join(err, s.kill(), errors.New(s.logTail()))
	}
	return nil
}

func (s *server) arguments() []string {
	settings := []string{
		"listen_addresses=", "unix_socket_directories=" + s.dir, "port=" + port,
		"max_connections=300", "shared_buffers=32MB", "max_wal_size=256MB",
	}
	if s.config.noFsync {
		settings = append(settings, "fsync=off")
	}
	args := []string{"-D", s.dir + "/data"}
	for _, setting := range append(settings, s.config.settings...) {
		args = append(args, "-c", setting)
	}
	return args
}

func (s *server) awaitReady() error {
	ctx, cancel := context.WithTimeout(context.Background(), readyTimeout)
	defer cancel()
	for {
		conn, err := pgx.Connect(ctx, s.url("postgres"))
		if err == nil {
			return conn.Close(ctx)
		}
		if s.gone(pollPause) {
			return errors.New("the server ended while starting")
		}
		if ctx.Err() != nil {
			return fmt.Errorf("the server does not accept connections: %w", err)
		}
	}
}

// gone waits up to d for the end of every process of the server and reports whether it came.
func (s *server) gone(d time.Duration) bool {
	if err := s.alive.SetReadDeadline(deadline(d)); err != nil {
		return false
	}
	_, err := s.alive.Read(make([]byte, 1))
	return errors.Is(err, io.EOF)
}

func (s *server) kill() error {
	if s.process == nil {
		return nil
	}
	// Its children first learn of the death of their parent when they next wait; a power cut is not so polite.
	children := childrenOf(s.process.Pid)
	err := s.process.Kill()
	for _, child := range children {
		_ = child.Kill() // it may have ended by itself
		_ = child.Release()
	}
	return errors.Join(err, s.reap())
}

func (s *server) stop() error {
	if s.process == nil {
		return nil
	}
	// SIGINT is "fast shutdown": it does not wait for clients to leave.
	if err := s.process.Signal(os.Interrupt); err != nil {
		return errors.Join(err, s.kill())
	}
	if !s.gone(exitTimeout) {
		return errors.Join(errors.New("the server did not stop in time"), s.kill())
	}
	return s.reap()
}

// reap collects the ended process and forgets it.
func (s *server) reap() error {
	if !s.gone(exitTimeout) {
		return errors.New("a process of the server is still alive")
	}
	_, err := s.process.Wait()
	err = errors.Join(err, s.guard.watch(0), s.alive.Close())
	s.process, s.alive = nil, nil
	return err
}

// close stops the server and removes its directory.
func (s *server) close() error {
	return errors.Join(s.stop(), s.guard.close())
}

// logTail returns the end of the server's log for an error message.
func (s *server) logTail() string {
	const keep = 2000
	text, err := os.ReadFile(s.dir + "/log")
	if err != nil {
		return "no log of the server: " + err.Error()
	}
	if len(text) > keep {
		text = text[len(text)-keep:]
	}
	return "the server's log ends with:\n" + string(bytes.TrimSpace(text))
}

// deadline is the wall-clock time d from now, as file deadlines want it.
func deadline(d time.Duration) time.Time { return time.Now().Add(d) }
