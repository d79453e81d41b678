package api_test

import (
	"errors"
	"fmt"
	"maps"
	"net/http"
	"strings"
	"testing"

	"github.com/daypass/daypass/internal/api"
	"github.com/daypass/daypass/internal/auth"
	"github.com/daypass/daypass/internal/httpkit"
	"github.com/daypass/daypass/internal/store"
)

func TestSignUpLogsIn(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	r := w.do("POST", "/v1/signup", credentials("New@Example.com", password))
	r.want("token mode", http.StatusCreated, "")
	me := w.do("GET", "/v1/me", "", bearer(r.text("access_token")))
	if me.want("me", http.StatusOK, ""); me.text("email") != "new@example.com" {
		t.Errorf("got %s", me.raw)
	}
	r = w.do("POST", "/v1/signup", credentials("third@example.com", password), header("Sec-Fetch-Site", "same-origin"))
	if r.want("cookie mode", http.StatusCreated, ""); len(r.cookies) != 4 {
		t.Errorf("%d cookies, want 4", len(r.cookies))
	}
}

func TestSignUpSaysWhatIsWrong(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for name, c := range map[string]struct {
		body   string
		status int
		code   httpkit.Code
	}{
		"taken":            {credentials(strings.ToUpper(email), password), 409, httpkit.CodeEmailTaken},
		"short":            {credentials("new@example.com", "too short"), 422, httpkit.CodeWeakPassword},
		"common":           {credentials("new@example.com", "passwordpassword"), 422, httpkit.CodeWeakPassword},
		"no address":       {credentials("nobody", password), 400, httpkit.CodeInvalidRequest},
		"no password":      {`{"email":"new@example.com"}`, 400, httpkit.CodeInvalidRequest},
		"no body":          {"", 400, httpkit.CodeInvalidRequest},
		"not JSON":         {"email=x", 400, httpkit.CodeInvalidRequest},
		"an array":         {"[]", 400, httpkit.CodeInvalidRequest},
		"a number":         {`{"email":"new@example.com","password":123456789012345}`, 400, httpkit.CodeInvalidRequest},
		"password twice":   {`{"email":"new@example.com","password":"x","Password":"y"}`, 400, httpkit.CodeInvalidRequest},
		"larger than read": {`{"email":"` + strings.Repeat("x", httpkit.MaxBody) + `"}`, 413, httpkit.CodeTooLarge},
	} {
		w.do("POST", "/v1/signup", c.body).want(name, c.status, c.code)
	}
	r := w.do("POST", "/v1/login", "", header("Content-Type", "application/x-www-form-urlencoded"))
	r.want("a form", http.StatusUnsupportedMediaType, httpkit.CodeUnsupportedMediaType)
}

func TestLogInAnswersUnknownWrongAndDisabledTheSame(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	gone := w.signUp("gone@example.com")
	w.check(w.db.Update(t.Context(), func(tx *store.Tx) error {
		_, err := tx.Users.SetDisabled(t.Context(), gone.ID, w.clock.Now())
		return err
	}))
	var first reply
	for i, body := range []string{
		credentials(email, "wrong"), credentials("unknown@example.com", password),
		credentials("gone@example.com", password), credentials("no address", password), credentials(email, strings.Repeat("x", 2000)),
	} {
		r := w.do("POST", "/v1/login", body)
		r.want(body, http.StatusUnauthorized, httpkit.CodeInvalidCredentials)
		if len(r.cookies) != 0 {
			t.Errorf("%s: cookies %v", body, r.cookies)
		}
		delete(r.body, "instance") // the id of the request
		r.header.Del(httpkit.HeaderRequestID)
		if i == 0 {
			first = r
		}
		if !maps.Equal(r.body, first.body) || fmt.Sprint(r.header) != fmt.Sprint(first.header) {
			t.Errorf("%s: got %v %v, want %v %v", body, r.header, r.body, first.header, first.body)
		}
	}
}

func TestWhatMeansNotNowIs503WithRetryAfter(t *testing.T) {
	t.Parallel()
	cause := errors.New("dial tcp 10.0.0.5: the password is hunter2")
	for name, c := range map[string]struct {
		err    error
		status int
		code   httpkit.Code
	}{
		"busy":         {fmt.Errorf("login: %w", auth.ErrBusy), 503, httpkit.CodeBusy},
		"database":     {fmt.Errorf("%w: %w", store.ErrUnavailable, cause), 503, httpkit.CodeUnavailable},
		"unknown key":  {fmt.Errorf("grants: %w", auth.ErrKeyUnknown), 503, httpkit.CodeUnavailable},
		"fault":        {cause, 500, httpkit.CodeInternal},
		"user is gone": {auth.ErrCredentials, 401, httpkit.CodeInvalidCredentials},
	} {
		w := newWorld(t, func(n *api.Needs) { n.Exchange = exchanger{c.err} })
		for path, body := range map[string]string{"/v1/login": credentials(email, password), "/v1/refresh": `{"refresh_token":"dpr_x"}`} {
			r := w.do("POST", path, body)
			r.want(name+" "+path, c.status, c.code)
			want := map[httpkit.Code]string{httpkit.CodeBusy: "5", httpkit.CodeUnavailable: "1"}[c.code]
			if got := r.header.Get("Retry-After"); got != want {
				t.Errorf("%s: Retry-After is %q, want %q", name, got, want)
			}
			if strings.Contains(r.raw, "hunter2") || len(r.cookies) != 0 {
				t.Errorf("%s: the cause or a cookie is sent: %s %v", name, r.raw, r.cookies)
			}
		}
	}
}

func TestNoOtherOriginLogsABrowserIn(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for _, path := range []string{"/v1/login", "/v1/signup", "/v1/refresh"} {
		for name, h := range map[string]with{
			"Origin": header("Origin", "https://evil.example"), "cross-site": header("Sec-Fetch-Site", "cross-site"),
			"same-site": header("Sec-Fetch-Site", "same-site"), "opaque": header("Origin", "null"),
		} {
			w.do("POST", path, credentials("new@example.com", password), h).want(path+" "+name, 403, httpkit.CodeCrossOrigin)
			// A bearer token is no credential here, so it opens nothing either.
			w.do("POST", path, credentials("new@example.com", password), h, bearer("x")).want(path+" "+name, 403, httpkit.CodeCrossOrigin)
		}
	}
}

func TestOtherMethodsAndPathsAreProblemsToo(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for path, allow := range map[string]string{
		"/v1/login": "POST", "/v1/signup": "POST", "/v1/refresh": "POST", "/v1/logout": "POST", "/v1/password": "POST",
		"/v1/me": "GET", "/v1/verify": "GET", "/v1/sessions": "GET, DELETE", "/v1/sessions/x": "DELETE",
	} {
		r := w.do("PATCH", path, "")
		if r.want(path, http.StatusMethodNotAllowed, httpkit.CodeMethodNotAllowed); r.header.Get("Allow") != allow {
			t.Errorf("%s: Allow is %q, want %q", path, r.header.Get("Allow"), allow)
		}
	}
	w.do("GET", "/v1/login", "").want("GET /v1/login", http.StatusMethodNotAllowed, httpkit.CodeMethodNotAllowed)
	w.do("GET", "/v1/nothing", "").want("unknown path", http.StatusNotFound, httpkit.CodeNotFound)
}
