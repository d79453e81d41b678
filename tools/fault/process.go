//go:build linux

package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptrace"
	"os"
	"os/exec"
	"path/filepath"
	"time"
)

// kindProcesses is a device of two real processes that share a file of tokens without a lock.
const kindProcesses kind = "two processes sharing a file"

// envTokens names the file of tokens to a process of the kit's own program that is such a process and nothing else.
const envTokens = "DAYPASS_FAULT_TOKENS"

// told is a line that a process is told: refresh once with what the file holds.
type told struct {
	URL  string        `json:"url"`
	From string        `json:"from"` // the address to send from
	Late time.Duration `json:"late"` // before the answer is written to the file
	Lost bool          `json:"lost"` // the answer is not written at all
}

// said is a line that it says: first that the request was sent, then what came of it. No token leaves the file.
type said struct {
	Sent  bool   `json:"sent,omitempty"`
	Class class  `json:"class,omitempty"`
	Code  string `json:"code,omitempty"`
	Was   uint32 `json:"was,omitempty"`
	Is    uint32 `json:"is,omitempty"`
}

// shareFile is the whole life of such a process: it refreshes whenever it is told, until its input ends.
func shareFile(path string, in io.Reader, out io.Writer) error {
	lines, say := json.NewDecoder(in), json.NewEncoder(out)
	for {
		var t told
		if err := lines.Decode(&t); err != nil {
			return err
		}
		got, err := shareOnce(path, t, func() { _ = say.Encode(said{Sent: true}) })
		if err != nil {
			return err
		}
		if err := say.Encode(got); err != nil {
			return err
		}
	}
}

func shareOnce(path string, t told, sent func()) (said, error) {
	held, err := os.ReadFile(path)
	if err != nil {
		return said{}, err
	}
	ctx := httptrace.WithClientTrace(context.Background(), &httptrace.ClientTrace{WroteRequest: func(httptrace.WroteRequestInfo) { sent() }})
	r, err := (&world{}).refreshRequest(ctx, t.URL, doorOAuth, holder{token: string(held)})
	if err != nil {
		return said{}, err
	}
	dialer := net.Dialer{LocalAddr: &net.TCPAddr{IP: net.ParseIP(t.From)}}
	one := wire{&http.Client{Timeout: patience, Transport: &http.Transport{DisableKeepAlives: true, DialContext: dialer.DialContext}}}
	got := one.send(r)
	_, was := generation(string(held))
	_, is := generation(got.token)
	if got.class == granted && !t.Lost {
		time.Sleep(t.Late)
		// A file of its own name, as the other process may write at the same time.
		next := fmt.Sprintf("%s.%d", path, os.Getpid())
		if err := errors.Join(os.WriteFile(next, []byte(got.token), 0o600), os.Rename(next, path)); err != nil {
			return said{}, err
		}
	}
	return said{Class: got.class, Code: got.code, Was: was, Is: is}, nil
}

// sharer is one such process, which may be killed and started again.
type sharer struct {
	w    *world
	path string
	cmd  *exec.Cmd
	in   io.WriteCloser
	out  *json.Decoder
}

func (w *world) newSharer(path string) (*sharer, error) {
	s := &sharer{w: w, path: path}
	err := s.start()
	return s, err
}

func (s *sharer) start() error {
	program, err := os.Executable()
	if err != nil {
		return err
	}
	cmd := exec.Command(program)
	cmd.Env, cmd.Stderr = append(cleanEnviron(), envTokens+"="+s.path), os.Stderr
	detach(cmd)
	in, err1 := cmd.StdinPipe()
	out, err2 := cmd.StdoutPipe()
	if err := errors.Join(err1, err2); err != nil {
		return err
	}
	if err := cmd.Start(); err != nil {
		return err
	}
	s.cmd, s.in, s.out = cmd, in, json.NewDecoder(bufio.NewReader(out))
	return s.w.guard.watch(cmd.Process.Pid)
}

// stop ends the process, in order or at once.
func (s *sharer) stop(kill bool) error {
	if kill {
		_ = s.cmd.Process.Kill()
	}
	_ = s.in.Close()
	_ = s.cmd.Wait() // it ends by the end of its input, or was killed
	return s.w.guard.forget(s.cmd.Process.Pid)
}

// refresh lets the process refresh once. With kill it is killed at some moment after its request was sent, and started
// again: nobody knows then whether the answer came to the file.
func (s *sharer) refresh(p plan, kill bool, after time.Duration) (got said, ended func(), err error) {
	n := s.w.node(p.node)
	from, life := s.w.address(), n.life.Load()
	if err := json.NewEncoder(s.in).Encode(told{URL: n.url, From: from, Late: p.late, Lost: p.fate == lostAfter}); err != nil {
		return said{}, nil, err
	}
	for got.Class == "" {
		got = said{}
		if err := s.out.Decode(&got); err != nil {
			return said{}, nil, err
		}
		if got.Sent && kill {
			time.Sleep(after)
			return said{Class: dropped}, func() { s.w.finished(n, life, from) }, errors.Join(s.stop(true), s.start())
		}
	}
	return got, nil, nil
}

// sharersPerDevice is how many processes one file has.
const sharersPerDevice = 2

// newSharingDevice is a device whose store is a file, and whose tabs are processes.
func (w *world) newSharingDevice(store holder, asked time.Time) (*device, error) {
	path := filepath.Join(w.guard.dir, fmt.Sprintf("tokens-%d", w.serial.Add(1)))
	if err := os.WriteFile(path, []byte(store.token), 0o600); err != nil {
		return nil, err
	}
	d := w.newDeviceOf(kindProcesses, store, asked)
	d.sharers = make(chan *sharer, sharersPerDevice)
	for range sharersPerDevice {
		s, err := w.newSharer(path)
		if err != nil {
			return nil, err
		}
		d.sharers <- s
	}
	return d, nil
}

// shared carries one refresh of a process.
func (d *device) shared(p plan) reply {
	s := <-d.sharers
	defer func() { d.sharers <- s }()
	got, ended, err := s.refresh(p, p.fate == killed, time.Duration(p.node%5)*time.Millisecond)
	if err != nil {
		d.w.tally.fail("a process that shares a file: " + err.Error())
		return reply{class: unsent}
	}
	r := reply{class: got.Class, code: got.Code, ended: ended, was: got.Was, is: got.Is}
	d.w.tally.answer(r)
	return r
}

// leave ends the processes of a device.
func (d *device) leave() error {
	if d.sharers == nil {
		return nil
	}
	var err error
	for range sharersPerDevice {
		err = errors.Join(err, (<-d.sharers).stop(false))
	}
	return err
}
