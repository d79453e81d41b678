package api_test

import (
	"encoding/base64"
	"encoding/json"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/daypass/daypass/internal/httpkit"
)

// authTime reads the claim auth_time of an access token.
func (w *world) authTime(access string) time.Time {
	w.t.Helper()
	parts := strings.Split(access, ".")
	payload, err := base64.RawURLEncoding.DecodeString(parts[min(1, len(parts)-1)])
	w.check(err)
	var claims struct {
		AuthTime int64 `json:"auth_time"`
	}
	w.check(json.Unmarshal(payload, &claims))
	return time.Unix(claims.AuthTime, 0).UTC()
}

func TestStepUpRenewsTheCookieAndTheNextTokenSaysSo(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	j := w.browser()
	began := w.clock.Now()
	w.clock.advance(time.Hour)
	now := w.clock.Now()
	w.do("POST", "/v1/refresh", "", j.all).want("refresh before", http.StatusOK, "")
	w.clock.advance(time.Minute)
	j2 := w.do("POST", "/v1/refresh", "", j.all).jar()
	for name, value := range j2 {
		j[name] = value
	}
	if got := w.authTime(j["daypass-access"]); !got.Equal(began) {
		t.Fatalf("before: auth_time %v, want %v", got, began)
	}
	for name, c := range map[string]struct {
		body   string
		status int
		code   httpkit.Code
	}{
		"no body":        {"", 400, httpkit.CodeInvalidRequest},
		"no password":    {`{"password":""}`, 400, httpkit.CodeInvalidRequest},
		"wrong password": {`{"password":"wrong"}`, 401, httpkit.CodeInvalidCredentials},
	} {
		r := w.do("POST", "/v1/reauthenticate", c.body, j.all, header("Origin", issuer))
		if r.want(name, c.status, c.code); len(r.cookies) != 0 {
			t.Errorf("%s: cookies are touched", name)
		}
	}
	stepUp := `{"password":"` + password + `"}`
	w.do("POST", "/v1/reauthenticate", stepUp).want("nobody", http.StatusUnauthorized, httpkit.CodeUnauthenticated)
	w.do("POST", "/v1/reauthenticate", stepUp, j.all, header("Origin", "https://evil.example")).want("another origin", http.StatusForbidden, httpkit.CodeCrossOrigin)
	r := w.do("POST", "/v1/reauthenticate", stepUp, j.all, header("Origin", issuer))
	r.want("step up", http.StatusNoContent, "")
	sso := r.jar()["daypass-session"]
	if sso == "" || sso == j["daypass-session"] || len(r.jar()) != 1 {
		t.Errorf("cookies %v, want a new SSO cookie alone", r.cookies)
	}
	w.do("GET", "/v1/verify", "", cookie("daypass-session", j["daypass-session"])).want("old SSO cookie", http.StatusUnauthorized, httpkit.CodeUnauthenticated)
	w.do("GET", "/v1/verify", "", cookie("daypass-session", sso)).want("new SSO cookie", http.StatusOK, "")
	j["daypass-session"] = sso
	after := w.do("POST", "/v1/refresh", "", j.all)
	after.want("refresh", http.StatusOK, "")
	if got := w.authTime(after.jar()["daypass-access"]); got.Before(now) {
		t.Errorf("after: auth_time %v, want %v or later", got, now)
	}
}

func TestStepUpByABearerTokenSetsNoCookie(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	access, refresh := w.program()
	w.clock.advance(9 * time.Minute)
	r := w.do("POST", "/v1/reauthenticate", `{"password":"`+password+`"}`, bearer(access))
	if r.want("step up", http.StatusNoContent, ""); len(r.cookies) != 0 {
		t.Error("a bearer gets a cookie")
	}
	next := w.do("POST", "/v1/refresh", refreshBody(refresh))
	next.want("refresh", http.StatusOK, "")
	if got := w.authTime(next.text("access_token")); !got.Equal(w.clock.Now()) {
		t.Errorf("auth_time %v, want %v", got, w.clock.Now())
	}
	w.do("DELETE", "/v1/sessions", "", bearer(next.text("access_token"))).want("which is fresh again", http.StatusNoContent, "")
}

// Such a token lies in logs: that its owner proved the password since makes it no fresher.
func TestStepUpFreshensNoTokenFromBefore(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	old, refresh := w.program()
	w.clock.advance(8 * time.Minute)
	w.do("POST", "/v1/reauthenticate", `{"password":"`+password+`"}`, bearer(old)).want("step up", http.StatusNoContent, "")
	w.do("DELETE", "/v1/sessions", "", bearer(old)).want("the token from before", http.StatusForbidden, httpkit.CodeFreshLoginRequired)
	next := w.do("POST", "/v1/refresh", refreshBody(refresh)).text("access_token")
	w.do("DELETE", "/v1/sessions", "", bearer(next)).want("the next one", http.StatusNoContent, "")
}
