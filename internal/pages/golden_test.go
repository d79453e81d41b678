package pages

import (
	"flag"
	"io"
	"maps"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"testing"

	"github.com/daypass/daypass/internal/i18n"

	"github.com/google/go-cmp/cmp"

	"github.com/daypass/daypass/internal/auth"
	"github.com/daypass/daypass/internal/authorize"
)

var update = flag.Bool("update", false, "write the golden files anew")

var fingerprint = regexp.MustCompile(`(/assets/[a-z-]+)\.[\w-]{12}\.`)

// everyPage renders each page in each standing.
func everyPage(t *testing.T) map[string]*httptest.ResponseRecorder { return everyPageIn(t, "en") }

func everyPageIn(t *testing.T, language string) map[string]*httptest.ResponseRecorder {
	t.Helper()
	all := map[string]*httptest.ResponseRecorder{}
	speaks := func(_ *Config, f *fake) { f.accept = language }
	stranger, owner, wrong := newSite(t, speaks), newSite(t, speaks), newSite(t, speaks)
	owner.loggedIn = true
	for name, path := range map[string]string{"landing": "/", "login": "/login", "signup": "/signup", "demo": "/demo", "logout": "/logout", "not-found": "/nowhere"} {
		all[name] = stranger.get(path)
	}
	for name, path := range map[string]string{"landing-in": "/", "logout-in": "/logout", "account": "/account", "password": "/account/password", "demo-in": "/demo"} {
		all[name] = owner.get(path)
	}
	form := url.Values{"username": {"ann@example.com"}, "password": {"not the password"}}
	wrong.err = auth.ErrCredentials
	all["login-wrong"] = wrong.post("/login", form)
	wrong.err = &auth.WeakPassword{Rule: auth.PasswordCommon}
	all["signup-weak"] = wrong.post("/signup", form)
	weak := newSite(t, speaks)
	weak.loggedIn, weak.err = true, auth.ErrCredentials
	all["password-wrong"] = weak.post("/account/password", url.Values{"password": {"guess"}, "new_password": {"another one"}})
	all["session-ended"] = owner.post("/account/sessions/end", url.Values{"session": {idOf(3).String()}})
	return all
}

func TestPagesAreWhatTheGoldenFilesSay(t *testing.T) {
	t.Parallel()
	compareGolden(t, everyPage(t), "testdata")
}

func TestGermanPagesAreWhatTheGoldenFilesSay(t *testing.T) {
	t.Parallel()
	all := everyPageIn(t, "de")
	delete(all, "demo") // it speaks English alone
	delete(all, "demo-in")
	maps.Copy(all, flowPages(t, "de"))
	compareGolden(t, all, filepath.Join("testdata", "de"))
}

// flowPages are those of an authorization request, and of a log-out that an application begins.
func flowPages(t *testing.T, language string) map[string]*httptest.ResponseRecorder {
	t.Helper()
	all := map[string]*httptest.ResponseRecorder{}
	for name, step := range map[string]authorize.Kind{"consent": authorize.Consent, "choose": authorize.Choose, "login": authorize.Login} {
		s, f := newFlowSite(t, step)
		s.loggedIn, s.accept, f.locales = step != authorize.Login, "en", []string{language}
		all[name+"-for-an-application"] = s.get("/" + name + "?interaction=open")
		if step == authorize.Consent {
			all["continue"] = s.get("/continue?interaction=open")
			all["apps"] = s.post("/account/apps/take-back?ui_locales="+language, url.Values{"client": {"app"}})
			all["over"] = s.get("/consent?interaction=forged&ui_locales=" + language)
			all["email"] = s.get("/account/email?ui_locales=" + language)
			s.pending = "new@example.com"
			all["code"] = s.get("/account/email/code?ui_locales=" + language)
		}
	}
	return all
}

func compareGolden(t *testing.T, pages map[string]*httptest.ResponseRecorder, dir string) {
	t.Helper()
	for name, reply := range pages {
		got := fingerprint.ReplaceAllString(reply.Body.String(), "$1.HASH.")
		file := filepath.Join(dir, name+".html")
		if *update {
			if err := os.WriteFile(file, []byte(got), 0o600); err != nil {
				t.Fatal(err)
			}
			continue
		}
		want, err := os.ReadFile(file)
		if err != nil {
			t.Fatalf("%v (go test ./internal/pages -update writes it)", err)
		}
		if diff := cmp.Diff(string(want), got); diff != "" {
			t.Errorf("%s differs (-want +got; -update accepts it):\n%s", name, diff)
		}
	}
}

// A language is parsed when it is first read, so that a fault in it would show to a visitor alone: every page of each is tried here.
func TestEveryLanguageIsWhole(t *testing.T) {
	t.Parallel()
	loaded, err := loadAssets(embedded)
	if err != nil {
		t.Fatal(err)
	}
	catalogues, err := i18n.Load(embedded, "messages", baseLanguage)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range catalogues.All() {
		e, err := newEdition(c, embedded, loaded)
		if err != nil {
			t.Fatalf("%s: %v", c.Language(), err)
		}
		for name, data := range samples() {
			if name == onlyBase && c.Language() != baseLanguage {
				continue
			}
			v := view{Name: name, SignedIn: true, Data: data}
			if err := e.templates[name].ExecuteTemplate(io.Discard, "layout", v); err != nil {
				t.Errorf("%s in %s: %v", name, c.Language(), err)
			}
		}
	}
}
