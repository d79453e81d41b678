package e2e

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"sync"
	"testing"
	"time"
)

// watchdogScript reads "+ PID" and "- PID", one a line, until its standard input ends, which it does when the test
// process ends, however it ends. Then it kills the processes still listed and removes the directory. A t.Cleanup alone would be
// skipped by a timeout, a panic or a kill.
const watchdogScript = `
pids=
while read -r op pid; do
	rest=
	for p in $pids; do [ "$p" = "$pid" ] || rest="$rest $p"; done
	pids=$rest
	[ "$op" = - ] || pids="$pids $pid"
done
for p in $pids; do kill -KILL "$p" 2>/dev/null; done
n=0
until rm -rf "$1" 2>/dev/null || [ $n -ge 100 ]; do sleep 0.05; n=$((n+1)); done
`

// place is the directory of this test process, and the shell that cleans up behind it.
type place struct {
	dir  string
	mu   sync.Mutex
	line *os.File // standard input of the watchdog
}

// here makes the place once per test process. A variable, because nothing else in a test process outlives one test.
var here = sync.OnceValues(func() (*place, error) {
	dir, err := os.MkdirTemp("", "daypass-e2e-")
	if err != nil {
		return nil, fmt.Errorf("directory for the tests: %w", err)
	}
	in, line, err := os.Pipe()
	if err != nil {
		return nil, fmt.Errorf("watchdog: %w", err)
	}
	cmd := exec.Command("/bin/sh", "-c", watchdogScript, "daypass-e2e-watchdog", dir)
	cmd.Stdin, cmd.Dir = in, "/"
	detach(cmd)
	if err := errors.Join(cmd.Start(), in.Close()); err != nil {
		return nil, fmt.Errorf("watchdog: %w", err)
	}
	return &place{dir: dir, line: line}, nil
})

// guard adds a process to those that must not outlive the tests; unguard takes it off again.
func (p *place) guard(pid int) error { return p.tell("+", pid) }

func (p *place) unguard(pid int) error { return p.tell("-", pid) }

func (p *place) tell(op string, pid int) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if _, err := fmt.Fprintln(p.line, op, pid); err != nil {
		return fmt.Errorf("watchdog: %w", err)
	}
	return nil
}

// tempDir makes a directory that is removed when the test is over. Unlike t.TempDir it forgives the stragglers of a
// browser, which write into their profile for some moments after its end.
func tempDir(t testing.TB, prefix string) string {
	t.Helper()
	home, err := here()
	if err != nil {
		t.Fatal(err)
	}
	dir, err := os.MkdirTemp(home.dir, prefix)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		for range 100 {
			if err = os.RemoveAll(dir); err == nil {
				return
			}
			time.Sleep(20 * time.Millisecond)
		}
		t.Errorf("remove %s: %v", dir, err)
	})
	return dir
}
