//go:build linux

package main

import (
	"context"
	"errors"
	"net"
	"sync"
	"time"
)

// relay stands between the servers and the database: it can cut all connections, hold everything back for a while, or
// lead to another database.
type relay struct {
	listener net.Listener
	gate     sync.RWMutex // held for writing while everything stands still

	mu     sync.Mutex
	target string // path of a Unix socket
	conns  map[net.Conn]bool
}

func newRelay(target string) (*relay, error) {
	listener, err := (&net.ListenConfig{}).Listen(context.Background(), "tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	r := &relay{listener: listener, target: target, conns: map[net.Conn]bool{}}
	go r.accept() // ends with close
	return r, nil
}

func (r *relay) address() string { return r.listener.Addr().String() }

func (r *relay) accept() {
	for {
		conn, err := r.listener.Accept()
		if err != nil {
			return
		}
		go r.join(conn)
	}
}

// join connects one connection with the database, until either side ends.
func (r *relay) join(from net.Conn) {
	r.mu.Lock()
	target := r.target
	r.mu.Unlock()
	to, err := net.Dial("unix", target)
	if err != nil {
		_ = from.Close()
		return
	}
	r.keep(from, to)
	defer r.drop(from, to)
	var both sync.WaitGroup
	both.Go(func() { r.pump(from, to); _ = to.Close() })
	both.Go(func() { r.pump(to, from); _ = from.Close() })
	both.Wait()
}

func (r *relay) pump(from, to net.Conn) {
	buffer := make([]byte, 32<<10)
	for {
		n, err := from.Read(buffer)
		if n > 0 {
			r.gate.RLock()
			_, failed := to.Write(buffer[:n])
			r.gate.RUnlock()
			err = errors.Join(err, failed)
		}
		if err != nil {
			return
		}
	}
}

func (r *relay) keep(conns ...net.Conn) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, c := range conns {
		r.conns[c] = true
	}
}

func (r *relay) drop(conns ...net.Conn) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, c := range conns {
		_ = c.Close()
		delete(r.conns, c)
	}
}

// cut closes every connection; new ones are let through.
func (r *relay) cut() {
	r.mu.Lock()
	defer r.mu.Unlock()
	for c := range r.conns {
		_ = c.Close()
	}
}

// stall lets nothing through for a while and keeps the connections.
func (r *relay) stall(d time.Duration) {
	r.gate.Lock()
	defer r.gate.Unlock()
	time.Sleep(d)
}

// hold lets nothing through until release is closed, and tells when it has begun.
func (r *relay) hold(held chan<- struct{}, release <-chan struct{}) {
	r.gate.Lock()
	defer r.gate.Unlock()
	close(held)
	<-release
}

// lead makes new connections go elsewhere, and closes the old ones.
func (r *relay) lead(target string) {
	r.mu.Lock()
	r.target = target
	r.mu.Unlock()
	r.cut()
}

func (r *relay) close() {
	_ = r.listener.Close()
	r.cut()
}
