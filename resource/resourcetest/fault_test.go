package resourcetest_test

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/daypass/daypass/oauth"
	"github.com/daypass/daypass/resource"
	"github.com/daypass/daypass/resource/resourcetest"
)

// protected is a fresh API, with nothing fetched and nothing remembered, that asks about opaque tokens.
func protected(t *testing.T, issuer *resourcetest.Issuer) *resource.Protector {
	t.Helper()
	cfg := issuer.Config()
	cfg.Introspection = issuer.Introspection()
	p, err := resource.New(issuer.URL(), cfg)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// code is how a token fares: "" for well.
func code(t *testing.T, p *resource.Protector, token string) oauth.ErrorCode {
	t.Helper()
	_, err := p.Verify(t.Context(), token)
	if refusal, ok := errors.AsType[*resource.Refusal](err); ok {
		return refusal.Code
	}
	if err != nil {
		t.Fatal(err)
	}
	return ""
}

func TestEachFaultShowsInItsOwnWay(t *testing.T) {
	t.Parallel()
	for fault, want := range map[resourcetest.Fault]struct{ jwt, opaque oauth.ErrorCode }{
		resourcetest.Healthy:     {"", ""},
		resourcetest.Down:        {oauth.TemporarilyUnavailable, oauth.TemporarilyUnavailable},
		resourcetest.Garbage:     {oauth.TemporarilyUnavailable, oauth.TemporarilyUnavailable},
		resourcetest.WrongIssuer: {oauth.TemporarilyUnavailable, oauth.TemporarilyUnavailable},
		resourcetest.WrongKeys:   {oauth.InvalidToken, ""},
		resourcetest.Forgetful:   {"", oauth.InvalidToken},
	} {
		issuer := resourcetest.NewIssuer()
		t.Cleanup(issuer.Close)
		issuer.SetFault(fault)
		p := protected(t, issuer)
		if got := code(t, p, issuer.Token(nil)); got != want.jwt {
			t.Errorf("fault %d: a JWT got %q, want %q", fault, got, want.jwt)
		}
		if got := code(t, p, issuer.OpaqueToken(nil)); got != want.opaque {
			t.Errorf("fault %d: an opaque token got %q, want %q", fault, got, want.opaque)
		}
		issuer.SetFault(resourcetest.Healthy)
		p = protected(t, issuer)
		if jwt, opaque := code(t, p, issuer.Token(nil)), code(t, p, issuer.OpaqueToken(nil)); jwt != "" || opaque != "" {
			t.Errorf("after fault %d: got %q and %q", fault, jwt, opaque)
		}
	}
}

func TestRotationIsGentleOrNot(t *testing.T) {
	t.Parallel()
	issuer := resourcetest.NewIssuer()
	t.Cleanup(issuer.Close)
	first := issuer.Token(nil)
	issuer.RotateKeyGently()
	second := issuer.Token(nil)
	p := protected(t, issuer)
	if got := []oauth.ErrorCode{code(t, p, first), code(t, p, second)}; got[0] != "" || got[1] != "" {
		t.Errorf("after a gentle rotation: got %q", got)
	}
	issuer.RotateKey()
	p = protected(t, issuer)
	if got := []oauth.ErrorCode{code(t, p, first), code(t, p, second), code(t, p, issuer.Token(nil))}; got[0] != oauth.InvalidToken || got[1] != oauth.InvalidToken || got[2] != "" {
		t.Errorf("after an emergency: got %q", got)
	}
}

func TestHeldRequestsWaitForRelease(t *testing.T) {
	t.Parallel()
	issuer := resourcetest.NewIssuer()
	t.Cleanup(issuer.Close)
	p := protected(t, issuer)
	arrived, release := issuer.Hold()
	done := make(chan error, 1)
	token := issuer.Token(nil)
	go func() { _, err := p.Verify(context.WithoutCancel(t.Context()), token); done <- err }()
	<-arrived
	select {
	case err := <-done:
		t.Fatalf("verified while the issuer was held: %v", err)
	default:
	}
	release()
	release() // a second time does no harm
	if err := <-done; err != nil {
		t.Fatal(err)
	}
}

func TestCloseLetsGoOfHeldRequests(t *testing.T) {
	t.Parallel()
	issuer := resourcetest.NewIssuer()
	arrived, _ := issuer.Hold()
	done := make(chan struct{})
	go func() {
		defer close(done)
		if res, err := http.Get(issuer.URL() + "/jwks"); err == nil {
			res.Body.Close()
		}
	}()
	<-arrived
	issuer.Close() // would block for good
	<-done
}

func TestIntrospectionAnswersItsClientAlone(t *testing.T) {
	t.Parallel()
	issuer := resourcetest.NewIssuer()
	t.Cleanup(issuer.Close)
	opaque, jwt := issuer.OpaqueToken(map[string]any{"tenant": "acme"}), issuer.Token(nil)
	expired := issuer.Token(map[string]any{"exp": issuer.Now().Add(-time.Second).Unix(), "iat": 1})
	revoked := issuer.OpaqueToken(nil)
	issuer.Revoke(revoked)
	ask := func(token, secret string) (int, string) {
		req := httptest.NewRequest(http.MethodPost, issuer.URL()+"/introspect", strings.NewReader(url.Values{"token": {token}}.Encode()))
		req.RequestURI = ""
		req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		req.SetBasicAuth(resourcetest.APIClientID, secret)
		res, err := http.DefaultClient.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		defer res.Body.Close()
		body := new(strings.Builder)
		if err := res.Write(body); err != nil {
			t.Fatal(err)
		}
		return res.StatusCode, body.String()
	}
	for name, tc := range map[string]struct {
		token, secret string
		status        int
		says          string
	}{
		"opaque":          {opaque, resourcetest.APIClientSecret, 200, `"tenant":"acme"`},
		"JWT":             {jwt, resourcetest.APIClientSecret, 200, `"active":true`},
		"revoked":         {revoked, resourcetest.APIClientSecret, 200, `{"active":false}`},
		"expired":         {expired, resourcetest.APIClientSecret, 200, `{"active":false}`},
		"unknown":         {"dpa_x", resourcetest.APIClientSecret, 200, `{"active":false}`},
		"nothing":         {"", resourcetest.APIClientSecret, 200, `{"active":false}`},
		"a wrong secret":  {opaque, "x", 401, ""},
		"a changed token": {jwt + "A", resourcetest.APIClientSecret, 200, `{"active":false}`},
	} {
		if status, body := ask(tc.token, tc.secret); status != tc.status || !strings.Contains(body, tc.says) {
			t.Errorf("%s: got %d %s", name, status, body)
		}
	}
	if issuer.Introspections() != 8 {
		t.Errorf("counted %d questions", issuer.Introspections())
	}
}
