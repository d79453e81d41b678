package e2e

import (
	"bytes"
	"fmt"
	"image/png"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/chromedp"
)

const kitPage = `<!doctype html><html lang="en"><meta name="viewport" content="width=device-width"><title>Kit</title>
<link rel="stylesheet" href="/style.css"><link rel="icon" href="data:,">
<form method="post" action="/in"><input id="username" name="username" value="old"><input id="password" name="password" type="password">
<button type="submit">Sign in</button></form>
<p id="script">script off</p><p id="scheme"></p><script src="/script.js"></script></html>`

// kitServer is a small site with a strict policy, as the pages of Daypass have one.
func kitServer(t *testing.T) string {
	t.Helper()
	mux := http.NewServeMux()
	mux.HandleFunc("GET /{$}", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Security-Policy", "default-src 'self'; img-src 'self' data:")
		http.SetCookie(w, &http.Cookie{Name: "kit", Value: "1", HttpOnly: true, SameSite: http.SameSiteLaxMode})
		_, _ = w.Write([]byte(kitPage))
	})
	mux.HandleFunc("GET /style.css", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/css")
		_, _ = w.Write([]byte("body{background:#fff}@media(prefers-color-scheme:dark){body{background:#000}}"))
	})
	mux.HandleFunc("GET /script.js", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/javascript")
		_, _ = w.Write([]byte("setTimeout(() => document.getElementById('script').textContent = 'script on', 100)"))
	})
	mux.HandleFunc("POST /in", func(w http.ResponseWriter, r *http.Request) {
		w.WriteHeader(http.StatusUnauthorized)
		_, _ = fmt.Fprintf(w, "<!doctype html><link rel=icon href='data:,'><h1>%s/%s</h1>", r.FormValue("username"), r.FormValue("password"))
	})
	mux.HandleFunc("GET /bad", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Security-Policy", "style-src 'self'")
		_, _ = w.Write([]byte(`<!doctype html><link rel=icon href='data:,'><body><p style="color:red">x</p><script>
			new Image().src = 'http://192.0.2.1/pixel.png'; nothingHere()</script>`))
	})
	site := httptest.NewServer(mux)
	t.Cleanup(site.Close)
	return site.URL
}

func TestFormIsFilledAndSubmittedWithAndWithoutJavaScript(t *testing.T) {
	t.Parallel()
	for name, options := range map[string][]BrowserOption{"script on": nil, "script off": {WithoutJavaScript()}} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			site, ctx := kitServer(t), Browser(t, options...)
			if got := Open(t, ctx, site+"/"); got != http.StatusOK {
				t.Fatalf("open: status %d, want 200", got)
			}
			WaitText(t, ctx, "#script", name)
			Fill(t, ctx, "username", "demo@example.com")
			Fill(t, ctx, "password", "correct horse")
			if got := Submit(t, ctx, "button[type=submit]"); got != http.StatusUnauthorized {
				t.Errorf("submit: status %d, want the page's own 401", got)
			}
			if got, want := Text(t, ctx, "h1"), "demo@example.com/correct horse"; got != want {
				t.Errorf("got %q, want %q", got, want)
			}
			WaitLocation(t, ctx, "/in")
			if got := Location(t, ctx); got != site+"/in" {
				t.Errorf("location %q", got)
			}
			if Present(t, ctx, "#username") || !Present(t, ctx, "h1") {
				t.Error("Present: the form is gone and the heading is there, it says otherwise")
			}
		})
	}
}

func TestTabsShareCookiesAndBrowsersDoNot(t *testing.T) {
	t.Parallel()
	site, first := kitServer(t), Browser(t)
	Open(t, first, site+"/")
	second := Tab(t, first)
	Open(t, second, site+"/style.css")
	cookie := Cookies(t, second, site)["kit"]
	if cookie == nil || !cookie.HTTPOnly || cookie.SameSite != network.CookieSameSiteLax {
		t.Errorf("cookie in the second tab: got %+v, want the first tab's", cookie)
	}
	if got := Cookies(t, Browser(t), site); len(got) != 0 {
		t.Errorf("a new browser has %d cookies, want none", len(got))
	}
}

func TestBrowserLooksAsAsked(t *testing.T) {
	dir := t.TempDir()
	t.Setenv(EnvScreenshots, dir)
	site := kitServer(t)
	for _, row := range []struct {
		name    string
		options []BrowserOption
		width   int
		black   bool
	}{
		{"plain", nil, 1280, false},
		{"narrow-dark", []BrowserOption{Viewport(390, 844), Dark()}, 390, true},
	} {
		ctx := Browser(t, row.options...)
		Open(t, ctx, site+"/")
		if got := Eval[int](t, ctx, "Promise.resolve(innerWidth)"); got != row.width {
			t.Errorf("%s: page width %d, want %d", row.name, got, row.width)
		}
		Screenshot(t, ctx, row.name)
		file, err := os.ReadFile(filepath.Join(dir, row.name+".png"))
		if err != nil {
			t.Fatal(err)
		}
		picture, err := png.Decode(bytes.NewReader(file))
		if err != nil {
			t.Fatal(err)
		}
		if got := picture.Bounds().Dx(); got != row.width {
			t.Errorf("%s: picture width %d, want %d", row.name, got, row.width)
		}
		corner := picture.Bounds().Max
		if r, _, _, _ := picture.At(corner.X-1, corner.Y-1).RGBA(); (r == 0) != row.black {
			t.Errorf("%s: background has red %d, want black: %v", row.name, r, row.black)
		}
	}
}

func TestPageProblemsAreHeardWithoutLooking(t *testing.T) {
	t.Parallel()
	site, ctx := kitServer(t), Browser(t, AllowPageProblems())
	var heard problems // beside those that Browser keeps
	if err := chromedp.Listen(ctx, heard.hear); err != nil {
		t.Fatal(err)
	}
	Open(t, ctx, site+"/")
	if got := heard.all(); len(got) != 0 {
		t.Errorf("a good page: got %q, want silence", got)
	}
	Open(t, ctx, site+"/bad")
	for _, want := range []string{"nothingHere is not defined", "security: ", "http://192.0.2.1/pixel.png"} {
		if !slices.ContainsFunc(heard.all(), func(s string) bool { return strings.Contains(s, want) }) {
			t.Errorf("a bad page: got %q, want one to contain %q", heard.all(), want)
		}
	}
}

func TestOnlyLoopbackIsLocal(t *testing.T) {
	t.Parallel()
	for address, want := range map[string]bool{
		"http://localhost:8080/x":          true,
		"http://app.localhost/":            true,
		"http://127.0.0.1:1/":              true,
		"http://[::1]:1/":                  true,
		"data:,":                           true,
		"about:blank":                      true,
		"https://cdn.example/x.js":         false,
		"http://localhost.evil.example/":   false,
		"wss://192.0.2.1/":                 false,
		"http://127.0.0.1.evil.example/":   false,
		"http://user@evil.example:80/%zz?": false,
	} {
		if got := isLocal(address); got != want {
			t.Errorf("isLocal(%q) = %v, want %v", address, got, want)
		}
	}
}

// fakeTB records how a test was ended.
type fakeTB struct {
	testing.TB
	verdict string
}

func (f *fakeTB) Helper() {}

func (f *fakeTB) Skip(...any) { f.verdict = "skip"; runtime.Goexit() }

func (f *fakeTB) Fatal(...any) { f.verdict = "fail"; runtime.Goexit() }

func TestMissingBrowserSkipsLocallyAndFailsInCI(t *testing.T) {
	for ci, want := range map[string]string{"": "skip", "false": "skip", "true": "fail", "1": "fail"} {
		t.Setenv("CI", ci)
		var f fakeTB
		done := make(chan struct{})
		go func() {
			defer close(done)
			missing(&f, "no browser")
		}()
		<-done
		if f.verdict != want {
			t.Errorf("CI=%q: got %q, want %q", ci, f.verdict, want)
		}
	}
}
