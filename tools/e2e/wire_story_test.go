package e2e

import (
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"strings"
	"sync"
	"testing"
)

// wire is the network between a browser and Daypass: a proxy that can let two refreshes meet, or lose their replies. The
// browser talks to wire.URL as if it were the server, and the server sees the same Host.
type wire struct {
	URL string

	mu        sync.Mutex
	waiting   int           // how many refreshes are still to come before all are let through
	meet      chan struct{} // closed when they have all come; nil: nobody waits
	losing    bool
	lost      int
	presented []string // refresh tokens that went to the server, in order
	handedOut []string // refresh tokens that came from the server, in order
}

// newWire puts a wire before a server.
func newWire(t *testing.T, s *Server) *wire {
	t.Helper()
	target, err := url.Parse(s.URL)
	if err != nil {
		t.Fatal(err)
	}
	w := &wire{}
	proxy := &httputil.ReverseProxy{
		Rewrite: func(r *httputil.ProxyRequest) {
			r.SetURL(target)
			r.Out.Host = r.In.Host
		},
		ModifyResponse: w.reply,
		ErrorHandler:   func(http.ResponseWriter, *http.Request, error) { panic(http.ErrAbortHandler) }, // cut the line
	}
	server := httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		w.request(r)
		proxy.ServeHTTP(rw, r)
	}))
	t.Cleanup(server.Close)
	w.URL = strings.Replace(server.URL, "127.0.0.1", "localhost", 1)
	return w
}

// letMeet holds the refreshes that come from now on until n have come, and then lets all of them through at once.
func (w *wire) letMeet(n int) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.waiting, w.meet = n, make(chan struct{})
}

// lose throws the replies to refreshes away, or stops doing so.
func (w *wire) lose(losing bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.losing = losing
}

// seen returns the refresh tokens that travelled since the last call, and how many replies were lost in that time.
func (w *wire) seen() (presented, handedOut []string, lost int) {
	w.mu.Lock()
	defer w.mu.Unlock()
	presented, handedOut, lost = w.presented, w.handedOut, w.lost
	w.presented, w.handedOut, w.lost = nil, nil, 0
	return presented, handedOut, lost
}

func isRefresh(r *http.Request) bool {
	return r.Method == http.MethodPost && r.URL.Path == "/v1/refresh"
}

func (w *wire) request(r *http.Request) {
	if !isRefresh(r) {
		return
	}
	w.mu.Lock()
	if c, err := r.Cookie("daypass-refresh"); err == nil {
		w.presented = append(w.presented, c.Value)
	}
	meet := w.meet
	if meet != nil {
		if w.waiting--; w.waiting == 0 {
			close(meet)
			w.meet = nil
		}
	}
	w.mu.Unlock()
	if meet == nil {
		return
	}
	select {
	case <-meet:
	case <-r.Context().Done():
	}
}

func (w *wire) reply(r *http.Response) error {
	if !isRefresh(r.Request) {
		return nil
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, c := range r.Cookies() {
		if c.Name == "daypass-refresh" {
			w.handedOut = append(w.handedOut, c.Value)
		}
	}
	if w.losing {
		w.lost++
		return http.ErrAbortHandler // the error handler cuts the line before a byte of the reply has passed
	}
	return nil
}
