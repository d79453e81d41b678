package api_test

import (
	"fmt"
	"maps"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/daypass/daypass/internal/httpkit"
)

// via is the address that a request comes from.
func via(ip string) with { return func(r *http.Request) { r.RemoteAddr = ip + ":4711" } }

// guess spends the free tries at an account, each from a network of its own.
func (w *world) guess(email string) {
	w.t.Helper()
	for i := range 11 {
		r := w.do("POST", "/v1/login", credentials(email, "guess"), via(fmt.Sprintf("198.51.%d.1", i)))
		r.want("guess", http.StatusUnauthorized, httpkit.CodeInvalidCredentials)
	}
}

func TestThrottledLogInSaysHowLongToWaitAndNothingElse(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.guess(email)
	w.guess("unknown@example.com")
	var first reply
	for i, body := range []string{credentials(email, password), credentials(email, "wrong"), credentials("unknown@example.com", password)} {
		r := w.do("POST", "/v1/login", body, via("203.0.113.9"))
		r.want(body, http.StatusTooManyRequests, httpkit.CodeTooManyRequests)
		if got := r.header.Get("Retry-After"); got != "1" || len(r.cookies) != 0 {
			t.Errorf("Retry-After %q and %d cookies, want 1 and none", got, len(r.cookies))
		}
		delete(r.body, "instance")
		r.header.Del(httpkit.HeaderRequestID)
		if i == 0 {
			first = r
		}
		if !maps.Equal(r.body, first.body) || fmt.Sprint(r.header) != fmt.Sprint(first.header) {
			t.Errorf("%s: got %v %v, want %v %v", body, r.header, r.body, first.header, first.body)
		}
	}
	w.clock.advance(time.Second)
	w.do("POST", "/v1/login", credentials(email, password), via("203.0.113.9")).want("after the delay", http.StatusOK, "")
}

func TestBrowserThatWasHereBeforeIsNotThrottledByStrangers(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	j := w.browser()
	w.do("POST", "/v1/logout", "", j.all).want("log out", http.StatusNoContent, "")
	w.guess(email)
	here := cookie("daypass-device", j["daypass-device"])
	r := w.do("POST", "/v1/login", credentials(email, password), here, header("Origin", issuer))
	r.want("with the device cookie", http.StatusOK, "")
	if got := r.jar()["daypass-device"]; got == "" || !strings.HasPrefix(got, "dpd_") {
		t.Errorf("device cookie %q", got)
	}
	w.do("POST", "/v1/login", credentials(email, password), header("Origin", issuer)).want("without", http.StatusTooManyRequests, httpkit.CodeTooManyRequests)
	w.do("POST", "/v1/login", credentials(email, password), here, here).want("twice", http.StatusBadRequest, httpkit.CodeDuplicateCookie)
	forged := j["daypass-device"][:len(j["daypass-device"])-2] + "AA"
	w.do("POST", "/v1/login", credentials(email, password), cookie("daypass-device", forged)).want("forged", http.StatusTooManyRequests, httpkit.CodeTooManyRequests)
}

func TestDeviceCookieIsNoCredential(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	j := w.browser()
	here := cookie("daypass-device", j["daypass-device"])
	for _, c := range [][2]string{{"GET", "/v1/me"}, {"GET", "/v1/verify"}, {"GET", "/v1/sessions"}, {"DELETE", "/v1/sessions"}, {"POST", "/v1/password"}, {"POST", "/v1/refresh"}} {
		w.do(c[0], c[1], "", here).want(c[1], http.StatusUnauthorized, httpkit.CodeUnauthenticated)
	}
	w.do("GET", "/v1/me", "", bearer(j["daypass-device"])).want("as a bearer token", http.StatusUnauthorized, httpkit.CodeUnauthenticated)
}

func TestPasswordsAskedAgainAreThrottledToo(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	access, _ := w.program()
	w.clock.advance(6 * time.Minute)
	for range 11 {
		w.do("DELETE", "/v1/sessions", `{"password":"guess"}`, bearer(access)).want("guess", http.StatusUnauthorized, httpkit.CodeInvalidCredentials)
	}
	w.do("DELETE", "/v1/sessions", `{"password":"`+password+`"}`, bearer(access)).want("end others", http.StatusTooManyRequests, httpkit.CodeTooManyRequests)
	change := `{"current_password":"` + password + `","new_password":"a password of another kind"}`
	w.do("POST", "/v1/password", change, bearer(access)).want("change", http.StatusTooManyRequests, httpkit.CodeTooManyRequests)
	w.do("POST", "/v1/login", credentials(email, password)).want("log in", http.StatusOK, "")
}

func TestSignUpsFromOneAddressAreThrottled(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for i := range 21 {
		w.do("POST", "/v1/signup", credentials(fmt.Sprintf("user%d@example.com", i), password)).want("sign up", http.StatusCreated, "")
	}
	r := w.do("POST", "/v1/signup", credentials("late@example.com", password))
	if r.want("one more", http.StatusTooManyRequests, httpkit.CodeTooManyRequests); r.header.Get("Retry-After") != "30" {
		t.Errorf("Retry-After is %q, want 30", r.header.Get("Retry-After"))
	}
	w.do("POST", "/v1/signup", credentials("late@example.com", password), via("203.0.113.9")).want("from elsewhere", http.StatusCreated, "")
}
