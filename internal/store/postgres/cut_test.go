package postgres_test

import (
	"context"
	"errors"
	"io"
	"net"
	"net/url"
	"sync"
	"testing"
	"time"

	"github.com/daypass/daypass/internal/store"
	"github.com/daypass/daypass/internal/store/storetest"
)

// cutter stands between an engine and its database and cuts their connections, as a network does.
type cutter struct {
	listener net.Listener
	mu       sync.Mutex
	conns    []net.Conn
}

// cuttable returns an engine that reaches the database of dsn through a cutter.
func cuttable(t *testing.T, dsn string) (*cutter, string) {
	t.Helper()
	u, err := url.Parse(dsn)
	must(t, err)
	q := u.Query()
	kind, target := "unix", q.Get("host")+"/.s.PGSQL."+q.Get("port")
	if u.Host != "" {
		kind, target = "tcp", u.Host
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	must(t, err)
	c := &cutter{listener: listener}
	t.Cleanup(func() { _ = listener.Close(); c.cut() })
	go func() { // ends with the listener
		for {
			from, err := listener.Accept()
			if err != nil {
				return
			}
			c.join(from, kind, target)
		}
	}()
	q.Del("host")
	q.Del("port")
	q.Set("sslmode", "disable")
	u.Host, u.RawQuery = listener.Addr().String(), q.Encode()
	return c, u.String()
}

func (c *cutter) join(from net.Conn, kind, target string) {
	to, err := net.Dial(kind, target)
	if err != nil {
		_ = from.Close()
		return
	}
	c.mu.Lock()
	c.conns = append(c.conns, from, to)
	c.mu.Unlock()
	pump := func(to, from net.Conn) {
		_, _ = io.Copy(to, from)
		_ = to.Close()
		_ = from.Close()
	}
	go pump(to, from)
	go pump(from, to)
}

func (c *cutter) cut() {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, conn := range c.conns {
		_ = conn.Close()
	}
	c.conns = nil
}

// The fault kit found this one (tools/fault -db postgres -seed 2): a connection that is gone before a statement is sent is
// neither a network error nor driver.ErrBadConn, and was answered with 500.
func TestAConnectionCutBetweenStatementsIsUnavailable(t *testing.T) {
	t.Parallel()
	cluster := storetest.PostgresCluster(t) // its own: so many connections would crowd out the other tests'
	c, through := cuttable(t, cluster.Database())
	e := opened(t, through)
	must(t, e.Update(t.Context(), func(q store.Querier) error {
		_, err := q.ExecContext(t.Context(), "CREATE TABLE things AS SELECT n::bigint AS id, 0::bigint AS v FROM generate_series(1, 2) n")
		return err
	}))
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Second)
	defer cancel()
	var callers sync.WaitGroup
	for range 8 {
		callers.Go(func() {
			for ctx.Err() == nil {
				if err := swapIn(context.Background(), e, 1); err != nil && !errors.Is(err, store.ErrUnavailable) {
					t.Errorf("swap: %v (%T), want ErrUnavailable", err, err)
				}
			}
		})
		callers.Go(func() {
			for ctx.Err() == nil {
				err := e.Update(context.Background(), func(q store.Querier) error {
					if err := add(context.Background(), q, 1); err != nil {
						return err
					}
					return add(context.Background(), q, 2)
				})
				if err != nil && !errors.Is(err, store.ErrUnavailable) {
					t.Errorf("%v (%T), want ErrUnavailable", err, err)
				}
			}
		})
	}
	for ctx.Err() == nil {
		c.cut()
		time.Sleep(50 * time.Millisecond)
	}
	callers.Wait()
}
