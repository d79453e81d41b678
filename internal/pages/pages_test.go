package pages

import (
	"io/fs"
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/daypass/daypass/internal/auth"
)

const canary = `"><script>alert('x')</script><img src=x onerror=alert(1)>`

func TestEveryPageHasTheStrictPolicyAndIsNeverStored(t *testing.T) {
	t.Parallel()
	want := "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; " +
		"form-action 'self'; frame-ancestors 'none'; base-uri 'none'"
	for name, reply := range everyPage(t) {
		if got := reply.Header().Get("Content-Security-Policy"); got != want {
			t.Errorf("%s: policy: got %q, want %q", name, got, want)
		}
		if got := reply.Header().Get("Cache-Control"); got != "no-store" {
			t.Errorf("%s: Cache-Control: got %q, want no-store", name, got)
		}
	}
}

func TestNoPageHasInlineScriptStyleOrForeignAddress(t *testing.T) {
	t.Parallel()
	inline := regexp.MustCompile(`(?i)<style|\sstyle=|\son[a-z]+=|javascript:|<script(?:[^>]*)>[^<]|<(?:base|iframe|object|embed)\b`)
	foreign := regexp.MustCompile(`(?i)(?:src|href|action)="(?:https?:|//)`)
	for name, reply := range everyPage(t) {
		for _, bad := range []*regexp.Regexp{inline, foreign} {
			if found := bad.FindString(reply.Body.String()); found != "" {
				t.Errorf("%s: found %q", name, found)
			}
		}
	}
}

func TestModulesNeverTurnTextIntoMarkup(t *testing.T) {
	t.Parallel()
	sinks := regexp.MustCompile(`innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\b|new Function|DOMParser|srcdoc|localStorage|document\.cookie`)
	names, err := fs.Glob(embedded, "modules/*.js")
	if err != nil || len(names) == 0 {
		t.Fatalf("modules: %v, %v", names, err)
	}
	for _, name := range names {
		body, err := fs.ReadFile(embedded, name)
		if err != nil {
			t.Fatal(err)
		}
		if found := sinks.Find(body); found != nil {
			t.Errorf("%s uses %s", name, found)
		}
	}
}

func TestReflectedTextIsEscapedEverywhere(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	s.err = auth.ErrCredentials
	form := url.Values{"username": {canary}, "password": {canary}}
	replies := map[string]*httptest.ResponseRecorder{"login": s.post("/login", form)}
	s.err = &auth.WeakPassword{Reason: canary}
	replies["signup"] = s.post("/signup", form)
	s.loggedIn, s.email = true, canary
	for _, path := range []string{"/account", "/logout", "/demo", "/login?username=" + url.QueryEscape(canary), "/" + url.PathEscape(canary)} {
		replies[path] = s.get(path)
	}
	w := httptest.NewRecorder()
	s.pages.Error(w, httptest.NewRequest(http.MethodGet, "/", http.NoBody), Fault{Status: 400, Code: canary, Parameter: canary, Reason: Mistake, Detail: canary})
	replies["error"] = w
	for name, reply := range replies {
		body := reply.Body.String()
		if strings.Contains(body, "<script>") || strings.Contains(body, "<img") {
			t.Errorf("%s: the canary came through as markup", name)
		}
	}
	if !strings.Contains(replies["login"].Body.String(), `value="&#34;&gt;&lt;script&gt;`) {
		t.Error("login: the email is not kept in the field")
	}
}

func TestThePasswordIsNeverSentBack(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	for _, err := range []error{auth.ErrCredentials, auth.ErrEmailTaken, auth.ErrBusy, auth.ErrWeakPassword, http.ErrAbortHandler} {
		s.err = err
		for _, path := range []string{"/login", "/signup"} {
			reply := s.post(path, url.Values{"username": {"ann@example.com"}, "password": {"s3cret-canary-of-ann"}})
			if strings.Contains(reply.Body.String(), "s3cret-canary") {
				t.Errorf("%s with %v: the password is in the reply", path, err)
			}
		}
	}
	if got := s.asked.Password.Reveal(); got != "s3cret-canary-of-ann" {
		t.Errorf("the use case got the password %q", got)
	}
}

func TestFormsKeepTheirFixedIDsAndOneSubmitButton(t *testing.T) {
	t.Parallel()
	all := everyPage(t)
	for name, ids := range map[string][]string{
		"login": {"username", "password"}, "login-wrong": {"username", "password"},
		"signup": {"username", "password"}, "logout-in": {"logout-confirm"}, "password": {"password", "new-password"},
	} {
		body := all[name].Body.String()
		for _, id := range ids {
			if n := strings.Count(body, ` id="`+id+`"`); n != 1 {
				t.Errorf("%s: got %d controls with id %s, want 1", name, n, id)
			}
		}
		if n := strings.Count(body, `type="submit"`); n != 1 {
			t.Errorf("%s: got %d submit buttons, want 1", name, n)
		}
	}
	login := all["login"].Body.String()
	for _, want := range []string{"<title>Sign in", "<h1>Sign in</h1>", `type="email" autocomplete="username"`, `type="password" autocomplete="current-password"`} {
		if !strings.Contains(login, want) {
			t.Errorf("login: %q is missing", want)
		}
	}
}

func TestAnErrorPageNamesCodeAndParameterAsText(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	reply := s.post("/login", url.Values{"username": {"a", "b"}})
	body := reply.Body.String()
	if reply.Code != http.StatusBadRequest || !strings.Contains(body, ">invalid_request<") || !strings.Contains(body, ">username<") {
		t.Errorf("got %d %s", reply.Code, body)
	}
}

func TestABrokenBuildStopsTheStart(t *testing.T) {
	t.Parallel()
	f := &fake{}
	good := Config{LogIn: f, Sessions: f, Passwords: f, Landing: "/account", Now: newSite(t).pages.cfg.Now}
	for name, spoil := range map[string]func(fstest.MapFS){
		"a missing page":             func(m fstest.MapFS) { delete(m, "templates/account.html") },
		"a missing layout":           func(m fstest.MapFS) { delete(m, "templates/layout.html") },
		"a page that does not parse": func(m fstest.MapFS) { m["templates/login.html"] = file(`{{define "main"}}{{end`) },
		"a page without a body":      func(m fstest.MapFS) { m["templates/login.html"] = file(`{{define "title"}}x{{end}}`) },
		"a missing stylesheet":       func(m fstest.MapFS) { deleteAll(m, "styles/") },
		"a missing image":            func(m fstest.MapFS) { delete(m, "images/mark.svg") },
		"a missing module":           func(m fstest.MapFS) { delete(m, "modules/dom.js") },
		"modules in a circle":        func(m fstest.MapFS) { m["modules/dom.js"] = file(`import x from './access.js'`) },
		"a field that is not there": func(m fstest.MapFS) {
			m["templates/demo.html"] = file(`{{define "title"}}{{end}}{{define "main"}}{{.Data.Nothing}}{{end}}`)
		},
	} {
		files := copyOf(t)
		if _, err := newFrom(good, files); err != nil {
			t.Fatalf("the files as they are: %v", err)
		}
		spoil(files)
		if _, err := newFrom(good, files); err == nil {
			t.Errorf("%s: New succeeded, want an error", name)
		}
	}
	for _, landing := range []string{"", "account", "//evil.example", "https://evil.example/"} {
		bad := good
		bad.Landing = landing
		if _, err := New(bad); err == nil {
			t.Errorf("landing %q: New succeeded, want an error", landing)
		}
	}
	if _, err := New(Config{Landing: "/"}); err == nil {
		t.Error("no use cases: New succeeded, want an error")
	}
}

func file(text string) *fstest.MapFile { return &fstest.MapFile{Data: []byte(text)} }

func copyOf(t *testing.T) fstest.MapFS {
	t.Helper()
	files := fstest.MapFS{}
	err := fs.WalkDir(embedded, ".", func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		body, err := fs.ReadFile(embedded, path)
		files[path] = &fstest.MapFile{Data: body}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return files
}

func deleteAll(m fstest.MapFS, prefix string) {
	for name := range m {
		if strings.HasPrefix(name, prefix) {
			delete(m, name)
		}
	}
}
