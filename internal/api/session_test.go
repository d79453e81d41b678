package api_test

import (
	"fmt"
	"maps"
	"net/http"
	"slices"
	"testing"
	"time"

	"github.com/daypass/daypass/internal/auth"
	"github.com/daypass/daypass/internal/httpkit"
	"github.com/daypass/daypass/internal/store"
)

const unknownID = "0193582e-0000-7000-8000-000000000000"

// list reads the sessions as the bearer sees them, newest first.
func (w *world) list(access string) []map[string]any {
	w.t.Helper()
	r := w.do("GET", "/v1/sessions", "", bearer(access))
	r.want("list", http.StatusOK, "")
	rows, _ := r.body["sessions"].([]any)
	var all []map[string]any
	for _, row := range rows {
		all = append(all, row.(map[string]any))
	}
	return all
}

func TestMeIsWhoTheTokenSpeaksFor(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	access, _ := w.program()
	j := w.browser()
	for name, extra := range map[string]with{"bearer": bearer(access), "cookie": j.all} {
		r := w.do("GET", "/v1/me", "", extra)
		r.want(name, http.StatusOK, "")
		if got := slices.Sorted(maps.Keys(r.body)); !slices.Equal(got, []string{"email", "roles", "sub"}) || r.text("email") != email {
			t.Errorf("%s: got %s", name, r.raw)
		}
		if roles, ok := r.body["roles"].([]any); !ok || len(roles) != 0 {
			t.Errorf("%s: roles are %v, want []", name, r.body["roles"])
		}
		if _, err := auth.ParseID(r.text("sub")); err != nil {
			t.Errorf("%s: sub is %q", name, r.text("sub"))
		}
	}
}

func TestNoGoodCredentialIs401(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	access, refresh := w.program()
	j := w.browser()
	for _, c := range [][2]string{
		{"GET", "/v1/me"},
		{"GET", "/v1/sessions"},
		{"DELETE", "/v1/sessions"},
		{"DELETE", "/v1/sessions/" + unknownID},
		{"POST", "/v1/password"},
		{"GET", "/v1/verify"},
	} {
		for name, extra := range map[string]with{
			"nothing": func(*http.Request) {}, "garbage": bearer("x.y.z"), "a refresh token": bearer(refresh),
			"basic": header("Authorization", "Basic eDp5"), "refresh cookie alone": cookie("daypass-refresh", j["daypass-refresh"]),
		} {
			r := w.do(c[0], c[1], "", extra)
			r.want(c[0]+" "+c[1]+" with "+name, http.StatusUnauthorized, httpkit.CodeUnauthenticated)
			// RFC 6750 §3.1: no error code where no credential was sent.
			want := `Bearer realm="daypass"`
			if name == "garbage" || name == "a refresh token" {
				want += `, error="invalid_token"`
			}
			if got := r.header.Get("WWW-Authenticate"); got != want {
				t.Errorf("%s: challenge %q, want %q", name, got, want)
			}
		}
		// A bad bearer token is not saved by good cookies.
		w.do(c[0], c[1], "", bearer("x.y.z"), j.all).want("garbage and cookies", http.StatusUnauthorized, httpkit.CodeUnauthenticated)
		w.do(c[0], c[1], "", bearer(access), bearer(access)).want("two tokens", http.StatusBadRequest, httpkit.CodeInvalidRequest)
	}
}

func TestSessionsAreListedAsTheirUserKnowsThem(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	_, refresh := w.program()
	w.clock.advance(60 * time.Second)
	access := w.do("POST", "/v1/refresh", refreshBody(refresh)).text("access_token")
	w.clock.advance(30 * time.Second)
	w.do("POST", "/v1/login", credentials(email, password), func(r *http.Request) {
		r.Header.Set("User-Agent", "Mozilla/5.0 (X11; Linux x86_64; rv:145.0) Gecko/20100101 Firefox/145.0")
	}, header("Origin", issuer))
	w.signUp("bob@example.com")
	w.do("POST", "/v1/login", credentials("bob@example.com", password))
	rows := w.list(access)
	if len(rows) != 2 {
		t.Fatalf("%d sessions, want 2", len(rows))
	}
	for i, want := range []map[string]any{
		{"current": false, "client": "daypass", "device": "Firefox on Linux", "amr": "[pwd]", "created_at": "2026-11-23T12:01:30Z", "last_used_at": "2026-11-23T12:01:30Z"},
		{"current": true, "client": "daypass", "device": "curl", "amr": "[pwd]", "created_at": "2026-11-23T12:00:00Z", "last_used_at": "2026-11-23T12:01:00Z"},
	} {
		id, _ := rows[i]["id"].(string)
		if _, err := auth.ParseID(id); err != nil {
			t.Errorf("session %d: id %q", i, id)
		}
		delete(rows[i], "id")
		rows[i]["amr"] = fmt.Sprint(rows[i]["amr"])
		if !maps.Equal(rows[i], want) {
			t.Errorf("session %d: got %v, want %v", i, rows[i], want)
		}
	}
}

func TestSessionIsEndedByItsUserAlone(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	access, _ := w.program()
	other, otherRefresh := w.program()
	w.signUp("bob@example.com")
	bob := w.do("POST", "/v1/login", credentials("bob@example.com", password)).text("access_token")
	rows := w.list(other)
	id := ""
	for _, row := range rows {
		if row["current"] == true {
			id = row["id"].(string)
		}
	}
	w.do("DELETE", "/v1/sessions/"+id, "", bearer(bob)).want("by another user", http.StatusNotFound, httpkit.CodeNotFound)
	w.do("DELETE", "/v1/sessions/"+unknownID, "", bearer(access)).want("unknown", http.StatusNotFound, httpkit.CodeNotFound)
	w.do("DELETE", "/v1/sessions/nothing", "", bearer(access)).want("no id", http.StatusNotFound, httpkit.CodeNotFound)
	r := w.do("DELETE", "/v1/sessions/"+id, "", bearer(access))
	if r.want("by its user", http.StatusNoContent, ""); r.raw != "" {
		t.Errorf("204 with a body %q", r.raw)
	}
	w.do("DELETE", "/v1/sessions/"+id, "", bearer(access)).want("again", http.StatusNotFound, httpkit.CodeNotFound)
	w.do("GET", "/v1/me", "", bearer(other)).want("its access token", http.StatusUnauthorized, httpkit.CodeUnauthenticated)
	w.do("POST", "/v1/refresh", refreshBody(otherRefresh)).want("its refresh token", http.StatusUnauthorized, httpkit.CodeInvalidGrant)
	w.do("GET", "/v1/me", "", bearer(access)).want("who ended it", http.StatusOK, "")
}

func TestAllOtherSessionsEndAndTheCurrentOneStays(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	access, refresh := w.program()
	j := w.browser()
	w.do("DELETE", "/v1/sessions", "", j.all, header("Origin", issuer)).want("end others", http.StatusNoContent, "")
	w.do("GET", "/v1/me", "", bearer(access)).want("other access token", http.StatusUnauthorized, httpkit.CodeUnauthenticated)
	w.do("POST", "/v1/refresh", refreshBody(refresh)).want("other refresh token", http.StatusUnauthorized, httpkit.CodeInvalidGrant)
	w.do("POST", "/v1/refresh", "", j.all).want("current refresh token", http.StatusOK, "")
}

func TestOldBearerTokenNeedsThePasswordForWhatLocksOut(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	access, _ := w.program()
	w.clock.advance(5*time.Minute - time.Second)
	w.do("DELETE", "/v1/sessions", "", bearer(access)).want("fresh", http.StatusNoContent, "")
	w.clock.advance(time.Second)
	j := w.browser()
	for _, path := range []string{"/v1/sessions", "/v1/sessions/" + unknownID} {
		done, code := http.StatusNoContent, httpkit.Code("")
		if path != "/v1/sessions" {
			done, code = http.StatusNotFound, httpkit.CodeNotFound
		}
		w.do("DELETE", path, "", bearer(access)).want(path+" no password", http.StatusForbidden, httpkit.CodeFreshLoginRequired)
		w.do("DELETE", path, `{"password":""}`, bearer(access)).want(path+" empty password", http.StatusForbidden, httpkit.CodeFreshLoginRequired)
		w.do("DELETE", path, `{"password":"wrong"}`, bearer(access)).want(path+" wrong password", http.StatusUnauthorized, httpkit.CodeInvalidCredentials)
		w.do("DELETE", path, `{"password"`, bearer(access)).want(path+" bad body", http.StatusBadRequest, httpkit.CodeInvalidRequest)
		w.do("DELETE", path, `{"password":"`+password+`"}`, bearer(access)).want(path+" password", done, code)
		w.do("DELETE", path, `{"current_password":"`+password+`"}`, bearer(access)).want(path+" current_password", done, code)
	}
	w.do("GET", "/v1/me", "", bearer(access)).want("me", http.StatusOK, "")
	w.do("GET", "/v1/sessions", "", bearer(access)).want("list", http.StatusOK, "")
	w.do("POST", "/v1/logout", "", bearer(access)).want("log-out of its own", http.StatusNoContent, "")
	w.do("GET", "/v1/me", "", j.all).want("the browser was ended as another session", http.StatusUnauthorized, httpkit.CodeUnauthenticated)
}

func TestOldCookieNeedsNoPasswordToEndSessions(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	j := w.browser()
	w.clock.advance(9 * time.Minute)
	w.do("DELETE", "/v1/sessions", "", j.all, header("Origin", issuer)).want("end others", http.StatusNoContent, "")
}

func TestNoOtherOriginActsWithTheCookies(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	j := w.browser()
	access, _ := w.program()
	for _, c := range [][2]string{
		{"DELETE", "/v1/sessions"},
		{"DELETE", "/v1/sessions/" + unknownID},
		{"POST", "/v1/password"},
		{"POST", "/v1/logout"},
		{"POST", "/v1/refresh"},
	} {
		for _, h := range []with{header("Origin", "https://evil.example"), header("Sec-Fetch-Site", "cross-site"), header("Sec-Fetch-Site", "same-site")} {
			r := w.do(c[0], c[1], "", j.all, h)
			r.want(c[1], http.StatusForbidden, httpkit.CodeCrossOrigin)
			if len(r.header["Set-Cookie"]) != 0 {
				t.Errorf("%s: cookies are touched", c[1])
			}
		}
	}
	w.do("GET", "/v1/me", "", j.all).want("nothing happened", http.StatusOK, "")
	w.do("DELETE", "/v1/sessions", "", bearer(access), header("Origin", "https://app.example")).want("a bearer token", http.StatusNoContent, "")
}

func TestPasswordIsChangedByWhoKnowsIt(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	access, _ := w.program()
	j := w.browser()
	w.clock.advance(6 * time.Minute) // the current password stands in for a fresh log-in
	const next = "a password of another kind"
	change := func(current, next string) string {
		return `{"current_password":"` + current + `","new_password":"` + next + `"}`
	}
	for name, c := range map[string]struct {
		body   string
		status int
		code   httpkit.Code
	}{
		"wrong password":      {change("wrong", next), 401, httpkit.CodeInvalidCredentials},
		"weak password":       {change(password, "short"), 422, httpkit.CodeWeakPassword},
		"the address":         {change(password, email), 422, httpkit.CodeWeakPassword},
		"no current password": {`{"new_password":"` + next + `"}`, 400, httpkit.CodeInvalidRequest},
		"no new password":     {`{"current_password":"` + password + `"}`, 400, httpkit.CodeInvalidRequest},
		"no body":             {"", 400, httpkit.CodeInvalidRequest},
	} {
		w.do("POST", "/v1/password", c.body, bearer(access)).want(name, c.status, c.code)
		w.do("POST", "/v1/password", c.body, j.all, header("Origin", issuer)).want(name+" by cookie", c.status, c.code)
	}
	w.do("GET", "/v1/me", "", j.all).want("a refused change ends nothing", http.StatusOK, "")
	w.do("POST", "/v1/password", change(password, next), bearer(access)).want("change", http.StatusNoContent, "")
	w.do("GET", "/v1/me", "", bearer(access)).want("this session", http.StatusOK, "")
	w.do("GET", "/v1/me", "", j.all).want("the other session", http.StatusUnauthorized, httpkit.CodeUnauthenticated)
	w.do("POST", "/v1/login", credentials(email, password)).want("old password", http.StatusUnauthorized, httpkit.CodeInvalidCredentials)
	w.do("POST", "/v1/login", credentials(email, next)).want("new password", http.StatusOK, "")
}

func TestVerifyIs200ForALiveCredentialAndNamesTheUser(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	access, _ := w.program()
	j := w.browser()
	sub := w.do("GET", "/v1/me", "", bearer(access)).text("sub")
	sso := cookie("daypass-session", j["daypass-session"])
	for name, extra := range map[string]with{"bearer": bearer(access), "cookies": j.all, "SSO cookie alone": sso} {
		r := w.do("GET", "/v1/verify", "", extra)
		if r.want(name, http.StatusOK, ""); r.header.Get("Daypass-User") != sub || r.header.Get("Daypass-Email") != email || r.raw != "" {
			t.Errorf("%s: got %v %q", name, r.header, r.raw)
		}
	}
	// The discovery of a theft ends the grant and not the session: then the session's cookie must not help.
	in := w.do("GET", "/v1/verify", "", j.all)
	in.want("before", http.StatusOK, "")
	w.revokeGrantOf(j["daypass-refresh"])
	r := w.do("GET", "/v1/verify", "", j.all)
	if r.want("grant revoked", http.StatusUnauthorized, httpkit.CodeUnauthenticated); r.header.Get("Daypass-User") != "" {
		t.Error("a refusal names the user")
	}
	w.do("POST", "/v1/logout", "", j.all).want("log out", http.StatusNoContent, "")
	w.do("GET", "/v1/verify", "", sso).want("SSO cookie after log-out", http.StatusUnauthorized, httpkit.CodeUnauthenticated)
}

func (w *world) revokeGrantOf(refresh string) {
	w.t.Helper()
	id := w.grantOf(refresh)
	w.check(w.db.Update(w.t.Context(), func(tx *store.Tx) error {
		_, err := tx.Grants.Revoke(w.t.Context(), store.Selector{Grant: id}, auth.ReasonReuse, w.clock.Now(), time.Hour)
		return err
	}))
}
