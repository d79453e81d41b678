package pages

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/daypass/daypass/internal/auth"
)

func newGet(path string) *http.Request { return httptest.NewRequest(http.MethodGet, path, http.NoBody) }

func TestTheAccountIsForItsOwnerAlone(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	for _, reply := range []*httptest.ResponseRecorder{
		s.get("/account"), s.get("/account/password"), s.post("/account/sessions/end", url.Values{"session": {idOf(3).String()}}),
		s.post("/account/sessions/end-others", nil), s.post("/account/sessions/end-all", nil),
		s.post("/account/password", url.Values{"password": {"old"}, "new_password": {"new"}}),
	} {
		if reply.Code != http.StatusSeeOther || reply.Header().Get("Location") != "/login" {
			t.Errorf("a stranger: got %d to %q, want 303 to /login", reply.Code, reply.Header().Get("Location"))
		}
	}
	if len(s.ended) != 0 || len(s.kept) != 0 || !s.change.User.IsZero() {
		t.Errorf("a stranger ended %v, all but %v, changed the password of %v", s.ended, s.kept, s.change.User)
	}
}

func TestAllOtherSessionsEndAndTheCurrentOneStays(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	s.loggedIn = true
	reply := s.post("/account/sessions/end-others", nil)
	if reply.Code != http.StatusOK || !strings.Contains(reply.Body.String(), "All other sessions have ended") || len(reply.Result().Cookies()) != 0 {
		t.Errorf("got %d with %d cookies", reply.Code, len(reply.Result().Cookies()))
	}
	if want := []auth.ID{idOf(2)}; !slices.Equal(s.kept, want) {
		t.Errorf("kept %v, want the current session %v", s.kept, want)
	}
}

func TestSignOutEverywhereIsALogOutOfThisBrowserToo(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	s.loggedIn = true
	reply := s.post("/account/sessions/end-all", nil)
	if reply.Code != http.StatusSeeOther || reply.Header().Get("Location") != "/logout" || !slices.Equal(s.kept, []auth.ID{{}}) {
		t.Errorf("got %d to %q, kept %v", reply.Code, reply.Header().Get("Location"), s.kept)
	}
	if cookies := reply.Result().Cookies(); len(cookies) != 3 || cookies[0].MaxAge >= 0 {
		t.Errorf("cookies %v, want the three credentials cleared", cookies)
	}
}

func TestEndOfTheCurrentSessionIsALogOut(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	s.loggedIn = true
	reply := s.post("/account/sessions/end", url.Values{"session": {idOf(2).String()}})
	if reply.Code != http.StatusSeeOther || reply.Header().Get("Location") != "/logout" || !slices.Equal(s.ended, []auth.ID{idOf(2)}) {
		t.Errorf("got %d to %q, ended %v", reply.Code, reply.Header().Get("Location"), s.ended)
	}
	if cookies := reply.Result().Cookies(); len(cookies) != 3 || cookies[0].MaxAge >= 0 {
		t.Errorf("cookies %v, want the three credentials cleared", cookies)
	}
}

func TestSessionThatEndsMeanwhileLeadsToTheLogIn(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	s.loggedIn, s.err = true, auth.ErrSessionOver
	for _, path := range []string{"/account/password", "/account/email"} {
		reply := s.post(path, url.Values{"password": {"x"}, "new_password": {"y"}, "new_email": {"z@example.com"}})
		if reply.Code != http.StatusSeeOther || reply.Header().Get("Location") != "/login" {
			t.Errorf("%s: got %d to %q, want /login", path, reply.Code, reply.Header().Get("Location"))
		}
	}
}

func TestProofsInWords(t *testing.T) {
	t.Parallel()
	for want, amr := range map[string][]string{
		"": nil, "a password": {"pwd"}, "a password and a one-time code": {"pwd", "otp", "mfa"}, "a passkey": {"unheard-of", "swk"},
	} {
		if got := inEnglish(t, proof(amr)); got != want {
			t.Errorf("%v: got %q, want %q", amr, got, want)
		}
	}
}

func TestASessionIsEndedByItsOwnerOnce(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	s.loggedIn = true
	if reply := s.post("/account/sessions/end", url.Values{"session": {idOf(3).String()}}); reply.Code != 200 || !strings.Contains(reply.Body.String(), "has ended") {
		t.Errorf("own session: got %d", reply.Code)
	}
	for _, id := range []string{idOf(9).String(), "", "not-an-id", canary} {
		if reply := s.post("/account/sessions/end", url.Values{"session": {id}}); reply.Code != http.StatusNotFound {
			t.Errorf("session %q: got %d, want 404", id, reply.Code)
		}
	}
	if want := []auth.ID{idOf(3)}; !slices.Equal(s.ended, want) {
		t.Errorf("ended: got %v, want %v", s.ended, want)
	}
}

func TestAgesInWords(t *testing.T) {
	t.Parallel()
	for age, want := range map[time.Duration]string{
		-time.Second: "just now", 59 * time.Second: "just now", time.Minute: "1 minute ago", 59 * time.Minute: "59 minutes ago",
		time.Hour: "1 hour ago", 47 * time.Hour: "1 day ago", 13 * 24 * time.Hour: "13 days ago", 14 * 24 * time.Hour: "on 9 November 2026",
	} {
		if got := inEnglish(t, ago(testNow.Add(-age), testNow)); got != want {
			t.Errorf("%v: got %q, want %q", age, got, want)
		}
	}
}
