package e2e

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/chromedp"
)

// EnvScreenshots names the environment variable that holds the directory for [Screenshot]; without it none is written.
const EnvScreenshots = "DAYPASS_SCREENSHOTS"

// Open goes to an address, waits until the page is loaded and returns the status of its reply.
func Open(t testing.TB, ctx context.Context, address string) int {
	t.Helper()
	return int(run(t, ctx, "open "+address, chromedp.NavigateResponse(address)).Status)
}

// Fill types text into the form control with this id, in place of what it holds.
func Fill(t testing.TB, ctx context.Context, id, text string) {
	t.Helper()
	run(t, ctx, "fill #"+id, chromedp.Steps(
		chromedp.WaitVisible(chromedp.ID(id)),
		chromedp.Clear(chromedp.ID(id)),
		// Not SendKeys: it reads the attributes of the node without their lock, which is a data race with a page that
		// changes them (chromedp v0.23.0, query.go).
		chromedp.Focus(chromedp.ID(id)),
		chromedp.KeyEvent(text),
	))
}

// Click clicks the first element that matches a CSS selector, when it is visible, and waits for nothing.
func Click(t testing.TB, ctx context.Context, css string) {
	t.Helper()
	run(t, ctx, "click "+css, chromedp.Click(chromedp.CSS(css)))
}

// Submit clicks like [Click], waits until the page that follows is loaded and returns the status of its reply.
func Submit(t testing.TB, ctx context.Context, css string) int {
	t.Helper()
	click := chromedp.Click(chromedp.CSS(css))
	return int(run(t, ctx, "submit "+css, func(ctx context.Context, _ *chromedp.Target) (*network.Response, error) {
		return chromedp.RunResponse(ctx, click)
	}).Status)
}

// Text returns the visible text of the first element that matches a CSS selector, and waits until there is one.
func Text(t testing.TB, ctx context.Context, css string) string {
	t.Helper()
	return strings.TrimSpace(run(t, ctx, "text of "+css, chromedp.Text(chromedp.CSS(css))))
}

// WaitText waits until the visible text of the first match of a CSS selector contains want.
func WaitText(t testing.TB, ctx context.Context, css, want string) {
	t.Helper()
	var got string
	err := poll(ctx, func(ctx context.Context) (bool, error) {
		now, err := chromedp.Run(ctx, chromedp.Text(chromedp.CSS(css)))
		if err == nil {
			got = now // of the last try that was not cut off
		}
		return strings.Contains(got, want), err
	})
	if err != nil {
		t.Fatalf("text of %s: got %q, want it to contain %q: %v", css, got, want, err)
	}
}

// WaitVisible waits until an element that matches a CSS selector is visible.
func WaitVisible(t testing.TB, ctx context.Context, css string) {
	t.Helper()
	run(t, ctx, "wait for "+css, chromedp.WaitVisible(chromedp.CSS(css)))
}

// Present reports whether an element matches a CSS selector now.
func Present(t testing.TB, ctx context.Context, css string) bool {
	t.Helper()
	nodes := run(t, ctx, "look for "+css, chromedp.Nodes(chromedp.CSSAll(css), chromedp.AtLeast(0)))
	return len(nodes) > 0
}

// Location returns the address of the page.
func Location(t testing.TB, ctx context.Context) string {
	t.Helper()
	return run(t, ctx, "location", chromedp.Location())
}

// WaitLocation waits until the address of the page contains want.
func WaitLocation(t testing.TB, ctx context.Context, want string) {
	t.Helper()
	var got string
	err := poll(ctx, func(ctx context.Context) (bool, error) {
		var err error
		got, err = chromedp.Run(ctx, chromedp.Location())
		return strings.Contains(got, want), err
	})
	if err != nil {
		t.Fatalf("location: got %q, want it to contain %q: %v", got, want, err)
	}
}

// Eval runs a JavaScript expression in the page, awaits it if it is a promise, and returns its value.
func Eval[T any](t testing.TB, ctx context.Context, expression string) T {
	t.Helper()
	return run(t, ctx, "evaluate "+expression, chromedp.Evaluate[T](expression, chromedp.EvalAwaitPromise))
}

// Cookies returns, by name, the cookies that the browser would send to an address.
func Cookies(t testing.TB, ctx context.Context, address string) map[string]*network.Cookie {
	t.Helper()
	params := network.GetCookiesParams{URLs: []string{address}}
	result := run(t, ctx, "cookies", func(ctx context.Context, target *chromedp.Target) (network.GetCookiesResult, error) {
		return cdp.Call(ctx, target, network.GetCookies, params)
	})
	cookies := make(map[string]*network.Cookie, len(result.Cookies))
	for _, c := range result.Cookies {
		cookies[c.Name] = c
	}
	return cookies
}

// Screenshot writes the whole page as name.png into the directory named by DAYPASS_SCREENSHOTS, if there is one.
func Screenshot(t testing.TB, ctx context.Context, name string) {
	t.Helper()
	dir := os.Getenv(EnvScreenshots)
	if dir == "" {
		return
	}
	image := run(t, ctx, "screenshot", chromedp.FullScreenshot(100)) // 100 means PNG
	if err := os.MkdirAll(dir, 0o750); err != nil {
		t.Fatalf("screenshot: %v", err)
	}
	file := filepath.Join(dir, filepath.Base(name)+".png")
	if err := os.WriteFile(file, image, 0o600); err != nil {
		t.Fatalf("screenshot: %v", err)
	}
}

// run runs one action within the time of a step, and ends the test if it fails.
func run[T any](t testing.TB, ctx context.Context, what string, action chromedp.Action[T]) T {
	t.Helper()
	ctx, cancel := context.WithTimeout(ctx, stepTimeout)
	defer cancel()
	value, err := chromedp.Run(ctx, action)
	if err != nil {
		t.Fatalf("%s: %v", what, err)
	}
	return value
}

// poll asks until the answer is yes or the time of a step is over. Errors in between are the page being replaced.
func poll(ctx context.Context, ask func(context.Context) (bool, error)) error {
	ctx, cancel := context.WithTimeout(ctx, stepTimeout)
	defer cancel()
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	for {
		yes, err := ask(ctx)
		if yes && err == nil {
			return nil
		}
		select {
		case <-ctx.Done():
			if err == nil {
				err = ctx.Err()
			}
			return err
		case <-tick.C:
		}
	}
}
