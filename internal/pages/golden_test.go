package pages

import (
	"flag"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/daypass/daypass/internal/auth"
)

var update = flag.Bool("update", false, "write the golden files anew")

var fingerprint = regexp.MustCompile(`(/assets/[a-z-]+)\.[\w-]{12}\.`)

// everyPage renders each page in each standing.
func everyPage(t *testing.T) map[string]*httptest.ResponseRecorder {
	t.Helper()
	all := map[string]*httptest.ResponseRecorder{}
	stranger, owner, wrong := newSite(t), newSite(t), newSite(t)
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
	wrong.err = &auth.WeakPassword{Reason: "Many people use this password."}
	all["signup-weak"] = wrong.post("/signup", form)
	weak := newSite(t)
	weak.loggedIn, weak.err = true, auth.ErrCredentials
	all["password-wrong"] = weak.post("/account/password", url.Values{"password": {"guess"}, "new_password": {"another one"}})
	all["session-ended"] = owner.post("/account/sessions/end", url.Values{"session": {idOf(3).String()}})
	return all
}

func TestPagesAreWhatTheGoldenFilesSay(t *testing.T) {
	t.Parallel()
	for name, reply := range everyPage(t) {
		got := fingerprint.ReplaceAllString(reply.Body.String(), "$1.HASH.")
		file := filepath.Join("testdata", name+".html")
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
