package resource_test

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"slices"
	"testing"
	"time"

	"github.com/daypass/daypass/resource"
)

// BenchmarkServe compares, over net/http and kept connections, a handler that does nothing when it is bare, protected with
// the token remembered, and protected with the token verified each time. The three take turns in short batches, so that
// whatever else the machine does falls on all of them; one op is a batch of each.
func BenchmarkServe(b *testing.B) {
	issuer := newIssuer(b)
	token := typical(issuer)
	forgetful := newProtector(b, issuer, func(c *resource.Config) { c.Remember, c.Now = -1, nil })
	lanes := []*lane{
		newLane(b, "bare", nothing, token),
		newLane(b, "remembered", newProtector(b, issuer, func(c *resource.Config) { c.Now = nil }).Require("read")(nothing), token),
		newLane(b, "verified", forgetful.Require("read")(nothing), token),
	}
	for b.Loop() {
		for _, l := range lanes {
			l.batch(b)
		}
	}
	for _, l := range lanes {
		b.ReportMetric(batchSize/l.median().Seconds(), l.name+"-req/s")
	}
	b.ReportMetric(float64(lanes[1].median())/float64(lanes[0].median()), "remembered/bare-time")
	b.ReportMetric(float64(lanes[2].median())/float64(lanes[0].median()), "verified/bare-time")
}

// lane is one server and a client that writes its requests ahead, so that the server is what is measured.
type lane struct {
	name    string
	conn    net.Conn
	reader  *bufio.Reader
	request []byte
	batches []time.Duration
}

// median is what a batch takes when nothing else happens to be in the way.
func (l *lane) median() time.Duration {
	slices.Sort(l.batches)
	return l.batches[len(l.batches)/2]
}

const batchSize = 200

func newLane(b *testing.B, name string, h http.Handler, token string) *lane {
	b.Helper()
	server := httptest.NewServer(h)
	b.Cleanup(server.Close)
	conn, err := net.Dial("tcp", server.Listener.Addr().String())
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { _ = conn.Close() })
	one := fmt.Sprintf("GET / HTTP/1.1\r\nHost: api.example.test\r\nAuthorization: Bearer %s\r\n\r\n", token)
	return &lane{name: name, conn: conn, reader: bufio.NewReader(conn), request: []byte(one)}
}

func (l *lane) batch(b *testing.B) {
	b.Helper()
	began := time.Now()
	go func() {
		for range batchSize {
			if _, err := l.conn.Write(l.request); err != nil {
				return // the reader notices
			}
		}
	}()
	for range batchSize {
		res, err := http.ReadResponse(l.reader, nil)
		if err != nil {
			b.Fatal(err)
		}
		if _, err := io.Copy(io.Discard, res.Body); err != nil || res.StatusCode != http.StatusOK {
			b.Fatalf("got %d, %v", res.StatusCode, err)
		}
	}
	l.batches = append(l.batches, time.Since(began))
}
