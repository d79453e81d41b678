package e2e

import (
	"context"
	"os"
	"os/exec"
	"strconv"
	"testing"
	"time"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/chromedp"
)

// stepTimeout bounds each step in a browser; it is generous because two tests may share two slow cores.
const stepTimeout = 30 * time.Second

// look is how the tabs of one browser appear and what they may do.
type look struct {
	width, height int64
	mobile        bool
	dark          bool
	noScript      bool
	allowProblems bool
	language      string // empty: the program's own
}

// BrowserOption changes what [Browser] starts.
type BrowserOption func(*look)

// WithoutJavaScript switches the scripts of the pages off. [Eval] still works.
func WithoutJavaScript() BrowserOption { return func(l *look) { l.noScript = true } }

// Viewport sets the size of the page in CSS pixels; a width below 600 makes it a touch screen. The default is 1280×800.
func Viewport(width, height int) BrowserOption {
	return func(l *look) { l.width, l.height, l.mobile = int64(width), int64(height), width < 600 }
}

// Dark makes the browser prefer a dark colour scheme.
func Dark() BrowserOption { return func(l *look) { l.dark = true } }

// AllowPageProblems keeps the test alive when a page throws, breaks its Content-Security-Policy or asks another machine
// for something. Only a story about exactly that may use it.
func AllowPageProblems() BrowserOption { return func(l *look) { l.allowProblems = true } }

// Speaks sets the languages of the browser, as Accept-Language lists them.
func Speaks(languages string) BrowserOption { return func(l *look) { l.language = languages } }

type lookKey struct{}

// Browser starts a headless Chromium with an empty profile and returns the context of its first tab, for the helpers of
// this package and for chromedp. It is closed when the test is over.
func Browser(t testing.TB, options ...BrowserOption) context.Context {
	t.Helper()
	program := findBrowser()
	if program == "" {
		missing(t, "Chromium is not installed (Debian: apt-get install chromium)")
	}
	l := look{width: 1280, height: 800}
	for _, o := range options {
		o(&l)
	}
	profile := tempDir(t, "profile-")
	start := flags(program, profile)
	if l.language != "" {
		start = append(start, chromedp.Flag("accept-lang", l.language))
	}
	allocator, stop := chromedp.NewExecAllocator(context.WithValue(context.Background(), lookKey{}, l), start...)
	t.Cleanup(stop)
	return newTab(t, allocator, l)
}

// Tab opens one more tab in the browser of ctx: same profile, same cookies, same options.
func Tab(t testing.TB, ctx context.Context) context.Context {
	t.Helper()
	l, ok := ctx.Value(lookKey{}).(look)
	if !ok {
		t.Fatal("Tab wants a context that Browser returned")
	}
	return newTab(t, ctx, l)
}

func newTab(t testing.TB, parent context.Context, l look) context.Context {
	t.Helper()
	ctx, cancel := chromedp.NewContext(parent)
	t.Cleanup(cancel)
	// The first run binds the life of the browser to its context, so it must not be one with a deadline.
	if err := chromedp.Do(ctx, appear(l)); err != nil {
		t.Fatalf("start Chromium: %v", err)
	}
	watchPage(t, ctx, l)
	return ctx
}

// appear applies a look to a tab.
func appear(l look) chromedp.Action[chromedp.Void] {
	return chromedp.Func(func(ctx context.Context, _ *chromedp.Target) error {
		scheme := "light"
		if l.dark {
			scheme = "dark"
		}
		features := []*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: scheme}}
		media := emulation.SetEmulatedMediaParams{Features: features}
		if _, err := chromedp.Call(ctx, emulation.SetEmulatedMedia, media); err != nil {
			return err
		}
		script := emulation.SetScriptExecutionDisabledParams{Value: l.noScript}
		if _, err := chromedp.Call(ctx, emulation.SetScriptExecutionDisabled, script); err != nil {
			return err
		}
		var size []chromedp.EmulateViewportOption
		if l.mobile {
			size = append(size, chromedp.EmulateMobile, chromedp.EmulateTouch)
		}
		return chromedp.Do(ctx, chromedp.EmulateViewport(l.width, l.height, size...))
	})
}

func flags(program, profile string) []chromedp.ExecAllocatorOption {
	options := append([]chromedp.ExecAllocatorOption{}, chromedp.DefaultExecAllocatorOptions[:]...)
	return append(options,
		chromedp.ExecPath(program),
		chromedp.UserDataDir(profile),
		// Else it writes certificates and caches into the developer's home, and leaves directories in /tmp.
		chromedp.Env("HOME="+profile, "TMPDIR="+profile),
		chromedp.NoSandbox, // containers rarely allow it, and the pages are our own
		chromedp.DisableGPU,
		chromedp.Flag("disable-quic", true),
		chromedp.Flag("disable-component-update", true),
		chromedp.Flag("disable-domain-reliability", true),
		chromedp.Flag("no-pings", true),
	)
}

// findBrowser returns the path of an installed Chromium, or "".
func findBrowser() string {
	for _, name := range []string{"chromium", "chromium-browser", "chromium-headless-shell", "google-chrome", "chrome"} {
		if path, err := exec.LookPath(name); err == nil {
			return path
		}
	}
	return ""
}

// missing ends the test because a tool is not installed: by a skip, or by a failure under CI=true, where a skip would
// pass for a green run.
func missing(t testing.TB, what string) {
	t.Helper()
	if ci, err := strconv.ParseBool(os.Getenv("CI")); err == nil && ci {
		t.Fatal(what)
	}
	t.Skip(what)
}
