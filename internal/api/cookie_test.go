package api_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/daypass/daypass/internal/api"
	"github.com/daypass/daypass/internal/auth"
	"github.com/daypass/daypass/internal/httpkit"
)

// The tests of this file follow the paragraph of the design (§5) about cookies, sentence by sentence. Attributes, modes and
// doubled names have theirs in mode_test.go and refresh_test.go.

func TestRefreshCookieMustBelongToTheSSOCookiesSessionWithoutAnAccessCookie(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	mine, planted := w.browser(), w.browser()
	for name, access := range map[string]string{"no access cookie": "", "an access cookie that is none of ours": "a.b.c"} {
		mixed := jar{"daypass-session": mine["daypass-session"], "daypass-refresh": planted["daypass-refresh"]}
		if access != "" {
			mixed["daypass-access"] = access
		}
		r := w.do("POST", "/v1/refresh", "", mixed.all)
		r.want(name, http.StatusBadRequest, httpkit.CodeCookieMismatch)
		if len(r.header["Set-Cookie"]) != 0 {
			t.Errorf("%s: cookies are touched", name)
		}
		mixed["daypass-session"] = strings.Repeat("A", 43)
		w.do("POST", "/v1/refresh", "", mixed.all).want(name+", an SSO cookie of nobody", http.StatusBadRequest, httpkit.CodeCookieMismatch)
	}
	if a, b := w.verdict(mine["daypass-refresh"]), w.verdict(planted["daypass-refresh"]); a != auth.Current || b != auth.Current {
		t.Errorf("a grant moved: %s, %s", a, b)
	}
	w.do("POST", "/v1/refresh", "", mine.but("daypass-access")).want("its own, without the access cookie", http.StatusOK, "")
	w.do("POST", "/v1/refresh", "", cookie("daypass-refresh", planted["daypass-refresh"])).want("with neither", http.StatusOK, "")
	w.do("POST", "/v1/refresh", "", cookie("daypass-refresh", "dpr_garbage"), cookie("daypass-session", mine["daypass-session"])).
		want("what is no token is not called a mismatch", http.StatusUnauthorized, httpkit.CodeInvalidGrant)
}

func TestCookieModeIsTheDefaultOfBrowsersAndTokenModeOfPrograms(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for _, path := range []string{"/v1/login", "/v1/signup"} {
		for i, c := range []struct {
			mode   string
			with   with
			cookie bool
		}{
			{"", func(*http.Request) {}, false},
			{"", header("Origin", issuer), true},
			{"", header("Sec-Fetch-Site", "same-origin"), true},
			{"", cookie("anything", "x"), true},
			{"cookie", func(*http.Request) {}, true},
			{"token", header("Origin", issuer), false},
		} {
			body := credentials(email, password)
			if path == "/v1/signup" {
				body = credentials(strings.Repeat("n", i+1)+"@example.com", password)
			}
			r := w.do("POST", path, strings.TrimSuffix(body, "}")+`,"mode":"`+c.mode+`"}`, c.with)
			if inCookies := len(r.cookies) == 4 && r.text("access_token") == ""; inCookies != c.cookie || inCookies == (r.text("refresh_token") != "") {
				t.Errorf("%s, case %d: got %d cookies and %s", path, i, len(r.cookies), r.raw)
			}
		}
	}
}

// A browser sends __Host- and __Secure- cookies over TLS alone, so the server must not take the plain names for them.
func TestPlainCookieNamesAreNothingUnderTLS(t *testing.T) {
	t.Parallel()
	w := newWorld(t, func(n *api.Needs) { n.Cookies.Insecure = false })
	r := w.do("POST", "/v1/login", credentials(email, password), header("Origin", "https://localhost:8080"))
	j := r.jar()
	plain := jar{
		"daypass-access": j["__Host-daypass-access"], "daypass-refresh": j["__Secure-daypass-refresh"], "daypass-session": j["__Host-daypass-session"],
	}
	w.do("GET", "/v1/me", "", plain.all).want("me", http.StatusUnauthorized, httpkit.CodeUnauthenticated)
	w.do("GET", "/v1/verify", "", plain.all).want("verify", http.StatusUnauthorized, httpkit.CodeUnauthenticated)
	w.do("POST", "/v1/refresh", "", plain.all).want("refresh", http.StatusUnauthorized, httpkit.CodeUnauthenticated)
	w.do("GET", "/v1/me", "", j.all).want("the prefixed ones", http.StatusOK, "")
	// A tossed cookie of the plain name beside the real ones changes nothing.
	w.do("POST", "/v1/refresh", "", j.all, cookie("daypass-refresh", "dpr_planted")).want("beside a tossed one", http.StatusOK, "")
}

func TestNothingButLogOutClearsACookie(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	other, _ := w.program()
	for name, c := range map[string]struct{ method, path, body string }{
		"failed log-in":       {"POST", "/v1/login", credentials(email, "wrong")},
		"failed sign-up":      {"POST", "/v1/signup", credentials(email, password)},
		"me":                  {"GET", "/v1/me", ""},
		"verify":              {"GET", "/v1/verify", ""},
		"list":                {"GET", "/v1/sessions", ""},
		"end one's own":       {"DELETE", "/v1/sessions/CURRENT", ""},
		"end others":          {"DELETE", "/v1/sessions", ""},
		"a refused password":  {"POST", "/v1/password", `{"current_password":"x","new_password":"y"}`},
		"a refused refresh":   {"POST", "/v1/refresh", ""},
		"a path that is none": {"GET", "/v1/nothing", ""},
		"a wrong method":      {"PUT", "/v1/refresh", ""},
	} {
		j := w.browser()
		if name == "a refused refresh" {
			w.clock.advance(auth.DefaultSessionIdle + time.Hour)
		}
		path := strings.Replace(c.path, "CURRENT", w.currentOf(j), 1)
		r := w.do(c.method, path, c.body, j.all, header("Origin", issuer))
		if got := r.header["Set-Cookie"]; len(got) != 0 {
			t.Errorf("%s (%d): sets %v", name, r.status, got)
		}
	}
	j := w.browser()
	out := w.do("POST", "/v1/logout", "", j.all, header("Origin", issuer))
	if out.want("log out", http.StatusNoContent, ""); len(out.cookies) != 3 {
		t.Errorf("log-out clears %d cookies, want the three credentials", len(out.cookies))
	}
	for _, c := range out.cookies {
		if c.MaxAge >= 0 || c.Value != "" {
			t.Errorf("log-out sets %s=%q for %d s", c.Name, c.Value, c.MaxAge)
		}
	}
	if r := w.do("POST", "/v1/logout", "", bearer(other)); len(r.header["Set-Cookie"]) != 0 {
		t.Error("a log-out in token mode touches cookies")
	}
}

// currentOf is the id of the session of a browser's cookies.
func (w *world) currentOf(j jar) string {
	w.t.Helper()
	rows, _ := w.do("GET", "/v1/sessions", "", j.all).body["sessions"].([]any)
	for _, row := range rows {
		if m, _ := row.(map[string]any); m["current"] == true {
			id, _ := m["id"].(string)
			return id
		}
	}
	return "none"
}
