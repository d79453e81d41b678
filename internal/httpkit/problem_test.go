package httpkit

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"testing"
)

func readProblem(t *testing.T, w *httptest.ResponseRecorder) Problem {
	t.Helper()
	if got := w.Header().Get("Content-Type"); got != "application/problem+json" {
		t.Fatalf("content type = %q, want application/problem+json; body %s", got, w.Body)
	}
	var p Problem
	if err := json.Unmarshal(w.Body.Bytes(), &p); err != nil {
		t.Fatalf("problem: %v: %s", err, w.Body)
	}
	return p
}

func TestAProblemIsCompleteAndNeverStored(t *testing.T) {
	t.Parallel()
	h := newHarness()
	w := h.do(t, func(w http.ResponseWriter, r *http.Request) {
		WriteProblem(w, r, Problem{Code: CodeEmailTaken, Detail: "Taken.", Instance: "ignored"})
	}, get("/"))
	want := Problem{Title: "Conflict", Status: 409, Detail: "Taken.", Code: CodeEmailTaken, Instance: w.Header().Get(HeaderRequestID)}
	if got := readProblem(t, w); got != want || w.Code != 409 {
		t.Errorf("got %d %+v, want %+v", w.Code, got, want)
	}
	if got := w.Header().Get("Cache-Control"); got != "no-store" {
		t.Errorf("Cache-Control = %q, want no-store", got)
	}
	if got := h.events(t)[0]["problem"]; got != "email_taken" {
		t.Errorf("the event's problem = %v, want email_taken", got)
	}
}

func TestEveryCodeHasItsStatus(t *testing.T) {
	t.Parallel()
	for code, want := range map[Code]int{
		CodeInvalidCredentials: 401, CodeInvalidGrant: 401, CodeInvalidRequest: 400, CodeUnauthenticated: 401,
		CodeFreshLoginRequired: 403, CodeFactorRequired: 401, CodeNotFound: 404, CodeMethodNotAllowed: 405,
		CodeUnsupportedMediaType: 415, CodeTooLarge: 413, CodeCrossOrigin: 403, CodeModeMismatch: 400,
		CodeDuplicateCookie: 400, CodeCookieMismatch: 400, CodeEmailTaken: 409, CodeWeakPassword: 422,
		CodeTooManyRequests: 429, CodeBusy: 503, CodeUnavailable: 503, CodeInternal: 500, "": 500, "unknown": 500,
	} {
		w := httptest.NewRecorder()
		WriteProblem(w, get("/"), Problem{Code: code})
		if w.Code != want {
			t.Errorf("%q: status %d, want %d", code, w.Code, want)
		}
		if (w.Header().Get("WWW-Authenticate") != "") != (want == 401) {
			t.Errorf("%q: WWW-Authenticate = %q with status %d", code, w.Header().Get("WWW-Authenticate"), want)
		}
		if (w.Header().Get("Retry-After") != "") != (want == 429 || want == 503) {
			t.Errorf("%q: Retry-After = %q with status %d", code, w.Header().Get("Retry-After"), want)
		}
	}
}

func TestAProblemKeepsWhatTheHandlerSet(t *testing.T) {
	t.Parallel()
	w := httptest.NewRecorder()
	w.Header().Set("Retry-After", "30")
	WriteProblem(w, get("/"), Problem{Code: CodeBusy, Status: 429, Title: "Slow down"})
	if p := readProblem(t, w); w.Code != 429 || p.Title != "Slow down" || w.Header().Get("Retry-After") != "30" {
		t.Errorf("got %d %+v Retry-After %q", w.Code, p, w.Header().Get("Retry-After"))
	}
}

func TestReaderErrorsMapToTheirCodes(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		err  error
		want Code
	}{
		{ErrContentType, CodeUnsupportedMediaType},
		{ErrTooLarge, CodeTooLarge},
		{fmt.Errorf("x: %w", ErrMalformed), CodeInvalidRequest},
		{fmt.Errorf("x: %w", ErrDuplicate{Name: "a"}), CodeInvalidRequest},
		{ErrDuplicateCookie, CodeDuplicateCookie},
		{ErrBearer, CodeInvalidRequest},
		{errors.New("other"), CodeInternal},
	} {
		if got := ProblemFor(c.err).Code; got != c.want {
			t.Errorf("%v: got %s, want %s", c.err, got, c.want)
		}
	}
}

func TestJSONThatCannotBeEncodedIsOurFault(t *testing.T) {
	t.Parallel()
	w := newHarness().do(t, func(w http.ResponseWriter, _ *http.Request) {
		WriteJSON(w, http.StatusOK, map[string]any{"f": func() {}})
	}, get("/"))
	if p := readProblem(t, w); p.Code != CodeInternal || p.Instance != w.Header().Get(HeaderRequestID) || w.Code != 500 {
		t.Errorf("got %d %+v, want 500 internal with the request's id", w.Code, p)
	}
}

func TestJSONRepliesAreNeverStored(t *testing.T) {
	t.Parallel()
	w := httptest.NewRecorder()
	WriteJSON(w, http.StatusCreated, map[string]int{"a": 1})
	h := w.Header()
	if w.Code != 201 || w.Body.String() != `{"a":1}` || h.Get("Cache-Control") != "no-store" || h.Get("Pragma") != "no-cache" ||
		h.Get("Content-Type") != "application/json" || h.Get("X-Content-Type-Options") != "nosniff" {
		t.Errorf("got %d %v %s", w.Code, h, w.Body)
	}
}

func TestOnlyListedHostsAreServed(t *testing.T) {
	t.Parallel()
	local := AllowHosts(http.HandlerFunc(ok), LocalHosts())
	public := AllowHosts(http.HandlerFunc(ok), []string{"ID.example.com", "id.example.org:8443", "not a host"})
	for _, c := range []struct {
		handler http.Handler
		host    string
		want    int
	}{
		{local, "localhost", 200},
		{local, "localhost:8080", 200},
		{local, "LocalHost:1", 200},
		{local, "127.0.0.1:9", 200},
		{local, "[::1]", 200},
		{local, "[::1]:8080", 200},
		{local, "[0:0::1]:8080", 200},
		{local, "evil.example", 421},
		{local, "localhost.evil.example", 421},
		{local, "localhost.", 421},
		{local, "127.0.0.2", 421},
		{local, "[::2]", 421},
		{local, "sub.localhost", 421},
		{local, "", 400},
		{local, "localhost:", 400},
		{local, "localhost:99999", 400},
		{local, "localhost:080", 400},
		{local, "::1", 400},
		{local, "[::1", 400},
		{local, "[::1]x", 400},
		{local, "[::1%lo]", 400},
		{local, "[127.0.0.1]", 400},
		{local, "local host", 400},
		{local, "user@localhost", 400},
		{local, ":8080", 400},
		{local, "localhost:8080:1", 400},
		{public, "id.example.com", 200},
		{public, "id.example.com:443", 200},
		{public, "id.example.org:8443", 200},
		{public, "id.example.org", 421},
		{public, "id.example.org:443", 421},
		{public, "localhost", 421},
	} {
		r := get("/")
		r.Host = c.host
		w := httptest.NewRecorder()
		c.handler.ServeHTTP(w, r)
		if w.Code != c.want {
			t.Errorf("Host %q: %d, want %d", c.host, w.Code, c.want)
		}
	}
}

func FuzzSplitHost(f *testing.F) {
	for _, s := range []string{"localhost:8080", "[::1]:1", "[::1]", "a.b", ":", "[", "[]:", "a:0"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		name, port, good := splitHost(s)
		if !good {
			return
		}
		again := name
		if port != "" {
			again += ":" + port
		}
		if n, p, ok := splitHost(again); !ok || n != name || p != port {
			t.Errorf("%q → %q %q, which reads as %q %q %v", s, name, port, n, p, ok)
		}
	})
}
