//go:build linux

package main

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"sync"
	"syscall"
)

// guardScript reads "+ PID" and "- PID", one a line, until its standard input ends, which it does when this process
// ends, however it ends. Then it kills the processes still listed and removes the directory.
const guardScript = `
pids=
while read -r op pid; do
	rest=
	for p in $pids; do [ "$p" = "$pid" ] || rest="$rest $p"; done
	pids=$rest
	[ "$op" = - ] || pids="$pids $pid"
done
for p in $pids; do kill -KILL "$p" 2>/dev/null; done
umount -l "$1/data" 2>/dev/null
n=0
until rm -rf "$1" 2>/dev/null || [ $n -ge 100 ]; do sleep 0.05; n=$((n+1)); done
`

// guard is a directory of one run and the shell that cleans up behind it, also when this process is killed.
type guard struct {
	dir  string
	mu   sync.Mutex
	line *os.File // standard input of the shell
	cmd  *exec.Cmd
}

// newGuard makes the directory, directly below /tmp because the path of a Unix socket must be short and PostgreSQL,
// which refuses to run as root, must be able to enter it.
func newGuard() (*guard, error) {
	dir, err := os.MkdirTemp("/tmp", "daypass-fault-")
	if err != nil {
		return nil, fmt.Errorf("directory: %w", err)
	}
	if err := os.Chmod(dir, 0o711); err != nil {
		return nil, err
	}
	in, line, err := os.Pipe()
	if err != nil {
		return nil, fmt.Errorf("guard: %w", err)
	}
	cmd := exec.Command("/bin/sh", "-c", guardScript, "daypass-fault-guard", dir)
	cmd.Stdin, cmd.Dir = in, "/"
	detach(cmd)
	if err := errors.Join(cmd.Start(), in.Close()); err != nil {
		return nil, fmt.Errorf("guard: %w", err)
	}
	return &guard{dir: dir, line: line, cmd: cmd}, nil
}

func (g *guard) watch(pid int) error { return g.tell("+", pid) }

func (g *guard) forget(pid int) error { return g.tell("-", pid) }

func (g *guard) tell(op string, pid int) error {
	g.mu.Lock()
	defer g.mu.Unlock()
	if _, err := fmt.Fprintln(g.line, op, pid); err != nil {
		return fmt.Errorf("guard: %w", err)
	}
	return nil
}

// close lets the shell do its work now and waits for it.
func (g *guard) close() error { return errors.Join(g.line.Close(), g.cmd.Wait()) }

// detach gives a program a session of its own, so that an interrupt typed at the terminal reaches this process alone.
func detach(cmd *exec.Cmd) {
	if cmd.SysProcAttr == nil {
		cmd.SysProcAttr = &syscall.SysProcAttr{}
	}
	cmd.SysProcAttr.Setsid = true
}
