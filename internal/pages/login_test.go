package pages

import (
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/daypass/daypass/internal/auth"
)

func TestLogInSetsThreeCookiesAndGoesToTheFixedLanding(t *testing.T) {
	t.Parallel()
	for _, path := range []string{"/login", "/signup"} {
		s := newSite(t)
		target := path + "?next=https://evil.example/&return_to=//evil.example"
		reply := s.post(target, url.Values{"username": {"ann@example.com"}, "password": {"pw"}, "next": {"https://evil.example/"}})
		if got := reply.Header().Get("Location"); reply.Code != http.StatusSeeOther || got != "/account" {
			t.Errorf("%s: got %d to %q, want 303 to /account", path, reply.Code, got)
		}
		cookies := map[string]*http.Cookie{}
		for _, c := range reply.Result().Cookies() {
			cookies[c.Name] = c
		}
		for name, want := range map[string]string{"daypass-access": "access-token", "daypass-refresh": "refresh-token", "daypass-session": sessionValue} {
			c := cookies[name]
			if c == nil || c.Value != want || !c.HttpOnly || c.SameSite != http.SameSiteLaxMode || c.MaxAge != 24*60*60 {
				t.Errorf("%s: cookie %s: got %+v", path, name, c)
			}
		}
		if c := cookies["daypass-device"]; len(cookies) != 4 || c == nil || c.Value != "dpd_device" || !c.HttpOnly || c.MaxAge != 400*24*60*60 {
			t.Errorf("%s: the device cookie: got %+v", path, c)
		}
		if s.asked.New != (path == "/signup") {
			t.Errorf("%s: the use case was asked for a new user: %v", path, s.asked.New)
		}
	}
}

func TestOutcomesOfLogInAndSignUp(t *testing.T) {
	t.Parallel()
	cause := errors.New("pq: relation users does not exist")
	for _, c := range []struct {
		path   string
		err    error
		status int
		text   string
	}{
		{"/login", auth.ErrCredentials, 401, "Email or password is not right."},
		{"/login", auth.ErrEmail, 401, "Email or password is not right."},
		{"/login", auth.ErrBusy, 503, "Try again in a moment"},
		{"/login", &auth.Throttled{Wait: 4 * time.Second}, 429, "Wait 4 seconds and try again"},
		{"/signup", &auth.Throttled{Wait: 30 * time.Second}, 429, "Wait 30 seconds and try again"},
		{"/login", cause, 500, "internal"},
		{"/signup", auth.ErrEmail, 422, "does not look like an email address"},
		{"/signup", auth.ErrEmailTaken, 409, "cannot be used for a new account"},
		{"/signup", &auth.WeakPassword{Reason: "Too common."}, 422, "Too common."},
		{"/signup", auth.ErrWeakPassword, 422, "Choose another one"},
		{"/signup", auth.ErrBusy, 503, "Try again in a moment"},
	} {
		s := newSite(t)
		s.err = c.err
		reply := s.post(c.path, url.Values{"username": {"ann@example.com"}, "password": {"pw"}})
		body := reply.Body.String()
		if reply.Code != c.status || !strings.Contains(body, c.text) {
			t.Errorf("%s with %v: got %d, want %d with %q", c.path, c.err, reply.Code, c.status, c.text)
		}
		if len(reply.Result().Cookies()) != 0 || strings.Contains(body, "pq:") {
			t.Errorf("%s with %v: sets cookies or tells the cause", c.path, c.err)
		}
		if c.status != 500 && (!strings.Contains(body, `value="ann@example.com"`) || !strings.Contains(body, `aria-live="assertive"`)) {
			t.Errorf("%s with %v: the email is not kept or the outcome is not announced", c.path, c.err)
		}
		if want := map[int]string{429: map[string]string{"/login": "4", "/signup": "30"}[c.path], 503: "5"}[c.status]; reply.Header().Get("Retry-After") != want {
			t.Errorf("%s with %v: Retry-After is %q", c.path, c.err, reply.Header().Get("Retry-After"))
		}
	}
}

func TestLogOutAsksFirstAndThenClears(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	s.loggedIn = true
	if reply := s.get("/logout"); s.out || len(reply.Result().Cookies()) != 0 || !strings.Contains(reply.Body.String(), `id="logout-confirm"`) {
		t.Error("GET /logout must ask and change nothing")
	}
	reply := s.post("/logout", nil)
	if !s.out || reply.Code != http.StatusSeeOther || reply.Header().Get("Location") != "/logout" {
		t.Errorf("POST: got %d to %q, ended %v", reply.Code, reply.Header().Get("Location"), s.out)
	}
	cleared := 0
	for _, c := range reply.Result().Cookies() {
		if c.MaxAge < 0 && c.Value == "" {
			cleared++
		}
	}
	if cleared != 3 {
		t.Errorf("got %d cookies cleared, want 3", cleared)
	}
}

func TestTwoSessionCookiesAreRefusedAndNotClearedByAGet(t *testing.T) {
	t.Parallel()
	for _, path := range []string{"/", "/login", "/account", "/logout", "/demo"} {
		s := newSite(t)
		s.loggedIn = true
		r := newGet(path)
		r.AddCookie(&http.Cookie{Name: "daypass-session", Value: "planted"})
		if reply := s.do(r); reply.Code != http.StatusBadRequest || !strings.Contains(reply.Body.String(), "duplicate_cookie") {
			t.Errorf("%s: got %d, want 400 duplicate_cookie", path, reply.Code)
		}
	}
}

func TestLogInTellsWhichBrowserItIsAndWhichSessionItReplaces(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	r := httptest.NewRequest(http.MethodPost, "/login", strings.NewReader("username=ann%40example.com&password=pw"))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	r.AddCookie(&http.Cookie{Name: "daypass-device", Value: "dpd_known"})
	r.AddCookie(&http.Cookie{Name: "daypass-session", Value: "the-session-before"})
	if reply := s.do(r); reply.Code != http.StatusSeeOther {
		t.Fatalf("got %d", reply.Code)
	}
	if s.asked.Device.Reveal() != "dpd_known" || s.asked.Replaces.Reveal() != "the-session-before" {
		t.Error("the use case was not told")
	}
	r.AddCookie(&http.Cookie{Name: "daypass-device", Value: "dpd_planted"})
	r.Body = io.NopCloser(strings.NewReader("username=ann%40example.com&password=pw"))
	if reply := s.do(r); reply.Code != http.StatusBadRequest {
		t.Errorf("two device cookies: got %d, want 400", reply.Code)
	}
}
