package api_test

import (
	"maps"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/daypass/daypass/internal/api"
	"github.com/daypass/daypass/internal/httpkit"
)

func TestModeFollowsTheRequestUnlessTheBodyNamesOne(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for name, c := range map[string]struct {
		mode  string
		extra []with
		token bool
	}{
		"a program":                         {"", nil, true},
		"a browser's Origin":                {"", []with{header("Origin", issuer)}, false},
		"a browser's Sec-Fetch-Site":        {"", []with{header("Sec-Fetch-Site", "same-origin")}, false},
		"any cookie":                        {"", []with{cookie("theme", "dark")}, false},
		"a program that wants cookies":      {`,"mode":"cookie"`, nil, false},
		"a browser that wants tokens":       {`,"mode":"token"`, []with{header("Origin", issuer), cookie("theme", "dark")}, true},
		"the empty mode is as if not given": {`,"mode":""`, nil, true},
	} {
		body := strings.TrimSuffix(credentials(email, password), "}") + c.mode + "}"
		r := w.do("POST", "/v1/login", body, c.extra...)
		r.want(name, http.StatusOK, "")
		if token, cookies := r.text("access_token") != "", len(r.cookies) > 0; token != c.token || cookies == c.token {
			t.Errorf("%s: tokens in the body: %v, cookies: %v, want token mode = %v", name, token, cookies, c.token)
		}
	}
	w.do("POST", "/v1/login", `{"email":"a@example.com","password":"x","mode":"both"}`).want("unknown mode", 400, httpkit.CodeInvalidRequest)
}

func TestTokenModeIsRefusedWhereItIsNotOpen(t *testing.T) {
	t.Parallel()
	w := newWorld(t, func(n *api.Needs) { n.AllowTokenMode = false })
	asked := strings.TrimSuffix(credentials(email, password), "}") + `,"mode":"token"}`
	w.do("POST", "/v1/login", asked).want("log in", 400, httpkit.CodeInvalidRequest)
	w.do("POST", "/v1/refresh", `{"refresh_token":"dpr_x","mode":"token"}`).want("refresh", 400, httpkit.CodeInvalidRequest)
	r := w.do("POST", "/v1/login", credentials(email, password))
	if r.want("no mode", http.StatusOK, ""); len(r.cookies) != 4 || r.text("access_token") != "" {
		t.Errorf("got %d cookies and body %s, want cookie mode", len(r.cookies), r.raw)
	}
}

func TestTokenModeRepliesAsRFC6749(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	r := w.do("POST", "/v1/login", credentials(email, password))
	r.want("log in", http.StatusOK, "")
	if got := slices.Sorted(maps.Keys(r.body)); !slices.Equal(got, []string{"access_token", "expires_in", "refresh_token", "scope", "token_type"}) {
		t.Errorf("members %v", got)
	}
	if r.body["expires_in"] != 600.0 || r.text("token_type") != "Bearer" || r.text("scope") != "openid profile email" {
		t.Errorf("got %s", r.raw)
	}
	if r.header.Get("Cache-Control") != "no-store" || r.header.Get("Pragma") != "no-cache" || r.header.Get("Content-Type") != "application/json" {
		t.Errorf("headers %v", r.header)
	}
	again := w.do("POST", "/v1/refresh", `{"refresh_token":"`+r.text("refresh_token")+`"}`)
	again.want("refresh", http.StatusOK, "")
	if got := slices.Sorted(maps.Keys(again.body)); len(got) != 5 || len(again.cookies) != 0 {
		t.Errorf("members %v and %d cookies", got, len(again.cookies))
	}
}

func TestCookieModeShowsNoTokenToScripts(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	r := w.do("POST", "/v1/login", credentials(email, password), header("Origin", issuer))
	again := w.do("POST", "/v1/refresh", "", r.jar().all)
	for name, reply := range map[string]reply{"log in": r, "refresh": again} {
		reply.want(name, http.StatusOK, "")
		if got := slices.Sorted(maps.Keys(reply.body)); !slices.Equal(got, []string{"expires_in", "scope", "token_type"}) {
			t.Errorf("%s: members %v", name, got)
		}
		for cookie, value := range reply.jar() {
			if strings.Contains(reply.raw, value) {
				t.Errorf("%s: the body holds the value of %s", name, cookie)
			}
		}
	}
}

func TestCookiesHaveExactlyTheirAttributes(t *testing.T) {
	t.Parallel()
	// 7 days is the idle limit of session and refresh token, 30 days the end of the session.
	for _, c := range []struct {
		insecure bool
		want     map[string]string // attributes after the value
	}{
		{true, map[string]string{
			"daypass-access":  "Path=/; Max-Age=604800; HttpOnly; SameSite=Lax",
			"daypass-refresh": "Path=/v1; Max-Age=604800; HttpOnly; SameSite=Lax",
			"daypass-session": "Path=/; Max-Age=2592000; HttpOnly; SameSite=Lax",
			"daypass-device":  "Path=/; Max-Age=34560000; HttpOnly; SameSite=Lax",
		}},
		{false, map[string]string{
			"__Host-daypass-access":    "Path=/; Max-Age=604800; HttpOnly; Secure; SameSite=Lax",
			"__Secure-daypass-refresh": "Path=/v1; Max-Age=604800; HttpOnly; Secure; SameSite=Lax",
			"__Host-daypass-session":   "Path=/; Max-Age=2592000; HttpOnly; Secure; SameSite=Lax",
			"__Host-daypass-device":    "Path=/; Max-Age=34560000; HttpOnly; Secure; SameSite=Lax",
		}},
	} {
		w := newWorld(t, func(n *api.Needs) { n.Cookies.Insecure = c.insecure })
		r := w.do("POST", "/v1/login", credentials(email, password), header("Origin", "https://localhost:8080"))
		r.want("log in", http.StatusOK, "")
		again := w.do("POST", "/v1/refresh", "", r.jar().all)
		again.want("refresh", http.StatusOK, "")
		for what, got := range map[string][]string{"log in": r.header["Set-Cookie"], "refresh": again.header["Set-Cookie"]} {
			if want := map[string]int{"log in": 4, "refresh": 2}[what]; len(got) != want {
				t.Errorf("%s: %d cookies, want %d", what, len(got), want)
			}
			for _, line := range got {
				name, rest, _ := strings.Cut(line, "=")
				_, attributes, _ := strings.Cut(rest, "; ")
				if attributes != c.want[name] {
					t.Errorf("%s: %s: got %q, want %q", what, name, attributes, c.want[name])
				}
			}
		}
	}
}
