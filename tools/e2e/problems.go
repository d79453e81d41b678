package e2e

import (
	"context"
	"fmt"
	"net/netip"
	"net/url"
	"strings"
	"sync"
	"testing"

	"github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"
)

// problems collects what a page did wrong although no step of the story looked for it.
type problems struct {
	mu   sync.Mutex
	list []string
}

func (p *problems) add(format string, args ...any) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.list = append(p.list, fmt.Sprintf(format, args...))
}

func (p *problems) all() []string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return append([]string(nil), p.list...)
}

// watchPage fails the test at its end for what the page did wrong, and on any failure says where the browser stood.
func watchPage(t testing.TB, ctx context.Context, l look) {
	t.Helper()
	var found problems
	if err := chromedp.Listen(ctx, found.hear); err != nil {
		t.Fatalf("listen to the page: %v", err)
	}
	t.Cleanup(func() {
		for _, problem := range found.all() {
			if l.allowProblems {
				t.Logf("page: %s", problem)
			} else {
				t.Errorf("page: %s", problem)
			}
		}
		if t.Failed() {
			whereabouts(t, ctx)
		}
	})
}

// hear is called for every event of the page, on the goroutine that reads them: it must be quick.
func (p *problems) hear(event any) {
	switch e := event.(type) {
	case *runtime.EventExceptionThrown:
		text := e.ExceptionDetails.Text
		if e.ExceptionDetails.Exception != nil {
			text += " " + e.ExceptionDetails.Exception.Description
		}
		p.add("uncaught exception at %s:%d: %s", e.ExceptionDetails.URL, e.ExceptionDetails.LineNumber+1, text)
	case *log.EventEntryAdded:
		// A reply of 4xx is logged as an error of the network too; stories provoke those on purpose.
		if e.Entry.Source == log.EntrySourceSecurity {
			p.add("security: %s", e.Entry.Text)
		}
	case *network.EventRequestWillBeSent:
		if !isLocal(e.Request.URL) {
			p.add("asked another machine: %s %s", e.Request.Method, e.Request.URL)
		}
	}
}

// isLocal reports whether a request stays on this machine: a loopback host, or a scheme that sends nothing.
func isLocal(address string) bool {
	u, err := url.Parse(address)
	if err != nil {
		return false
	}
	if u.Scheme != "http" && u.Scheme != "https" && u.Scheme != "ws" && u.Scheme != "wss" {
		return true
	}
	host := u.Hostname()
	if host == "localhost" || strings.HasSuffix(host, ".localhost") {
		return true
	}
	ip, err := netip.ParseAddr(host)
	return err == nil && ip.IsLoopback()
}

// whereabouts logs what the browser shows, so that a failure can be understood from its output alone.
func whereabouts(t testing.TB, ctx context.Context) {
	t.Helper()
	ctx, cancel := context.WithTimeout(ctx, stepTimeout)
	defer cancel()
	address, err := chromedp.Run(ctx, chromedp.Location())
	if err != nil {
		t.Logf("the browser does not say where it is: %v", err)
		return
	}
	const keep = 3000
	text, err := chromedp.Run(ctx, chromedp.Evaluate[string]("document.body ? document.body.innerText : ''"))
	if err != nil {
		text = err.Error()
	}
	if len(text) > keep {
		text = text[:keep] + "…"
	}
	t.Logf("the browser was at %s and showed:\n%s", address, text)
}
