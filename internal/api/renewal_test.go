package api_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/daypass/daypass/internal/httpkit"
)

func TestLogInInCookieModeEndsTheSessionItReplaces(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	old := w.browser()
	inToken := w.do("POST", "/v1/login", strings.TrimSuffix(credentials(email, password), "}")+`,"mode":"token"}`, old.all)
	inToken.want("token mode beside cookies", http.StatusOK, "")
	w.do("GET", "/v1/me", "", old.all).want("token mode leaves the browser's session", http.StatusOK, "")
	again := w.do("POST", "/v1/login", credentials(email, password), old.all)
	again.want("cookie mode", http.StatusOK, "")
	w.do("GET", "/v1/verify", "", cookie("daypass-session", old["daypass-session"])).want("the old SSO cookie", http.StatusUnauthorized, httpkit.CodeUnauthenticated)
	w.do("GET", "/v1/me", "", old.all).want("the old access cookie", http.StatusUnauthorized, httpkit.CodeUnauthenticated)
	w.do("GET", "/v1/me", "", again.jar().all).want("the new ones", http.StatusOK, "")
	w.do("POST", "/v1/login", credentials(email, "wrong"), again.jar().all).want("a failed log-in", http.StatusUnauthorized, httpkit.CodeInvalidCredentials)
	w.do("GET", "/v1/me", "", again.jar().all).want("ends nothing", http.StatusOK, "")
}

func TestChangeOfPasswordRenewsTheSSOCookieOfItsBrowser(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	j := w.browser()
	change := `{"current_password":"` + password + `","new_password":"a password of another kind"}`
	r := w.do("POST", "/v1/password", change, j.all, header("Origin", issuer))
	r.want("change", http.StatusNoContent, "")
	renewed := r.jar()["daypass-session"]
	if renewed == "" || renewed == j["daypass-session"] || len(r.cookies) != 2 || r.jar()["daypass-device"] == "" {
		t.Fatalf("got cookies %v, want a new SSO and a new device cookie alone", r.cookies)
	}
	w.do("GET", "/v1/verify", "", cookie("daypass-session", j["daypass-session"])).want("the old one", http.StatusUnauthorized, httpkit.CodeUnauthenticated)
	w.do("GET", "/v1/verify", "", cookie("daypass-session", renewed)).want("the new one", http.StatusOK, "")
}

// A program has no cookies: it sends what it was known by in a header.
func TestProgramIsKnownAgainByItsHeader(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	first := w.do("POST", "/v1/login", credentials(email, password))
	device := first.header.Get("Daypass-Device")
	if first.want("log in", http.StatusOK, ""); device == "" || len(first.cookies) != 0 || strings.Contains(first.raw, device) {
		t.Fatalf("device %q, cookies %v", device, first.cookies)
	}
	for range 20 { // strangers guess
		w.do("POST", "/v1/login", credentials(email, "wrong"))
	}
	w.do("POST", "/v1/login", credentials(email, password)).want("as a stranger", http.StatusTooManyRequests, httpkit.CodeTooManyRequests)
	w.do("POST", "/v1/login", credentials(email, password), header("Daypass-Device", "dpd_forged")).want("forged", http.StatusTooManyRequests, httpkit.CodeTooManyRequests)
	again := w.do("POST", "/v1/login", credentials(email, password), header("Daypass-Device", device))
	again.want("known again", http.StatusOK, "")
	change := `{"current_password":"` + password + `","new_password":"a password of another kind"}`
	r := w.do("POST", "/v1/password", change, bearer(again.text("access_token")), header("Daypass-Device", device))
	r.want("change the password", http.StatusNoContent, "")
	w.do("POST", "/v1/login", credentials(email, "wrong"), header("Daypass-Device", device)).want("the former device is a stranger", http.StatusTooManyRequests, httpkit.CodeTooManyRequests)
	w.do("POST", "/v1/login", credentials(email, "a password of another kind"), header("Daypass-Device", r.header.Get("Daypass-Device"))).want("the renewed one", http.StatusOK, "")
	if browser := w.do("POST", "/v1/login", credentials(email, "a password of another kind"), header("Origin", issuer), header("Daypass-Device", r.header.Get("Daypass-Device"))); browser.header.Get("Daypass-Device") != "" {
		t.Error("a page gets the header")
	}
}
