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

func TestAddressIsChangedInTwoSteps(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	s.loggedIn = true
	if body := s.get("/account").Body.String(); !strings.Contains(body, `href="/account/email"`) {
		t.Error("nothing leads from the account to the change of address")
	}
	if got := s.get("/account/email/code"); got.Code != http.StatusSeeOther || got.Header().Get("Location") != "/account/email" {
		t.Errorf("no address waits: got %d to %q, want the first step", got.Code, got.Header().Get("Location"))
	}
	reply := s.post("/account/email", url.Values{"username": {"x@example.com"}, "password": {"the password"}, "new_email": {"new@example.com"}})
	if reply.Code != http.StatusSeeOther || reply.Header().Get("Location") != "/account/email/code" || reply.Header().Get("Cache-Control") != "no-store" {
		t.Errorf("ask: got %d to %q", reply.Code, reply.Header().Get("Location"))
	}
	if a := s.move; a.User != idOf(1) || a.Session != idOf(2) || a.Password.Reveal() != "the password" || a.Email != "new@example.com" {
		t.Errorf("the use case got %v, %v, %q", a.User, a.Session, a.Email)
	}
	if c := reply.Result().Cookies(); len(c) != 1 || c[0].Name != "daypass-session" || c[0].Value != "the-renewed-value" || c[0].MaxAge != 3600 {
		t.Errorf("cookies %v, want the renewed SSO cookie until the session's end", c)
	}
	s.pending = "new@example.com"
	if body := s.get("/account/email/code").Body.String(); !strings.Contains(body, "new@example.com") || !strings.Contains(body, `id="code"`) {
		t.Error("the second step does not say where the code went, or has no field for it")
	}
	reply = s.post("/account/email/code", url.Values{"code": {"ABCD-EFGH"}})
	body := reply.Body.String()
	if reply.Code != http.StatusOK || !strings.Contains(body, "Your email address is changed.") || !strings.Contains(body, "new@example.com") || strings.Contains(body, "ann@example.com") {
		t.Errorf("confirm: got %d, %s", reply.Code, body)
	}
	if p := s.proof; p.User != idOf(1) || p.Session != idOf(2) || p.Code.Reveal() != "ABCD-EFGH" {
		t.Errorf("the use case got %v, %v", p.User, p.Session)
	}
	set := map[string]string{}
	for _, c := range reply.Result().Cookies() {
		set[c.Name] = c.Value
	}
	if len(set) != 1 || set["daypass-session"] != "the-renewed-value" {
		t.Errorf("cookies %v, want the renewed SSO cookie", set)
	}
}

func TestOutcomesOfAChangeOfAddress(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		path   string
		err    error
		status int
		text   string
	}{
		{"/account/email", auth.ErrCredentials, 401, "The password is not right."},
		{"/account/email", auth.ErrEmail, 422, "does not look like an email address"},
		{"/account/email", auth.ErrEmailSame, 422, "your email address already"},
		{"/account/email", &auth.Throttled{Wait: 89 * time.Second}, 429, "Wait 89 seconds"},
		{"/account/email", auth.ErrBusy, 503, "Try again in a moment"},
		{"/account/email", errors.New("pq: the cause"), 500, "internal"},
		{"/account/email/code", auth.ErrCode, 422, "This code is not right"},
		{"/account/email/code", auth.ErrEmailTaken, 409, "cannot be used any more"},
		{"/account/email/code", &auth.Throttled{Wait: time.Minute}, 429, "Wait 60 seconds"},
		{"/account/email/code", auth.ErrNotFound, 404, "Not there any more"},
		{"/account/email/code", errors.New("pq: the cause"), 500, "internal"},
	} {
		s := newSite(t)
		s.loggedIn, s.err, s.pending = true, c.err, "new@example.com"
		reply := s.post(c.path, url.Values{"password": {"s3cret-canary"}, "new_email": {"typed@example.com"}, "code": {"s3cret-canary"}})
		body := reply.Body.String()
		if reply.Code != c.status || !strings.Contains(body, c.text) {
			t.Errorf("%s, %v: got %d, want %d with %q", c.path, c.err, reply.Code, c.status, c.text)
		}
		if len(reply.Result().Cookies()) != 0 || strings.Contains(body, "pq:") || strings.Contains(body, "s3cret-canary") {
			t.Errorf("%s, %v: sets cookies, tells the cause or sends a secret back", c.path, c.err)
		}
		if c.path == "/account/email" && c.status < 500 && !strings.Contains(body, "typed@example.com") {
			t.Errorf("%v: what was typed is lost", c.err)
		}
	}
}

func TestNobodyChangesAnAddressWhereNoMailIsSent(t *testing.T) {
	t.Parallel()
	s := newSite(t, func(c *Config, _ *fake) { c.Addresses = nil })
	s.loggedIn = true
	if strings.Contains(s.get("/account").Body.String(), "/account/email") {
		t.Error("the account leads to a page that is not there")
	}
	for _, r := range s.pages.Routes() {
		if strings.Contains(r.Pattern, "/account/email") {
			t.Errorf("%s is mounted", r.Pattern)
		}
	}
}
