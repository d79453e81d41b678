package pages

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"net/http"
	"net/http/httptest"
	"net/url"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/daypass/daypass/internal/auth"
	"github.com/daypass/daypass/internal/authorize"
	"github.com/daypass/daypass/internal/i18n"
	"github.com/daypass/daypass/oauth"
)

// TestEveryMessageIsUsedAndThere fails when a template or a handler means a message that no catalogue has, or a catalogue
// has one that nobody means. That the catalogues have the same ones is what i18n.Load sees to.
func TestEveryMessageIsUsedAndThere(t *testing.T) {
	t.Parallel()
	for _, complaint := range judgeMessages(t, embedded) {
		t.Error(complaint)
	}
}

// TestEveryMessageCanFail proves that the judge above sees what is wrong.
func TestEveryMessageCanFail(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		spoil func(fstest.MapFS)
		want  string
	}{
		"nobody means it": {func(m fstest.MapFS) {
			for _, tag := range []string{"en", "de"} {
				m["messages/"+tag+".yaml"].Data = append(m["messages/"+tag+".yaml"].Data, "unused: {text: \"x\"}\n"...)
			}
		}, "unused.text is used nowhere"},
		"not there":               {func(m fstest.MapFS) { m["templates/login.html"].Data = []byte(`{{t "login.gone"}}`) }, "login.gone is in no catalogue"},
		"missing in one language": {func(m fstest.MapFS) { replace(m, "messages/de.yaml", "  looking:", "  looked:") }, "login.looking: is missing"},
		"another placeholder":     {func(m fstest.MapFS) { replace(m, "messages/de.yaml", "{email}", "{mail}") }, "has the placeholders"},
	} {
		files := copyOf(t)
		tc.spoil(files)
		if got := judgeMessages(t, files); !slices.ContainsFunc(got, func(s string) bool { return strings.Contains(s, tc.want) }) {
			t.Errorf("%s: got %q, want %q", name, got, tc.want)
		}
	}
}

func replace(m fstest.MapFS, name, from, to string) {
	m[name].Data = []byte(strings.ReplaceAll(string(m[name].Data), from, to))
}

var calls = regexp.MustCompile(`\bt "([^"]+)"`)

func judgeMessages(t *testing.T, files fs.FS) (complaints []string) {
	t.Helper()
	catalogues, err := i18n.Load(files, "messages", baseLanguage)
	if err != nil {
		return []string{err.Error()}
	}
	used, keys := map[string]bool{}, catalogues.Base().Keys()
	names, err := fs.Glob(files, "templates/*.html")
	if err != nil || len(names) == 0 {
		t.Fatalf("templates: %v, %v", names, err)
	}
	for _, name := range names {
		body, err := fs.ReadFile(files, name)
		if err != nil {
			t.Fatal(err)
		}
		for _, call := range calls.FindAllStringSubmatch(string(body), -1) {
			used[call[1]] = true
		}
	}
	said := saidInGo(t, keys, used)
	if said < 50 {
		t.Fatalf("found %d messages in the handlers: the search is broken", said)
	}
	for key := range used {
		if !slices.Contains(keys, key) {
			complaints = append(complaints, key+" is in no catalogue")
		}
	}
	for _, key := range keys {
		if !used[key] {
			complaints = append(complaints, key+" is used nowhere")
		}
	}
	return complaints
}

// saidInGo adds the first argument of every i18n.Say, and every other text that is a key.
func saidInGo(t *testing.T, keys []string, used map[string]bool) (n int) {
	t.Helper()
	names, err := filepath.Glob("*.go")
	if err != nil {
		t.Fatal(err)
	}
	text := func(e ast.Expr) string {
		if lit, ok := e.(*ast.BasicLit); ok && lit.Kind == token.STRING {
			if s, err := strconv.Unquote(lit.Value); err == nil {
				return s
			}
		}
		return ""
	}
	for _, name := range names {
		if strings.HasSuffix(name, "_test.go") {
			continue
		}
		file, err := parser.ParseFile(token.NewFileSet(), name, nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		ast.Inspect(file, func(node ast.Node) bool {
			switch x := node.(type) {
			case *ast.CallExpr:
				if f, ok := x.Fun.(*ast.SelectorExpr); ok && f.Sel.Name == "Say" && len(x.Args) > 0 {
					if key := text(x.Args[0]); key != "" {
						used[key] = true
						n++
					}
				}
			case *ast.BasicLit:
				if s := text(x); slices.Contains(keys, s) {
					used[s] = true
				}
			}
			return true
		})
	}
	return n
}

// spoken asks for a page and returns its language, after it has checked that the page says the same everywhere.
func spoken(t *testing.T, reply *httptest.ResponseRecorder) string {
	t.Helper()
	tag := reply.Header().Get("Content-Language")
	if !strings.Contains(reply.Body.String(), `<html lang="`+tag+`">`) {
		t.Errorf("Content-Language is %q, and the page says otherwise\n%s", tag, reply.Body)
	}
	if !slices.Contains(reply.Header().Values("Vary"), "Accept-Language") || reply.Header().Get("Cache-Control") != "no-store" {
		t.Errorf("Vary %q, Cache-Control %q", reply.Header().Values("Vary"), reply.Header().Get("Cache-Control"))
	}
	return tag
}

func TestAPageSpeaksTheLanguageOfItsReader(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		path             string
		asked            []string // ui_locales of the request that waits
		own, accept      string
		want, wantInside string
	}{
		"a stranger":                  {path: "/login", want: "en", wantInside: "Sign in"},
		"the browser's":               {path: "/login", accept: "de-AT, en;q=0.5", want: "de", wantInside: "Anmelden"},
		"the user's":                  {path: "/account", own: "de-CH", accept: "en", want: "de", wantInside: "Ihr Konto"},
		"the application's":           {path: "/login?interaction=open", asked: []string{"de"}, own: "en", accept: "en", want: "de", wantInside: "Anmelden"},
		"of those that are there":     {path: "/login?interaction=open", asked: []string{"fr", "de", "en"}, want: "de", wantInside: "Passwort"},
		"unknown ones are ignored":    {path: "/login?interaction=open", asked: []string{"fr", "x"}, accept: "de", want: "de", wantInside: "Passwort"},
		"sign-up for an application":  {path: "/signup?interaction=open", asked: []string{"de"}, want: "de", wantInside: "Konto anlegen"},
		"consent":                     {path: "/consent?interaction=open", asked: []string{"de"}, want: "de", wantInside: "zulassen?"},
		"on the way back":             {path: "/continue?interaction=open", asked: []string{"de"}, want: "de", wantInside: "Es geht weiter zu"},
		"the log-out":                 {path: "/logout?ui_locales=de", want: "de", wantInside: "Abmelden?"},
		"a page that is over":         {path: "/login?interaction=forged", own: "de", accept: "de", want: "de", wantInside: "abgelaufen"},
		"what an endpoint refuses":    {path: "/nowhere?ui_locales=fr+de", accept: "en", want: "de", wantInside: "Diese Seite gibt es nicht"},
		"an error after the session":  {path: "/account?x", own: "de", want: "de", wantInside: "Da ging etwas schief"},
		"the demo speaks one alone":   {path: "/demo", own: "de", accept: "de", want: "en", wantInside: "One log-in, two tokens."},
		"markup instead of a tag":     {path: "/login?interaction=open", asked: []string{`"><script>`}, accept: "de", want: "de", wantInside: "Anmelden"},
		"markup in the address of it": {path: "/logout?ui_locales=" + url.QueryEscape(canary), accept: "de", want: "de", wantInside: "Abmelden?"},
	} {
		s, f := newFlowSite(t, authorize.Consent)
		s.loggedIn, s.locale, f.locales = true, tc.own, tc.asked
		if name == "an error after the session" {
			s.listErr = http.ErrAbortHandler
		}
		r := httptest.NewRequest(http.MethodGet, tc.path, http.NoBody)
		if tc.accept != "" {
			r.Header.Set("Accept-Language", tc.accept)
		}
		reply := s.do(r)
		if got := spoken(t, reply); got != tc.want || !strings.Contains(reply.Body.String(), tc.wantInside) {
			t.Errorf("%s: got %s, want %s with %q\n%s", name, got, tc.want, tc.wantInside, reply.Body)
		}
		if strings.Contains(reply.Body.String(), "<script>") {
			t.Errorf("%s: the canary came through as markup", name)
		}
	}
}

// The form is refused in the language in which it was shown, and the log-out ends in the one in which it began.
func TestALanguageStaysThroughAForm(t *testing.T) {
	t.Parallel()
	s, f := newFlowSite(t, authorize.Login)
	f.locales, s.err = []string{"de"}, &auth.WeakPassword{Rule: auth.PasswordTooShort, Limit: 15, Reason: "too short"}
	reply := s.post("/signup", url.Values{"username": {"ann@example.com"}, "password": {"x"}, "interaction": {"open"}})
	if got := spoken(t, reply); got != "de" || !strings.Contains(reply.Body.String(), "braucht mindestens 15 Zeichen") {
		t.Errorf("a weak password: got %s\n%s", got, reply.Body)
	}
	s.loggedIn = true
	w := httptest.NewRecorder()
	r := httptest.NewRequest(http.MethodGet, "/oauth/logout", http.NoBody)
	r.AddCookie(&http.Cookie{Name: "daypass-session", Value: sessionValue})
	s.pages.Exit(w, r, authorize.Exit{Client: auth.Client{ID: "app", Name: "App"}, Locales: []string{"fr", "de"}}, false)
	if got := spoken(t, w); got != "de" || !strings.Contains(w.Body.String(), `action="/logout?ui_locales=fr%20de"`) {
		t.Errorf("the log-out of a client: got %s\n%s", got, w.Body)
	}
	if got := s.post("/logout?ui_locales=fr%20de", nil).Header().Get("Location"); got != "/logout?ui_locales=fr+de" {
		t.Errorf("signed out: led to %q", got)
	}
	w = httptest.NewRecorder()
	s.pages.FormPost(w, httptest.NewRequest(http.MethodGet, "/", http.NoBody), authorize.Answer{RedirectURI: "https://app.example/cb", Mode: oauth.ModeFormPost, Locales: []string{"de"}})
	if got := spoken(t, w); got != "de" || !strings.Contains(w.Body.String(), "Einen Moment") {
		t.Errorf("by POST: got %s\n%s", got, w.Body)
	}
	w = httptest.NewRecorder()
	s.pages.Error(w, httptest.NewRequest(http.MethodGet, "/oauth/authorize?ui_locales=de", http.NoBody), Fault{Status: 400, Reason: Mistake, Detail: "<b>PKCE</b> is required"})
	if got := spoken(t, w); got != "de" || !strings.Contains(w.Body.String(), `hat einen Fehler gemacht: „<span lang="en">&lt;b&gt;PKCE&lt;/b&gt; is required</span>“.`) {
		t.Errorf("a mistake of the application: got %s\n%s", got, w.Body)
	}
}

// The words of the configuration are in the reader's language where it has them.
func TestScopesInTheWordsOfTheConfiguration(t *testing.T) {
	t.Parallel()
	s, f := newFlowSite(t, authorize.Consent)
	s.loggedIn, f.locales = true, []string{"de"}
	body := s.get("/consent?interaction=open").Body.String()
	for _, want := range []string{"<li>E-Mail</li>", `<li><span lang="en">Pay up to 10 €</span></li>`, "<li>Ihre Telefonnummer sehen</li>", "Die Berechtigung <code>write:&lt;x&gt;</code> nutzen"} {
		if !strings.Contains(body, want) {
			t.Errorf("the page lacks %s\n%s", want, body)
		}
	}
}

// TestAThirdLanguageIsAFileMore adds one as a translator would, and changes nothing else.
func TestAThirdLanguageIsAFileMore(t *testing.T) {
	t.Parallel()
	files := copyOf(t)
	body := strings.ReplaceAll(string(files["messages/en.yaml"].Data), `title: "Sign in"`, `title: "Se connecter"`)
	files["messages/fr.yaml"] = file(body)
	s := newSite(t)
	p, err := newFrom(s.pages.cfg, files)
	if err != nil {
		t.Fatal(err)
	}
	if got, want := p.Languages(), []string{"en", "de", "fr"}; !slices.Equal(got, want) {
		t.Errorf("languages: got %v, want %v", got, want)
	}
	w := httptest.NewRecorder()
	r := httptest.NewRequest(http.MethodGet, "/login", http.NoBody)
	r.Header.Set("Accept-Language", "fr-CA")
	p.askLogin(w, r)
	if got := spoken(t, w); got != "fr" || !strings.Contains(w.Body.String(), "<h1>Se connecter</h1>") {
		t.Errorf("got %s\n%s", got, w.Body)
	}
	replace(files, "messages/fr.yaml", "  looking:", "  looked:")
	if _, err := newFrom(s.pages.cfg, files); err == nil {
		t.Error("a catalogue without a message: New succeeded, want an error")
	}
}

// What the packages below tell by a name has words in every language.
func TestNamesFromBelowHaveWords(t *testing.T) {
	t.Parallel()
	german := newSite(t).pages.catalogues.Pick("de")
	for _, tc := range []struct {
		said *i18n.Message
		want string
	}{
		{weakness(&auth.WeakPassword{Rule: auth.PasswordIsNoText}), "Das Passwort muss aus Text bestehen."},
		{weakness(&auth.WeakPassword{Rule: auth.PasswordTooLong, Limit: 1024}), "Das Passwort ist länger als 1024 Bytes."},
		{weakness(&auth.WeakPassword{Rule: auth.PasswordRepeats}), "Das Passwort wiederholt nur wenige Zeichen; ein paar Wörter ohne Zusammenhang sind gut geeignet."},
		{weakness(&auth.WeakPassword{Rule: auth.PasswordObvious}), "Das Passwort darf nicht die E-Mail-Adresse oder der Name dieses Dienstes mit wenig mehr sein."},
		{weakness(&auth.WeakPassword{Reason: "A rule of its own."}), `<span lang="en">A rule of its own.</span>`},
		{device("Mozilla/5.0 (Linux) something of its own"), "Browser auf Linux"},
		{device("Go-http-client/2.0"), "Go-Programm"},
		{device("okhttp/5.1.0"), "Android-App"},
		{device("curl/8.5.0"), "curl"},
		{device(canary), "Unbekanntes Gerät"},
		{proof([]string{"hwk", "otp"}), "einem Sicherheitsschlüssel und einem Einmalcode"},
		{span(90 * time.Minute), "90 Minuten"},
		{span(time.Second), "eine Sekunde"},
		{ago(testNow.Add(-26*time.Hour), testNow), "vor 1 Tag"},
		{ago(testNow.AddDate(0, -8, 0), testNow), "am 23. März 2026"},
	} {
		if got, err := german.Say(tc.said); err != nil || fmt.Sprint(got) != tc.want {
			t.Errorf("got %v, %v, want %s", got, err, tc.want)
		}
	}
}
