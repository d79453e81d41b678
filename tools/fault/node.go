//go:build linux

package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	mathrand "math/rand/v2"
	"net"
	"net/http"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"time"
)

const (
	readyTimeout = 60 * time.Second
	stopTimeout  = 15 * time.Second
	readyPause   = 10 * time.Millisecond
)

// node is one `daypass serve`, which may be killed and started again.
type node struct {
	url     string
	binary  string
	args    []string
	env     []string
	guard   *guard
	journal *journal

	mu   sync.Mutex
	cmd  *exec.Cmd
	done chan struct{} // closed when the process has ended
	life atomic.Int64  // how many processes have ended
}

// start starts the process; it does not wait until it answers.
func (n *node) start() error {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.launch()
}

// launch is start with n.mu held.
func (n *node) launch() error {
	cmd := exec.Command(n.binary, n.args...)
	cmd.Env, cmd.Dir = append(cleanEnviron(), n.env...), n.guard.dir
	detach(cmd)
	log, words, err := os.Pipe()
	if err != nil {
		return err
	}
	cmd.Stdout, cmd.Stderr = words, words
	if err := errors.Join(cmd.Start(), words.Close()); err != nil {
		return fmt.Errorf("start daypass: %w", errors.Join(err, log.Close()))
	}
	done := make(chan struct{})
	n.cmd, n.done = cmd, done
	go func() { // ends with the process
		n.journal.follow(log)
		_ = log.Close()
		_ = cmd.Wait()
		close(done)
	}()
	return n.guard.watch(cmd.Process.Pid)
}

// awaitReady waits until /readyz answers 200.
func (n *node) awaitReady(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, readyTimeout)
	defer cancel()
	for {
		err := n.ready(ctx)
		if err == nil {
			return nil
		}
		select {
		case <-n.done:
			return fmt.Errorf("daypass ended by itself: %w; it said:\n%s", err, n.journal.tail(20))
		case <-ctx.Done():
			return fmt.Errorf("daypass is not ready: %w; it said:\n%s", err, n.journal.tail(20))
		case <-time.After(readyPause):
		}
	}
}

func (n *node) ready(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, 4*time.Second)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, n.url+"/readyz", nil)
	if err != nil {
		return err
	}
	request.Close = true // a connection that outlives a kill would only delay the next look
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return err
	}
	body, err := io.ReadAll(io.LimitReader(response.Body, 1<<12))
	if err = errors.Join(err, response.Body.Close()); err == nil && response.StatusCode != http.StatusOK {
		err = fmt.Errorf("%s: %s", response.Status, bytes.TrimSpace(body))
	}
	return err
}

// kill ends the process at once and waits until it is gone.
func (n *node) kill() error { return n.end(os.Kill) }

// stop ends it in order.
func (n *node) stop() error { return n.end(syscall.SIGTERM) }

func (n *node) end(signal os.Signal) error {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.cmd == nil {
		return nil
	}
	pid := n.cmd.Process.Pid
	if err := n.cmd.Process.Signal(signal); err != nil && !errors.Is(err, os.ErrProcessDone) {
		return fmt.Errorf("end daypass: %w", err)
	}
	select {
	case <-n.done:
	case <-time.After(stopTimeout):
		_ = n.cmd.Process.Kill()
		<-n.done
		return errors.Join(fmt.Errorf("daypass still ran %v after %v", stopTimeout, signal), n.guard.forget(pid))
	}
	n.cmd = nil
	n.life.Add(1)
	return n.guard.forget(pid)
}

// verb runs a command of the same binary and returns its standard output.
func verb(ctx context.Context, binary, stdin string, args ...string) (string, error) {
	ctx, cancel := context.WithTimeout(ctx, readyTimeout)
	defer cancel()
	cmd := exec.CommandContext(ctx, binary, args...)
	var stderr bytes.Buffer
	cmd.Stdin, cmd.Stderr, cmd.Env = strings.NewReader(stdin), &stderr, cleanEnviron()
	out, err := cmd.Output()
	if err != nil {
		return "", fmt.Errorf("daypass %s: %w: %s", args[0], err, bytes.TrimSpace(stderr.Bytes()))
	}
	return string(out), nil
}

// Ports from firstPort on, and fewer than the first that a system gives to clients: while a node is down many try to reach
// it, and one that is given the node's own port as its own talks to itself, so that the node cannot come back.
const (
	firstPort = 15000
	ports     = 15000
)

// freePort returns a port nobody listens on at this moment.
func freePort() (string, error) {
	var last error
	for range 100 {
		at := net.JoinHostPort("127.0.0.1", strconv.Itoa(firstPort+mathrand.IntN(ports)))
		listener, err := (&net.ListenConfig{}).Listen(context.Background(), "tcp", at)
		if err != nil {
			last = err
			continue
		}
		_, port, err := net.SplitHostPort(listener.Addr().String())
		return port, errors.Join(err, listener.Close())
	}
	return "", fmt.Errorf("find a port: %w", last)
}

// revive starts a node again that has ended by itself, as a supervisor would, and returns what it said; "" when it runs, or
// was ended by the kit.
func (n *node) revive() (string, error) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.cmd == nil {
		return "", nil
	}
	select {
	case <-n.done:
	default:
		return "", nil
	}
	said := n.journal.words(5)
	n.life.Add(1)
	return "daypass ended by itself; it said:\n" + said, errors.Join(n.guard.forget(n.cmd.Process.Pid), n.launch())
}
