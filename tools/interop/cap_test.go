package interop

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"net/url"
	"testing"
	"time"

	"github.com/hashicorp/cap/oidc"
	"golang.org/x/oauth2"

	"github.com/daypass/daypass/tools/e2e"
)

// TestHashicorpCapLogsAUserIn goes the code flow with PKCE, with a client that keeps a secret.
func TestHashicorpCapLogsAUserIn(t *testing.T) {
	t.Parallel()
	s := e2e.Daypass(t)
	answers := make(chan url.Values, 1)
	app := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { answers <- r.URL.Query() }))
	t.Cleanup(app.Close)
	callback := app.URL + "/callback"
	client := register(t, s, "cap", "--redirect-uri", callback)

	config, err := oidc.NewConfig(s.URL, client.ID, oidc.ClientSecret(client.Secret), []oidc.Alg{oidc.RS256}, []string{callback})
	if err != nil {
		t.Fatal(err)
	}
	provider, err := oidc.NewProvider(config)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(provider.Done)
	verifier, err := oidc.NewCodeVerifier()
	if err != nil {
		t.Fatal(err)
	}
	request, err := oidc.NewRequest(5*time.Minute, callback, oidc.WithPKCE(verifier), oidc.WithScopes("email", "offline_access"))
	if err != nil {
		t.Fatal(err)
	}
	address, err := provider.AuthURL(t.Context(), request)
	if err != nil {
		t.Fatal(err)
	}
	e2e.LogInAndAllow(t, address)
	answer := <-answers
	token, err := provider.Exchange(t.Context(), request, answer.Get("state"), answer.Get("code"))
	if err != nil {
		t.Fatal(err)
	}
	checkCap(t, provider, client.ID, token)

	if _, err := provider.Exchange(t.Context(), request, "another", answer.Get("code")); err == nil {
		t.Error("an answer with another state was taken")
	}
	if _, err := provider.Exchange(t.Context(), request, answer.Get("state"), answer.Get("code")); err == nil {
		t.Error("the code was taken twice")
	}
}

// checkCap compares the ID token with UserInfo.
func checkCap(t *testing.T, provider *oidc.Provider, client string, token oidc.Token) {
	t.Helper()
	var id struct{ Sub, Aud string }
	if err := token.IDToken().Claims(&id); err != nil {
		t.Fatal(err)
	}
	var user struct{ Sub, Email string }
	source := oauth2.StaticTokenSource(&oauth2.Token{AccessToken: string(token.AccessToken())})
	if err := provider.UserInfo(t.Context(), source, id.Sub, &user); err != nil {
		t.Fatal(err)
	}
	if user.Email != e2e.DemoEmail || user.Sub != id.Sub || id.Aud != client || token.RefreshToken() == "" {
		t.Errorf("ID token %+v, UserInfo %+v, with a refresh token: %v", id, user, token.RefreshToken() != "")
	}
}

// registered is what `client create` says.
type registered struct {
	ID     string `json:"client_id"`
	Secret string `json:"client_secret"`
}

func register(t *testing.T, s *e2e.Server, id string, more ...string) (c registered) {
	t.Helper()
	said := s.Command(t, "", append([]string{"client", "create", "--json", "--id", id, "--name", id}, more...)...)
	if err := json.Unmarshal([]byte(said), &c); err != nil {
		t.Fatal(err)
	}
	return c
}
