package pages

import (
	"errors"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"github.com/daypass/daypass/internal/auth"
)

// confirming asks for a code before there is an account.
func confirming(c *Config, f *fake) { c.SignUps = f }

func (s *site) postCode(cookie, code string) *httptest.ResponseRecorder {
	r := httptest.NewRequest(http.MethodPost, "/signup/code", strings.NewReader(url.Values{"code": {code}}.Encode()))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	r.AddCookie(&http.Cookie{Name: "daypass-signup", Value: cookie})
	return s.do(r)
}

func TestSignUpInTwoSteps(t *testing.T) {
	t.Parallel()
	s := newSite(t, confirming)
	reply := s.post("/signup", url.Values{"username": {"new@example.com"}, "password": {"a long password"}})
	if reply.Code != http.StatusSeeOther || reply.Header().Get("Location") != "/signup/code" || reply.Header().Get("Cache-Control") != "no-store" {
		t.Errorf("begin: got %d to %q", reply.Code, reply.Header().Get("Location"))
	}
	if c := reply.Result().Cookies(); len(c) != 1 || c[0].Name != "daypass-signup" || c[0].Value != "dpu_begun" || c[0].MaxAge != 3600 || !c[0].HttpOnly {
		t.Errorf("cookies %v, want the sign-up's for an hour", c)
	}
	if got := s.get("/signup/code"); got.Code != http.StatusSeeOther || got.Header().Get("Location") != "/signup" {
		t.Errorf("another browser: got %d to %q, want the first step", got.Code, got.Header().Get("Location"))
	}
	r := httptest.NewRequest(http.MethodGet, "/signup/code", http.NoBody)
	r.AddCookie(&http.Cookie{Name: "daypass-signup", Value: "dpu_begun"})
	if body := s.do(r).Body.String(); !strings.Contains(body, "new@example.com") || !strings.Contains(body, `action="/signup/code"`) {
		t.Error("the second step does not say where the code went, or sends it elsewhere")
	}
	in := s.postCode("dpu_begun", "ABCD-EFGH")
	if in.Code != http.StatusSeeOther || in.Header().Get("Location") != "/account" {
		t.Errorf("the code: got %d to %q", in.Code, in.Header().Get("Location"))
	}
	if !s.asked.New || s.asked.SignUp.Reveal() != "dpu_begun" || s.asked.Code.Reveal() != "ABCD-EFGH" {
		t.Errorf("the use case got New = %v", s.asked.New)
	}
	for _, c := range in.Result().Cookies() {
		if gone := c.MaxAge < 0; gone != (c.Name == "daypass-signup") {
			t.Errorf("cookie %s: taken away = %v", c.Name, gone)
		}
	}
}

func TestOutcomesOfASignUpInTwoSteps(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		err    error
		status int
		text   string
	}{
		{auth.ErrCode, 422, "This code is not right"},
		{auth.ErrEmailTaken, 409, "cannot be used"},
		{errors.New("pq: the cause"), 500, "internal"},
	} {
		s := newSite(t, confirming)
		s.err = c.err
		reply := s.postCode("dpu_begun", "s3cret-canary")
		if body := reply.Body.String(); reply.Code != c.status || !strings.Contains(body, c.text) || strings.Contains(body, "s3cret-canary") || strings.Contains(body, "pq:") {
			t.Errorf("%v: got %d", c.err, reply.Code)
		}
		if len(reply.Result().Cookies()) != 0 {
			t.Errorf("%v: cookies are touched", c.err)
		}
	}
}

func TestNobodyIsLedToASignUpThatIsClosed(t *testing.T) {
	t.Parallel()
	s := newSite(t, func(c *Config, _ *fake) { c.NoSignUp, c.Demo = true, nil })
	if got := s.get("/signup").Code; got != http.StatusNotFound {
		t.Errorf("/signup: got %d, want 404", got)
	}
	for _, path := range []string{"/", "/login"} {
		if strings.Contains(s.get(path).Body.String(), "/signup") {
			t.Errorf("%s leads to /signup", path)
		}
	}
}
