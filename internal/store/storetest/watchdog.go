package storetest

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
)

// watchdogScript reads process ids, one a line, until its standard input ends; then it stops the process named last (0 is none)
// and removes the directory. The input ends when the test process ends, however it ends: a deferred call or a t.Cleanup
// would be skipped by a timeout, a panic in another goroutine or a kill, and would leave a server behind.
const watchdogScript = `
pid=0
while read -r line; do pid=$line; done
if [ "$pid" -gt 0 ]; then
	kill -QUIT "$pid" 2>/dev/null
	n=0
	while [ -e "$1/data/postmaster.pid" ] && kill -0 "$pid" 2>/dev/null && [ $n -lt 200 ]; do
		sleep 0.05
		n=$((n+1))
	done
	[ $n -lt 200 ] || kill -KILL "$pid" 2>/dev/null
fi
rm -rf "$1"
`

// watchdog is the shell that runs watchdogScript for one server.
type watchdog struct {
	cmd  *exec.Cmd
	line *os.File // its standard input
}

func startWatchdog(dir string) (*watchdog, error) {
	in, line, err := os.Pipe()
	if err != nil {
		return nil, fmt.Errorf("watchdog: %w", err)
	}
	cmd := exec.Command("/bin/sh", "-c", watchdogScript, "daypass-test-watchdog", dir)
	cmd.Stdin = in
	cmd.Dir = "/"
	detach(cmd)
	if err := errors.Join(cmd.Start(), in.Close()); err != nil {
		return nil, errors.Join(fmt.Errorf("watchdog: %w", err), line.Close())
	}
	return &watchdog{cmd: cmd, line: line}, nil
}

// watch tells the watchdog which process to stop; 0 means none.
func (w *watchdog) watch(pid int) error {
	if _, err := fmt.Fprintln(w.line, pid); err != nil {
		return fmt.Errorf("watchdog: %w", err)
	}
	return nil
}

// close makes the watchdog do its work now and waits for it.
func (w *watchdog) close() error {
	return errors.Join(w.line.Close(), w.cmd.Wait())
}
