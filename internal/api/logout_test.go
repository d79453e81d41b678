package api_test

import (
	"net/http"
	"testing"
	"time"

	"github.com/daypass/daypass/internal/auth"
	"github.com/daypass/daypass/internal/httpkit"
	"github.com/daypass/daypass/internal/secret"
)

func (w *world) grantOf(refresh string) auth.ID {
	w.t.Helper()
	in, err := w.grants.Inspect(w.t.Context(), secret.FromString(refresh))
	w.check(err)
	return in.Facts.Grant.ID
}

func TestLogOutInTokenModeEndsTheSessionOfItsToken(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for _, c := range []struct {
		name string
		out  func(access, refresh string) reply
	}{
		{"bearer", func(access, _ string) reply { return w.do("POST", "/v1/logout", "", bearer(access)) }},
		{"refresh token", func(_, refresh string) reply { return w.do("POST", "/v1/logout", refreshBody(refresh)) }},
		{"expired bearer with its refresh token", func(access, refresh string) reply {
			w.clock.advance(time.Hour)
			return w.do("POST", "/v1/logout", refreshBody(refresh), bearer(access))
		}},
	} {
		_, bystander := w.program()
		access, refresh := w.program()
		r := c.out(access, refresh)
		if r.want(c.name, http.StatusNoContent, ""); len(r.header["Set-Cookie"]) != 0 || r.raw != "" {
			t.Errorf("%s: got %v %q", c.name, r.header["Set-Cookie"], r.raw)
		}
		w.do("GET", "/v1/me", "", bearer(access)).want(c.name+": access token", http.StatusUnauthorized, httpkit.CodeUnauthenticated)
		w.do("POST", "/v1/refresh", refreshBody(refresh)).want(c.name+": refresh token", http.StatusUnauthorized, httpkit.CodeInvalidGrant)
		if v := w.verdict(bystander); v != auth.Current {
			t.Errorf("%s: another session was ended: %s", c.name, v)
		}
	}
}

func TestLogOutInCookieModeEndsTheSessionOfAnyCookieAndClearsAll(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for _, name := range []string{"daypass-access", "daypass-refresh", "daypass-session"} {
		j := w.browser()
		r := w.do("POST", "/v1/logout", "", cookie(name, j[name]), header("Origin", issuer))
		r.want(name, http.StatusNoContent, "")
		if len(r.cookies) != 3 {
			t.Errorf("%s: %d cookies, want 3 cleared", name, len(r.cookies))
		}
		for _, c := range r.cookies {
			if c.MaxAge != -1 || c.Value != "" || (c.Path != "/v1") == (c.Name == "daypass-refresh") {
				t.Errorf("%s: %s is not cleared", name, c.Raw)
			}
		}
		w.do("POST", "/v1/refresh", "", j.all).want(name+": refresh", http.StatusUnauthorized, httpkit.CodeInvalidGrant)
		w.do("GET", "/v1/verify", "", j.all).want(name+": verify", http.StatusUnauthorized, httpkit.CodeUnauthenticated)
	}
}

func TestLogOutWithoutACredentialIs204(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	if r := w.do("POST", "/v1/logout", ""); r.status != http.StatusNoContent || len(r.cookies) != 0 {
		t.Errorf("a program: got %d and %d cookies, want 204 and none", r.status, len(r.cookies))
	}
	for name, extra := range map[string]with{"a browser": header("Origin", issuer), "garbage": jar{"daypass-access": "x", "daypass-refresh": "y", "daypass-session": "z"}.all} {
		if r := w.do("POST", "/v1/logout", "", extra); r.status != http.StatusNoContent || len(r.cookies) != 3 {
			t.Errorf("%s: got %d and %d cookies, want 204 and 3 cleared", name, r.status, len(r.cookies))
		}
	}
	w.do("POST", "/v1/logout", "", bearer("garbage")).want("garbage", http.StatusUnauthorized, httpkit.CodeUnauthenticated)
	w.do("POST", "/v1/logout", `{"mode":"x"}`).want("bad mode", http.StatusBadRequest, httpkit.CodeInvalidRequest)
	w.do("POST", "/v1/logout", "x").want("bad body", http.StatusBadRequest, httpkit.CodeInvalidRequest)
}

// TestABearerTokenEndsItsOwnSessionAndNothingElse: no cookie counts beside it, and one that is not good
// at this API, or was found in an old log, ends nothing.
func TestABearerTokenEndsItsOwnSessionAndNothingElse(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	access, refresh := w.program()
	j := w.browser()
	r := w.do("POST", "/v1/logout", "", bearer(access), j.all)
	if r.want("bearer and cookies", http.StatusNoContent, ""); len(r.cookies) != 0 {
		t.Errorf("cleared %d cookies that it did not act on", len(r.cookies))
	}
	w.do("POST", "/v1/logout", "", bearer("garbage"), j.all).want("garbage and cookies", http.StatusUnauthorized, httpkit.CodeUnauthenticated)
	if v := w.verdict(refresh); v != auth.Revoked {
		t.Errorf("the bearer's session: %s, want Revoked", v)
	}
	if v := w.verdict(j["daypass-refresh"]); v != auth.Current {
		t.Errorf("the cookies' session: %s, want Current", v)
	}
	access, refresh = w.program()
	w.clock.advance(time.Hour)
	w.do("POST", "/v1/logout", "", bearer(access)).want("expired bearer", http.StatusUnauthorized, httpkit.CodeUnauthenticated)
	if v := w.verdict(refresh); v != auth.Current {
		t.Errorf("the session of an expired bearer: %s, want Current", v)
	}
}
