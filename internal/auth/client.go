package auth

import (
	"slices"
	"time"

	"github.com/daypass/daypass/oauth"
)

// FirstPartyClient is the built-in public client that owns the grants of /v1 and /login.
const FirstPartyClient = "daypass"

// RefreshPolicy says whether a confidential or sender-constrained client's refresh token rotates.
type RefreshPolicy string

// The zero value is RefreshFixed's: RFC 9700 §2.2.2 asks rotation of public bearer clients only, and
// those always rotate whatever is written here.
const (
	RefreshFixed  RefreshPolicy = "fixed"
	RefreshRotate RefreshPolicy = "rotate"
)

// Client is an application registered to ask for tokens.
type Client struct {
	ID           string
	Name         string
	Public       bool
	SecretHashes [][32]byte // SHA-256; up to two, so that a secret can be rotated without a gap
	Grants       []oauth.GrantType
	RedirectURIs []string
	Scopes       []string // what it may ask for
	Resources    []string // what its tokens may be for; the first ones are the default
	Refresh      RefreshPolicy
	FirstParty   bool
	Metadata     ClientMetadata
	Epoch        int64 // grows with each revocation of the client's access
	CreatedAt    time.Time
	DisabledAt   time.Time // zero: enabled
}

// Disabled tells whether the client may do nothing.
func (c Client) Disabled() bool { return !c.DisabledAt.IsZero() }

// MayUse tells whether the client is registered for a grant type (RFC 7591 §2).
func (c Client) MayUse(g oauth.GrantType) bool { return slices.Contains(c.Grants, g) }

// AllowedScopes are what the client may ask for. One that uses authorization codes and names no scope may sign users in.
func (c Client) AllowedScopes() []string {
	if len(c.Scopes) > 0 || !c.MayUse(oauth.GrantAuthorizationCode) {
		return c.Scopes
	}
	return []string{oauth.ScopeOpenID, oauth.ScopeProfile, oauth.ScopeEmail, oauth.ScopeOfflineAccess}
}

// Rotates tells whether a refresh by this client moves the generation. binding is the key that the
// grant is bound to; empty for a bearer grant.
func (c Client) Rotates(binding string) bool {
	return !c.Proves(binding) || c.Refresh == RefreshRotate
}

// Proves tells whether whoever refreshes has to prove more than possession of the token: a
// confidential client authenticates, a sender-constrained one signs.
func (c Client) Proves(binding string) bool { return !c.Public || binding != "" }

// HasSecret tells whether the client proves who it is by a secret that this server knows the hash of.
func (c Client) HasSecret() bool {
	return !c.Public && c.Metadata.AuthMethod != oauth.AuthPrivateKeyJWT
}

// SigningAlgorithms lists what this server signs for the client by, where the client registered it.
func (c Client) SigningAlgorithms() []string {
	m := c.Metadata
	all := []string{m.IDTokenAlgorithm, m.UserInfoAlgorithm, m.IntrospectionAlgorithm}
	slices.Sort(all)
	return slices.DeleteFunc(slices.Compact(all), func(alg string) bool { return alg == "" })
}

// Unvouched tells whether nobody knows anything about who registered the client.
func (c Client) Unvouched() bool { return c.Metadata.Unvouched && !c.Metadata.Verified }

// Sector is what pairwise subjects of the client are shared within: the host of its sector_identifier_uri, or the one of its
// redirect URIs (OpenID Connect Core 1.0 §8.1). Empty: its subjects are public.
func (c Client) Sector() string {
	if c.Metadata.Subject != SubjectPairwise {
		return ""
	}
	if all := hosts([]string{c.Metadata.SectorURI}); all[0] != "" {
		return all[0]
	}
	if all := hosts(c.RedirectURIs); len(all) > 0 && all[0] != "" {
		return all[0]
	}
	return c.ID // of an application with a scheme of its own, which has no host
}

// AuthMethods lists how the client may authenticate (RFC 7591 §2).
func (c Client) AuthMethods() []oauth.ClientAuthMethod {
	if m := c.Metadata.AuthMethod; m != "" {
		return []oauth.ClientAuthMethod{m}
	}
	if c.Public {
		return []oauth.ClientAuthMethod{oauth.AuthNone}
	}
	return []oauth.ClientAuthMethod{oauth.AuthSecretBasic, oauth.AuthSecretPost}
}
