package protocol_test

import (
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/daypass/daypass/internal/auth"
	"github.com/daypass/daypass/internal/secret"
	"github.com/daypass/daypass/internal/store"
	"github.com/daypass/daypass/oauth"
)

func TestPublicClientRotatesAndTheNewTokenGoesOn(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	_, first := w.grant(publicID)
	a := w.refresh(publicID, first)
	if a.status != 200 || a.str("token_type") != "Bearer" || a.body["expires_in"] != 600.0 || a.str("scope") != "read write" {
		t.Fatalf("got %d %s", a.status, a.raw)
	}
	if a.header.Get("Cache-Control") != "no-store" || a.header.Get("Pragma") != "no-cache" {
		t.Errorf("headers: got %v, want no-store", a.header)
	}
	second := a.str("refresh_token")
	if second == first || second == "" {
		t.Fatal("the refresh token did not rotate")
	}
	if b := w.refresh(publicID, second); b.status != 200 {
		t.Errorf("second refresh: got %d %s", b.status, b.raw)
	}
	claims, err := w.ring.VerifyAccess(secret.FromString(a.str("access_token")), api, false)
	if err != nil || claims.Subject != w.user.ID.String() || claims.ClientID != publicID || claims.Roles[0] != "editor" || claims.GrantID == "" {
		t.Errorf("claims: got %+v, %v", claims, err)
	}
}

func TestRetryGetsTheSameSuccessor(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	_, first := w.grant(publicID)
	a, b := w.refresh(publicID, first), w.refresh(publicID, first)
	if a.status != 200 || b.status != 200 || a.str("refresh_token") != b.str("refresh_token") {
		t.Errorf("got %d and %d, want the same successor twice", a.status, b.status)
	}
}

func TestReuseRevokesTheWholeGrant(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	g, stolen := w.grant(publicID)
	owner := w.refresh(publicID, stolen).str("refresh_token")
	w.pass(31 * time.Second)
	newest := w.refresh(publicID, owner)
	w.refresh(publicID, stolen).want(t, 400, oauth.InvalidGrant)
	w.refresh(publicID, newest.str("refresh_token")).want(t, 400, oauth.InvalidGrant)
	answer := w.post("/oauth/introspect", url.Values{"token": {newest.str("access_token")}}, basic(machineID, secretOf))
	if answer.raw != "{\"active\":false}" && answer.raw != "{\"active\":false}\n" {
		t.Errorf("access token of a dead grant introspects as %s", answer.raw)
	}
	must(t, w.db.View(t.Context(), func(tx *store.Tx) error {
		events, err := tx.Events.OfGrant(t.Context(), g.ID, 10)
		if err != nil || len(events) == 0 || events[0].Kind != auth.EventGrantReuse {
			t.Errorf("events: got %+v, %v, want %s", events, err, auth.EventGrantReuse)
		}
		published, err := tx.Revocations.Contains(t.Context(), auth.RevokeGrant, g.ID.String())
		if !published {
			t.Error("no revocation was published")
		}
		return err
	}))
}

func TestAnotherClientCannotRefreshNorLogTheOwnerOut(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	_, token := w.grant(publicID)
	form := url.Values{"grant_type": {"refresh_token"}, "refresh_token": {token}}
	w.post("/oauth/token", form, basic(strangerID, secretOf)).want(t, 400, oauth.InvalidGrant)
	if r := w.refresh(publicID, token); r.status != 200 {
		t.Errorf("the owner afterwards: got %d %s", r.status, r.raw)
	}
}

func TestConfidentialRefreshTokenIsFixedByDefault(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	_, token := w.grant(machineID)
	form := url.Values{"grant_type": {"refresh_token"}, "refresh_token": {token}}
	for range 2 {
		w.pass(2 * time.Hour)
		if r := w.post("/oauth/token", form, basic(machineID, secretOf)); r.status != 200 || r.str("refresh_token") != token {
			t.Errorf("got %d %s, want the same token", r.status, r.raw)
		}
	}
	w.refresh(machineID, token).want(t, 401, oauth.InvalidClient) // without its secret
}

func TestConfidentialClientMayRotateAndItsOldTokenStaysReplayable(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	_, token := w.grant(rotaterID)
	form := url.Values{"grant_type": {"refresh_token"}, "refresh_token": {token}}
	first := w.post("/oauth/token", form, basic(rotaterID, secretOf))
	w.pass(time.Hour)
	again := w.post("/oauth/token", form, basic(rotaterID, secretOf))
	if first.str("refresh_token") == token || again.str("refresh_token") != first.str("refresh_token") {
		t.Errorf("got %s then %s, want one successor for both", first.raw, again.raw)
	}
}

func TestScopeAndResourceAreNarrowedForOneTokenOnly(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	_, token := w.grant(publicID)
	w.refresh(publicID, token, "scope", "read admin").want(t, 400, oauth.InvalidScope)
	w.refresh(publicID, token, "scope", "re").want(t, 400, oauth.InvalidScope)
	w.refresh(publicID, token, "resource", "https://evil.example").want(t, 400, oauth.InvalidTarget)
	r := w.refresh(publicID, token, "scope", "read", "resource", api)
	claims, err := w.ring.VerifyAccess(secret.FromString(r.str("access_token")), api, false)
	if err != nil || claims.Scope != "read" || len(claims.Audience) != 1 {
		t.Errorf("narrowed token: got %+v, %v", claims, err)
	}
	if whole := w.refresh(publicID, r.str("refresh_token")); whole.str("scope") != "read write" {
		t.Errorf("the grant lost scope: %s", whole.raw)
	}
}

func TestWhatTheClientLostCannotBeAskedForAnyMore(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	_, token := w.grant(strangerID) // granted read and write for two APIs, registered for read and none
	form := url.Values{"grant_type": {"refresh_token"}, "refresh_token": {token}, "resource": {api}}
	w.post("/oauth/token", form, basic(strangerID, secretOf)).want(t, 400, oauth.InvalidTarget)
	form = url.Values{"grant_type": {"refresh_token"}, "refresh_token": {token}, "scope": {"write"}}
	w.post("/oauth/token", form, basic(strangerID, secretOf)).want(t, 400, oauth.InvalidScope)
	form = url.Values{"grant_type": {"refresh_token"}, "refresh_token": {token}}
	if r := w.post("/oauth/token", form, basic(strangerID, secretOf)); r.status != 200 || r.str("scope") != "read" {
		t.Errorf("what is left: got %d %s", r.status, r.raw)
	}
	w = ready(t)
	code := w.code(with(good(webID), "scope", "openid email read"))
	w.change(webID, func(c *auth.Client) { c.Scopes, c.Resources = []string{"openid", "read"}, []string{api} })
	if r := w.redeem(webID, code); r.str("scope") != "openid read" || !slices.Equal(w.claims(r).Audience, auth.Audience{api}) {
		t.Errorf("between the code and its tokens: got %d %s", r.status, r.raw)
	}
}

// change writes a client anew, as a command does.
func (w *world) change(id string, how func(*auth.Client)) {
	w.t.Helper()
	must(w.t, w.db.Update(w.t.Context(), func(tx *store.Tx) error {
		c, err := tx.Clients.Find(w.t.Context(), id)
		if err != nil {
			return err
		}
		how(&c)
		_, err = tx.Clients.Update(w.t.Context(), c)
		return err
	}))
	w.known.Forget()
}

func TestRefreshTokenRunsOut(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	_, idle := w.grant(publicID)
	w.pass(auth.DefaultSessionIdle)
	w.refresh(publicID, idle).want(t, 400, oauth.InvalidGrant)
	_, token := w.grant(publicID)
	for range 5 { // kept in use until the session's absolute end
		w.pass(6 * 24 * time.Hour)
		if r := w.refresh(publicID, token); r.status == 200 {
			token = r.str("refresh_token")
		}
	}
	w.refresh(publicID, token).want(t, 400, oauth.InvalidGrant)
}

func TestDisabledUserAndDisabledClientCannotRefresh(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	_, token := w.grant(publicID)
	must(t, w.db.Update(t.Context(), func(tx *store.Tx) error {
		_, err := tx.Users.SetDisabled(t.Context(), w.user.ID, w.now()) // and no mark on the grant: the user is looked at again
		return err
	}))
	w.refresh(publicID, token).want(t, 400, oauth.InvalidGrant)
	w.post("/oauth/token", url.Values{"grant_type": {"client_credentials"}}, basic("off", secretOf)).want(t, 401, oauth.InvalidClient)
}

func TestClientCredentials(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	form := url.Values{"grant_type": {"client_credentials"}, "scope": {"read"}, "resource": {api}}
	r := w.post("/oauth/token", form, basic(machineID, secretOf))
	if r.status != 200 || r.body["refresh_token"] != nil {
		t.Fatalf("got %d %s, want an access token alone", r.status, r.raw)
	}
	claims, err := w.ring.VerifyAccess(secret.FromString(r.str("access_token")), api, false)
	if err != nil || claims.Subject != machineID || claims.Scope != "read" || claims.GrantID != "" {
		t.Errorf("claims: got %+v, %v", claims, err)
	}
	if none := w.post("/oauth/token", url.Values{"grant_type": {"client_credentials"}}, basic(strangerID, secretOf)); none.status != 200 {
		t.Errorf("client without resources: got %d %s", none.status, none.raw)
	} else if claims, err = w.ring.VerifyAccess(secret.FromString(none.str("access_token")), issuer+"/oauth/userinfo", false); err != nil {
		t.Errorf("client without resources: got %+v, %v, want the UserInfo endpoint as audience", claims, err)
	}
}

func TestTokenEndpointRefusesBadRequests(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	cc := func(more ...string) url.Values {
		f := url.Values{"grant_type": {"client_credentials"}}
		for i := 0; i+1 < len(more); i += 2 {
			f.Add(more[i], more[i+1])
		}
		return f
	}
	none := func(*http.Request) {}
	for name, c := range map[string]struct {
		form   url.Values
		option func(*http.Request)
		status int
		code   oauth.ErrorCode
	}{
		"no grant type":               {url.Values{"client_id": {publicID}}, none, 400, oauth.InvalidRequest},
		"password grant":              {url.Values{"grant_type": {"password"}}, basic(machineID, secretOf), 400, oauth.UnsupportedGrantType},
		"log-in hook by name":         {url.Values{"grant_type": {string(auth.GrantLogin)}}, basic(machineID, secretOf), 400, oauth.UnsupportedGrantType},
		"grant type not registered":   {cc(), basic("codeonly", secretOf), 400, oauth.UnauthorizedClient},
		"public client_credentials":   {cc("client_id", publicID), none, 400, oauth.UnauthorizedClient},
		"repeated parameter":          {cc("scope", "read", "scope", "write"), basic(machineID, secretOf), 400, oauth.InvalidRequest},
		"wrong secret":                {cc(), basic(machineID, "wrong"), 401, oauth.InvalidClient},
		"unknown client":              {cc(), basic("nobody", secretOf), 401, oauth.InvalidClient},
		"bad base64":                  {cc(), func(r *http.Request) { r.Header.Set("Authorization", "Basic !!!") }, 401, oauth.InvalidClient},
		"bearer instead of basic":     {cc(), func(r *http.Request) { r.Header.Set("Authorization", "Bearer abc") }, 401, oauth.InvalidClient},
		"two methods":                 {cc("client_secret", secretOf, "client_id", machineID), basic(machineID, secretOf), 400, oauth.InvalidRequest},
		"another client_id":           {cc("client_id", strangerID), basic(machineID, secretOf), 400, oauth.InvalidRequest},
		"confidential without secret": {cc("client_id", machineID), none, 401, oauth.InvalidClient},
		"public client with a secret": {url.Values{"grant_type": {"refresh_token"}}, basic(publicID, secretOf), 401, oauth.InvalidClient},
		"no client at all, without":   {cc(), none, 401, oauth.InvalidClient},
		"unknown scope":               {cc("scope", "admin"), basic(machineID, secretOf), 400, oauth.InvalidScope},
		"bad scope characters":        {cc("scope", "re\"ad"), basic(machineID, secretOf), 400, oauth.InvalidScope},
		"unknown resource":            {cc("resource", "https://evil.example"), basic(machineID, secretOf), 400, oauth.InvalidTarget},
		"refresh without token":       {url.Values{"grant_type": {"refresh_token"}, "client_id": {publicID}}, none, 400, oauth.InvalidRequest},
		"garbage refresh token":       {url.Values{"grant_type": {"refresh_token"}, "client_id": {publicID}, "refresh_token": {"dpr_nonsense"}}, none, 400, oauth.InvalidGrant},
		"JSON body":                   {cc(), func(r *http.Request) { r.Header.Set("Content-Type", "application/json") }, 400, oauth.InvalidRequest},
		"secret in the URL":           {cc("client_id", machineID), func(r *http.Request) { r.URL.RawQuery = "client_secret=x" }, 400, oauth.InvalidRequest},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := w.post("/oauth/token", c.form, c.option)
			r.want(t, c.status, c.code)
			challenged := r.header.Get("WWW-Authenticate") != ""
			if used := c.status == 401 && !strings.Contains(name, "without"); challenged != used {
				t.Errorf("challenge: got %q, want one only for a client that used the header", r.header.Get("WWW-Authenticate"))
			}
			if strings.Contains(r.raw, "s3cret") || strings.Contains(r.raw, "nonsense") {
				t.Errorf("the answer echoes a credential: %s", r.raw)
			}
		})
	}
}

func TestSecretWithOddCharactersWorksByBothMethods(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	form := url.Values{"grant_type": {"client_credentials"}}
	if r := w.post("/oauth/token", form, basic(machineID, secretOf)); r.status != 200 {
		t.Errorf("basic: got %d %s", r.status, r.raw)
	}
	form.Set("client_id", machineID)
	form.Set("client_secret", secretOf)
	if r := w.post("/oauth/token", form); r.status != 200 {
		t.Errorf("post: got %d %s", r.status, r.raw)
	}
}

func TestOtherMethodsAreNotAllowed(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for path, method := range map[string]string{
		"/oauth/token": "GET", "/oauth/introspect": "GET", "/oauth/revoke": "PUT", "/oauth/jwks": "POST",
		"/.well-known/openid-configuration": "POST",
	} {
		req, err := http.NewRequestWithContext(t.Context(), method, w.server.URL+path, nil)
		must(t, err)
		if r := w.do(req); r.status != 405 || r.header.Get("Allow") == "" {
			t.Errorf("%s %s: got %d, want 405 with Allow", method, path, r.status)
		}
	}
}
