//go:build linux

package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"syscall"
	"time"
)

const (
	oldestPostgres = 15
	socketPort     = "5432" // only part of the socket's file name: a cluster listens on no network
)

var errNoPostgres = fmt.Errorf("PostgreSQL %d or newer is not installed", oldestPostgres)

// cluster is one PostgreSQL data directory and the server on it, which may be killed and started again.
type cluster struct {
	bin      string
	dir      string
	guard    *guard
	owner    *syscall.Credential // nil: ourselves
	settings []string            // name=value

	process *os.Process
	// alive is inherited by every process of the server, so its end of file says that they are all gone.
	alive *os.File
}

// newCluster prepares the directory of a cluster below that of the run.
func newCluster(g *guard, name string) (*cluster, error) {
	bin, err := postgresPrograms()
	if err != nil {
		return nil, err
	}
	c := &cluster{bin: bin, dir: filepath.Join(g.dir, name), guard: g}
	if err := os.Mkdir(c.dir, 0o700); err != nil {
		return nil, err
	}
	if os.Geteuid() != 0 {
		return c, nil
	}
	// PostgreSQL refuses to run as root.
	for _, name := range []string{"postgres", "nobody"} {
		u, err := user.Lookup(name)
		if err != nil {
			continue
		}
		uid, err1 := strconv.ParseUint(u.Uid, 10, 32)
		gid, err2 := strconv.ParseUint(u.Gid, 10, 32)
		c.owner = &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}
		return c, errors.Join(err1, err2, os.Chown(c.dir, int(uid), int(gid)))
	}
	return nil, errors.New("PostgreSQL refuses to run as root, and there is neither a user postgres nor nobody")
}

// postgresPrograms is the directory of the newest initdb and postgres.
func postgresPrograms() (string, error) {
	candidates, err := filepath.Glob("/usr/lib/postgresql/*/bin")
	if err != nil {
		return "", err
	}
	if path, err := exec.LookPath("postgres"); err == nil {
		if path, err = filepath.EvalSymlinks(path); err == nil {
			candidates = append(candidates, filepath.Dir(path))
		}
	}
	best, newest := "", oldestPostgres-1
	for _, dir := range candidates {
		out, err := exec.Command(filepath.Join(dir, "postgres"), "--version").Output()
		if err != nil {
			continue
		}
		m := regexp.MustCompile(`^postgres \(PostgreSQL\) (\d+)`).FindSubmatch(out)
		if m == nil {
			continue
		}
		if major, err := strconv.Atoi(string(m[1])); err == nil && major > newest {
			best, newest = dir, major
		}
	}
	if best == "" {
		return "", errNoPostgres
	}
	return best, nil
}

func (c *cluster) socket() string { return filepath.Join(c.dir, ".s.PGSQL."+socketPort) }

// command prepares a program of PostgreSQL without the caller's environment, which could change what it does.
func (c *cluster) command(program string, args ...string) *exec.Cmd {
	cmd := exec.Command(filepath.Join(c.bin, program), args...)
	cmd.Dir = c.dir
	cmd.Env = []string{"PATH=" + os.Getenv("PATH"), "HOME=" + c.dir, "LC_ALL=C", "TZ=UTC"}
	cmd.SysProcAttr = &syscall.SysProcAttr{Credential: c.owner}
	detach(cmd)
	return cmd
}

func (c *cluster) runProgram(program string, args ...string) error {
	if out, err := c.command(program, args...).CombinedOutput(); err != nil {
		return fmt.Errorf("%s: %w\n%s", program, err, out)
	}
	return nil
}

// initialize makes an empty data directory.
func (c *cluster) initialize() error {
	return c.runProgram("initdb", "--pgdata", c.dir+"/data", "--username=postgres", "--auth=trust", "--encoding=UTF8",
		"--locale=C", "--no-sync", "--no-instructions")
}

// sql executes statements with psql, so that the kit needs no driver.
func (c *cluster) sql(db, statements string) (string, error) {
	out, err := c.command("psql", "--host", c.dir, "--port", socketPort, "--username", "postgres", "--dbname", db,
		"--no-psqlrc", "--tuples-only", "--no-align", "--set", "ON_ERROR_STOP=1", "--command", statements).CombinedOutput()
	if err != nil {
		return "", fmt.Errorf("psql: %w: %s", err, out)
	}
	return strings.TrimSpace(string(out)), nil
}

// start starts the server and waits until it accepts connections.
func (c *cluster) start() error {
	log, err := os.OpenFile(c.dir+"/log", os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	alive, held, err := os.Pipe()
	if err != nil {
		return errors.Join(err, log.Close())
	}
	args := []string{"-D", c.dir + "/data"}
	for _, s := range append([]string{
		"listen_addresses=", "unix_socket_directories=" + c.dir, "port=" + socketPort, "max_connections=100", "shared_buffers=32MB",
	}, c.settings...) {
		args = append(args, "-c", s)
	}
	cmd := c.command("postgres", args...)
	cmd.Stdout, cmd.Stderr, cmd.ExtraFiles = log, log, []*os.File{held}
	if err := errors.Join(cmd.Start(), log.Close(), held.Close()); err != nil {
		return errors.Join(fmt.Errorf("start postgres: %w", err), alive.Close())
	}
	c.process, c.alive = cmd.Process, alive
	if err := c.guard.watch(c.process.Pid); err != nil {
		return err
	}
	return c.awaitReady()
}

func (c *cluster) awaitReady() error {
	until := time.Now().Add(readyTimeout)
	for {
		err := c.command("pg_isready", "--quiet", "--host", c.dir, "--port", socketPort).Run()
		if err == nil {
			return nil
		}
		if c.gone(10*time.Millisecond) || time.Now().After(until) {
			text, _ := os.ReadFile(c.dir + "/log")
			return fmt.Errorf("PostgreSQL does not start: %s", text[max(0, len(text)-2000):])
		}
	}
}

// gone waits for the end of every process of the server and reports whether it came.
func (c *cluster) gone(wait time.Duration) bool {
	if err := c.alive.SetReadDeadline(time.Now().Add(wait)); err != nil {
		return false
	}
	_, err := c.alive.Read(make([]byte, 1))
	return errors.Is(err, io.EOF)
}

// kill ends every process of the server at once, as a crash does: what had not been written is lost.
func (c *cluster) kill() error {
	if c.process == nil {
		return nil
	}
	pid := c.process.Pid
	children, _ := os.ReadFile(fmt.Sprintf("/proc/%d/task/%d/children", pid, pid))
	err := c.process.Kill()
	for field := range strings.FieldsSeq(string(children)) {
		if child, err := strconv.Atoi(field); err == nil {
			_ = syscall.Kill(child, syscall.SIGKILL) // it may have ended by itself
		}
	}
	if !c.gone(stopTimeout) {
		return errors.Join(err, errors.New("a process of PostgreSQL is still alive"))
	}
	_, waited := c.process.Wait()
	err = errors.Join(err, waited, c.alive.Close(), c.guard.forget(pid))
	c.process = nil
	return err
}
