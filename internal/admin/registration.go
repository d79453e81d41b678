package admin

import (
	"context"
	"crypto/subtle"
	"encoding/base64"
	"encoding/json"
	"errors"
	"slices"

	"github.com/daypass/daypass/internal/auth"
	"github.com/daypass/daypass/internal/secret"
	"github.com/daypass/daypass/oauth"
)

// registrationPrefix starts every registration access token.
const registrationPrefix = "dpm_"

const maxSectorDocument = 64 << 10 // bytes

// ErrRegistrationToken refuses a registration without the token that it needs, or a look at a client without its own. Whether
// there is such a client does not show (RFC 7592 §2.1).
var ErrRegistrationToken = errors.New("admin: no good token for this registration")

// Documents reads what clients publish.
type Documents interface {
	Get(ctx context.Context, address string, most int64) ([]byte, error)
}

// Registrar lets clients register themselves (RFC 7591, RFC 7592), within a policy.
type Registrar struct {
	Admin     *Service
	Policy    auth.RegistrationPolicy
	Initial   secret.Token // initial access token that is needed; zero: everybody may
	Documents Documents
	// Count counts a registration; *auth.Throttled when it has to wait.
	Count func(ctx context.Context, caller auth.Caller) error
}

// Registered is a client as it hears of itself.
type Registered struct {
	Client auth.Client
	Secret secret.Token // of a new confidential client, once
	Token  secret.Token // its new registration access token; zero: the old one goes on
}

// Register makes a client. The errors are ErrRegistrationToken, *oauth.Error, *auth.Throttled and the store's.
func (g *Registrar) Register(ctx context.Context, r auth.Registration, initial secret.Token, caller auth.Caller) (Registered, error) {
	if !g.Initial.IsZero() && !sameHash(g.Initial.Hash(), initial.Hash()) {
		return Registered{}, ErrRegistrationToken
	}
	if err := g.Count(ctx, caller); err != nil {
		return Registered{}, err
	}
	c, err := g.client(ctx, r)
	if err != nil {
		return Registered{}, err
	}
	token := newRegistrationToken()
	c.Metadata.RegistrationHash, c.Metadata.Unvouched = hashText(token), g.Initial.IsZero()
	made, plain, err := g.Admin.CreateClient(ctx, NewClient{
		Name: c.Name, Public: c.Public, Grants: c.Grants, RedirectURIs: c.RedirectURIs, Scopes: c.Scopes, Resources: c.Resources,
		Refresh: c.Refresh, Metadata: c.Metadata,
	}, registeringItself(caller))
	return Registered{Client: made, Secret: plain, Token: token}, err
}

// client judges a registration, and the list that a sector_identifier_uri publishes (OpenID Connect Registration 1.0 §5).
func (g *Registrar) client(ctx context.Context, r auth.Registration) (auth.Client, error) {
	c, wrong := r.Client(g.Policy)
	if wrong != nil {
		return c, wrong
	}
	if c.Metadata.SectorURI == "" {
		return c, nil
	}
	body, err := g.Documents.Get(ctx, c.Metadata.SectorURI, maxSectorDocument)
	var listed []string
	if err != nil || json.Unmarshal(body, &listed) != nil {
		return c, oauth.NewError(oauth.InvalidClientMetadata, "sector_identifier_uri: no list of redirect URIs can be read there")
	}
	for _, uri := range c.RedirectURIs {
		if !slices.Contains(listed, uri) {
			return c, oauth.NewError(oauth.InvalidClientMetadata, "sector_identifier_uri: its list lacks a redirect URI")
		}
	}
	return c, nil
}

// Read returns a client to itself.
func (g *Registrar) Read(ctx context.Context, id string, token secret.Token) (Registered, error) {
	c, err := g.own(ctx, id, token)
	return Registered{Client: c}, err
}

// Replace writes a client anew and gives it another registration access token (RFC 7592 §2.2).
func (g *Registrar) Replace(ctx context.Context, id string, token secret.Token, r auth.Registration, caller auth.Caller) (Registered, error) {
	have, err := g.own(ctx, id, token)
	if err != nil {
		return Registered{}, err
	}
	switch {
	case r.ClientID != id:
		return Registered{}, oauth.NewError(oauth.InvalidClientMetadata, "client_id: it must be there and be the client's own")
	case r.RegistrationAccessToken != nil || r.RegistrationClientURI != nil || r.SecretExpiresAt != nil || r.IDIssuedAt != nil:
		return Registered{}, oauth.NewError(oauth.InvalidClientMetadata, "registration_access_token, registration_client_uri, client_secret_expires_at and client_id_issued_at are not sent back")
	case r.ClientSecret != "" && !g.Admin.hasSecret(ctx, id, secret.FromString(r.ClientSecret)):
		return Registered{}, oauth.NewError(oauth.InvalidClientMetadata, "client_secret: it is not the client's own, and none can be chosen")
	}
	want, err := g.client(ctx, r)
	if err != nil {
		return Registered{}, err
	}
	if want.Public != have.Public || want.HasSecret() != have.HasSecret() {
		return Registered{}, oauth.NewError(oauth.InvalidClientMetadata, "token_endpoint_auth_method: a client with a secret keeps one, and one without gets none; register anew")
	}
	next := newRegistrationToken()
	want.Metadata.Unvouched = have.Metadata.Unvouched
	want.Metadata.RegistrationHash, want.Metadata.Verified = hashText(next), have.Metadata.Verified && want.Name == have.Name
	view, _, err := g.Admin.UpdateClient(ctx, id, func(c *auth.Client) {
		c.Name, c.Grants, c.RedirectURIs, c.Scopes, c.Refresh, c.Metadata = want.Name, want.Grants, want.RedirectURIs, want.Scopes, want.Refresh, want.Metadata
	}, registeringItself(caller))
	return Registered{Client: view.Client, Token: next}, err
}

// Remove deletes a client and ends all it holds (RFC 7592 §2.3).
func (g *Registrar) Remove(ctx context.Context, id string, token secret.Token, caller auth.Caller) error {
	if _, err := g.own(ctx, id, token); err != nil {
		return err
	}
	_, err := g.Admin.DeleteClient(ctx, id, registeringItself(caller))
	return err
}

// own finds the client whose registration access token somebody holds.
func (g *Registrar) own(ctx context.Context, id string, token secret.Token) (auth.Client, error) {
	v, err := g.Admin.ShowClient(ctx, id)
	if errors.Is(err, auth.ErrNotFound) {
		return auth.Client{}, ErrRegistrationToken
	}
	if err != nil {
		return auth.Client{}, err
	}
	kept := v.Metadata.RegistrationHash
	if token.IsZero() || !v.Metadata.Registered || kept == "" || v.Disabled() || subtle.ConstantTimeCompare([]byte(kept), []byte(hashText(token))) != 1 {
		return auth.Client{}, ErrRegistrationToken
	}
	return v.Client, nil
}

func newRegistrationToken() secret.Token {
	return secret.FromString(registrationPrefix + base64.RawURLEncoding.EncodeToString(secret.Random(32)))
}

func hashText(t secret.Token) string {
	h := t.Hash()
	return base64.RawURLEncoding.EncodeToString(h[:])
}

func sameHash(a, b [32]byte) bool { return subtle.ConstantTimeCompare(a[:], b[:]) == 1 }

func registeringItself(caller auth.Caller) Actor {
	return Actor{Name: "the client itself", Caller: caller}
}
