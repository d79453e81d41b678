package storetest

import (
	"bufio"
	"context"
	"encoding/binary"
	"io"
	"maps"
	"net"
	"net/url"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"
)

// A rotation is one round trip to PostgreSQL (one Sync, protocol §55.2.3), of a statement that was prepared before.
// Not parallel: a connection left alone for a second is asked for life before its next use, which is a round trip more.
func TestARotationIsOneRoundTrip(t *testing.T) {
	direct := Postgres(t)
	db, stop := OpenPostgres(t, direct)
	w := settle(t, db)
	stop()
	tap := startTap(t, direct)
	db, _ = OpenPostgres(t, tap.dsn)
	turn := func() {
		ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second) // as a refresh has
		defer cancel()
		if _, _, _, moved, err := db.Rotate(ctx, swapFor(w)); !moved {
			t.Fatalf("not moved: %v", err)
		}
		w.grant.Current++
	}
	turn() // connects and prepares
	turn() // the driver asks a connection for life when it is first used again
	before := tap.counted()
	const turns = 20
	for range turns {
		turn()
	}
	after := tap.counted()
	got := map[byte]int{}
	for kind, n := range after {
		if n -= before[kind]; n > 0 {
			got[kind] = n
		}
	}
	// Bind, Execute, Sync; no Parse, no Describe, no simple Query.
	if want := map[byte]int{'B': turns, 'E': turns, 'S': turns}; !maps.Equal(got, want) {
		t.Errorf("%d rotations sent %v, want %v", turns, text(got), text(want))
	}
}

func text(counts map[byte]int) map[string]int {
	readable := map[string]int{}
	for kind, n := range counts {
		readable[string(kind)] = n
	}
	return readable
}

// tap stands between a client and the server's socket and counts the messages of clients by type.
type tap struct {
	dsn    string
	server string // path of the server's socket

	mu     sync.Mutex
	counts map[byte]int
}

func startTap(t *testing.T, dsn string) *tap {
	t.Helper()
	u, err := url.Parse(dsn)
	if err != nil {
		t.Fatal(err)
	}
	q := u.Query()
	if q.Get("host") == "" {
		t.Skip("the server of " + EnvPostgres + " is not at a Unix socket")
	}
	dir, err := os.MkdirTemp("/tmp", "tap-") // short: a socket's path is limited
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	name := ".s.PGSQL." + q.Get("port")
	x := &tap{server: filepath.Join(q.Get("host"), name), counts: map[byte]int{}}
	q.Set("host", dir)
	u.RawQuery = q.Encode()
	x.dsn = u.String()
	listener, err := net.Listen("unix", filepath.Join(dir, name))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = listener.Close() })
	go func() { // ends with the listener
		for {
			client, err := listener.Accept()
			if err != nil {
				return
			}
			go x.pass(client)
		}
	}()
	return x
}

func (x *tap) pass(client net.Conn) {
	defer func() { _ = client.Close() }()
	server, err := net.Dial("unix", x.server)
	if err != nil {
		return
	}
	go func() {
		_, _ = io.Copy(client, server)
		_ = client.Close()
	}()
	defer func() { _ = server.Close() }()
	from := bufio.NewReader(client)
	for first := true; ; first = false {
		head := make([]byte, 5) // type and length; the start-up message has no type
		if first {
			head = head[:4]
		}
		if _, err := io.ReadFull(from, head); err != nil {
			return
		}
		body := make([]byte, binary.BigEndian.Uint32(head[len(head)-4:])-4)
		if _, err := io.ReadFull(from, body); err != nil {
			return
		}
		if !first {
			x.mu.Lock()
			x.counts[head[0]]++
			x.mu.Unlock()
		}
		if _, err := server.Write(append(head, body...)); err != nil {
			return
		}
	}
}

func (x *tap) counted() map[byte]int {
	x.mu.Lock()
	defer x.mu.Unlock()
	return maps.Clone(x.counts)
}
