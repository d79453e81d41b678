package pages

import (
	"errors"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/daypass/daypass/internal/auth"
)

func passwords(current, next string) url.Values {
	return url.Values{"username": {"somebody-else@example.com"}, "password": {current}, "new_password": {next}}
}

func TestPasswordIsChangedByWhoIsSignedInAndKnowsIt(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	s.loggedIn = true
	reply := s.post("/account/password", passwords("the old one", "the new one"))
	if reply.Code != http.StatusOK || !strings.Contains(reply.Body.String(), "Your password is changed.") {
		t.Errorf("got %d", reply.Code)
	}
	if c := s.change; c.User != idOf(1) || c.Session != idOf(2) || c.Current.Reveal() != "the old one" || c.New.Reveal() != "the new one" {
		t.Errorf("the use case got %v, %v", c.User, c.Session)
	}
	cookies := reply.Result().Cookies()
	if len(cookies) != 2 || cookies[1].Value != "dpd_renewed" || cookies[0].Name != "daypass-session" || cookies[0].Value != "the-renewed-value" || cookies[0].MaxAge != 3600 {
		t.Errorf("cookies %v, want the renewed SSO cookie until the session's end", cookies)
	}
}

func TestOutcomesOfAChangeOfPassword(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		err    error
		status int
		text   string
	}{
		{auth.ErrCredentials, 401, "The current password is not right."},
		{&auth.WeakPassword{Reason: "Too common."}, 422, "Too common."},
		{&auth.Throttled{Wait: 89 * time.Second}, 429, "Wait 89 seconds"},
		{auth.ErrBusy, 503, "Try again in a moment"},
		{errors.New("pq: the cause"), 500, "internal"},
	} {
		s := newSite(t)
		s.loggedIn, s.err = true, c.err
		reply := s.post("/account/password", passwords("s3cret-canary-old", "s3cret-canary-new"))
		body := reply.Body.String()
		if reply.Code != c.status || !strings.Contains(body, c.text) {
			t.Errorf("%v: got %d, want %d with %q", c.err, reply.Code, c.status, c.text)
		}
		if len(reply.Result().Cookies()) != 0 || strings.Contains(body, "pq:") || strings.Contains(body, "s3cret-canary") {
			t.Errorf("%v: sets cookies, tells the cause or sends a password back", c.err)
		}
		if want := map[int]string{429: "89", 503: "5"}[c.status]; reply.Header().Get("Retry-After") != want {
			t.Errorf("%v: Retry-After is %q", c.err, reply.Header().Get("Retry-After"))
		}
	}
}

func TestWaitsInWords(t *testing.T) {
	t.Parallel()
	for wait, want := range map[time.Duration]string{
		0: "a second", time.Second: "a second", 1500 * time.Millisecond: "2 seconds", 90 * time.Second: "90 seconds",
		91 * time.Second: "2 minutes", 15 * time.Minute: "15 minutes", time.Hour: "60 minutes",
	} {
		if got := inEnglish(t, span(wait)); got != want {
			t.Errorf("%v: got %q, want %q", wait, got, want)
		}
	}
}
