package auth

import (
	"fmt"
	"net/url"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/daypass/daypass/internal/jose"
	"github.com/daypass/daypass/oauth"
)

const (
	maxContacts = 16
	maxACR      = 16
	maxAge      = 10 * 365 * 24 * 3600 // seconds
)

// metadata judges what a client says of itself beyond the columns. Fields have their registered names, those of Daypass
// itself lose their daypass_.
func (f *clientFaults) metadata(c Client) {
	m := c.Metadata
	for _, page := range []struct{ field, uri string }{
		{"client_uri", m.ClientURI},
		{"logo_uri", m.LogoURI},
		{"policy_uri", m.PolicyURI},
		{"tos_uri", m.TermsURI},
		{"jwks_uri", m.JWKSURI},
		{"sector_identifier_uri", m.SectorURI},
		{"initiate_login_uri", m.InitiateLoginURI},
		{"backchannel_logout_uri", m.BackChannelLogoutURI},
		{"frontchannel_logout_uri", m.FrontChannelLogoutURI},
	} {
		if why := WebURIFault(page.uri); page.uri != "" && why != "" {
			f.value(page.field, -1, page.uri, why)
		}
	}
	f.each("contacts", m.Contacts, maxContacts, contactFault)
	f.each("default_acr_values", m.DefaultACR, maxACR, ScopeFault)
	f.each("post_logout_redirect_uris", m.PostLogoutRedirectURIs, maxURIs, func(s string) string { return RedirectURIFault(s, c.Public) })
	f.each("allowed_origins", m.AllowedOrigins, maxURIs, OriginFault)
	for _, alg := range []struct{ field, value string }{
		{"token_endpoint_auth_signing_alg", m.AuthAlgorithm},
		{"id_token_signed_response_alg", m.IDTokenAlgorithm},
		{"userinfo_signed_response_alg", m.UserInfoAlgorithm},
		{"request_object_signing_alg", m.RequestObjectAlgorithm},
		{"introspection_signed_response_alg", m.IntrospectionAlgorithm},
	} {
		if why := AlgorithmFault(alg.value); alg.value != "" && why != "" {
			f.value(alg.field, -1, alg.value, why)
		}
	}
	if m.AssertionAudience != "" && m.AssertionAudience != AudienceIssuer && m.AssertionAudience != AudienceEndpoint {
		f.value("assertion_audience", -1, string(m.AssertionAudience), fmt.Sprintf("write %s or %s", AudienceIssuer, AudienceEndpoint))
	}
	if m.DefaultMaxAge != nil && (*m.DefaultMaxAge < 0 || *m.DefaultMaxAge > maxAge) {
		f.add("default_max_age", -1, "write a number of seconds, 0 or more")
	}
	f.authentication(c)
	f.policies(c)
	f.notServed(m)
}

// notServed refuses what would be a promise that this server does not keep yet: a client that is told nothing of a log-out,
// or is known by one sub where it asked for its own, had better not be registered so.
func (f *clientFaults) notServed(m ClientMetadata) {
	for _, promise := range []struct {
		field string
		made  bool
	}{
		{"frontchannel_logout_uri", m.FrontChannelLogoutURI != ""},
	} {
		if promise.made && !slices.ContainsFunc(*f, func(x Fault) bool { return x.Field == promise.field }) {
			f.add(promise.field, -1, "this server does not do that yet: leave it out")
		}
	}
}

// authentication judges how a client proves who it is, and the keys it does that with (RFC 7591 §2).
func (f *clientFaults) authentication(c Client) {
	m, field := c.Metadata, "token_endpoint_auth_method"
	known := []oauth.ClientAuthMethod{"", oauth.AuthNone, oauth.AuthSecretBasic, oauth.AuthSecretPost, oauth.AuthPrivateKeyJWT}
	switch {
	case !slices.Contains(known, m.AuthMethod):
		f.value(field, -1, string(m.AuthMethod), fmt.Sprintf("write %s, %s, %s or %s", oauth.AuthSecretBasic, oauth.AuthSecretPost, oauth.AuthPrivateKeyJWT, oauth.AuthNone))
	case c.Public && m.AuthMethod != "" && m.AuthMethod != oauth.AuthNone:
		f.add(field, -1, "a public client cannot prove who it is: write none, or nothing")
	case !c.Public && m.AuthMethod == oauth.AuthNone:
		f.add(field, -1, "a confidential client proves who it is: write another method, or make the client public")
	case m.RequireSignedRequest && len(m.JWKS) == 0 && m.JWKSURI == "":
		f.add("require_signed_request_object", -1, "signed requests need the client's public keys: write jwks or jwks_uri as well")
	case m.AuthMethod == oauth.AuthPrivateKeyJWT && len(m.JWKS) == 0 && m.JWKSURI == "":
		f.add(field, -1, "private_key_jwt needs the client's public keys: write jwks or jwks_uri as well")
	}
	if len(m.JWKS) == 0 {
		return
	}
	if m.JWKSURI != "" { // RFC 7591 §2
		f.add("jwks_uri", -1, "jwks is there as well: write one of the two")
	}
	if set, err := jose.ParseKeySet(m.JWKS); err != nil {
		f.add("jwks", -1, `write {"keys": […]} with public keys for signatures only, each with an id of its own`)
	} else if len(set.Keys()) == 0 {
		f.add("jwks", -1, "no key in it can be used: each needs a kid, and is for ES256, EdDSA, RS256 or PS256")
	}
}

// policies judges what does not go together.
func (f *clientFaults) policies(c Client) {
	m := c.Metadata
	switch {
	case m.PKCE != "" && m.PKCE != PKCERequired && m.PKCE != PKCEWhenSent:
		f.value("pkce", -1, string(m.PKCE), fmt.Sprintf("write %s or %s", PKCERequired, PKCEWhenSent))
	case c.Public && m.PKCE == PKCEWhenSent: // OAuth 2.1 §7.5.1
		f.add("pkce", -1, "a public client always uses PKCE: write required, or nothing")
	}
	switch {
	case m.Subject != "" && m.Subject != SubjectPublic && m.Subject != SubjectPairwise:
		f.value("subject_type", -1, string(m.Subject), fmt.Sprintf("write %s or %s", SubjectPublic, SubjectPairwise))
	case m.Subject == SubjectPairwise && m.SectorURI == "" && len(hosts(c.RedirectURIs)) > 1: // OpenID Connect Core 1.0 §8.1
		f.add("subject_type", -1, "the redirect URIs have several hosts: pairwise needs a sector_identifier_uri as well")
	}
	if m.FrontChannelLogoutURI != "" && !slices.ContainsFunc(c.RedirectURIs, func(s string) bool { return sameOrigin(s, m.FrontChannelLogoutURI) }) {
		// OpenID Connect Front-Channel Logout 1.0 §2
		f.add("frontchannel_logout_uri", -1, "scheme, host and port must be those of a redirect URI")
	}
	if m.BackChannelNeedsSession && m.BackChannelLogoutURI == "" {
		f.add("backchannel_logout_session_required", -1, "there is no backchannel_logout_uri: write that as well")
	}
	if m.FrontChannelNeedsSession && m.FrontChannelLogoutURI == "" {
		f.add("frontchannel_logout_session_required", -1, "there is no frontchannel_logout_uri: write that as well")
	}
}

// AlgorithmFault says what is wrong with the name of a signature algorithm, "" when nothing is.
func AlgorithmFault(s string) string {
	if !slices.Contains(jose.Algorithms(), jose.Algorithm(s)) {
		return "write ES256, EdDSA, RS256 or PS256"
	}
	return ""
}

// contactFault: people read it, and a mail program perhaps.
func contactFault(s string) string {
	if s == "" || len(s) > maxEmail || !utf8.ValidString(s) || strings.ContainsFunc(s, unicode.IsControl) {
		return fmt.Sprintf("write an address of at most %d characters", maxEmail)
	}
	return ""
}

// hosts are the different hosts of a list of URIs.
func hosts(uris []string) []string {
	var all []string
	for _, s := range uris {
		if u, err := url.Parse(s); err == nil && !slices.Contains(all, u.Host) {
			all = append(all, u.Host)
		}
	}
	return all
}

func sameOrigin(a, b string) bool {
	u, errA := url.Parse(a)
	v, errB := url.Parse(b)
	return errA == nil && errB == nil && u.Scheme == v.Scheme && u.Host == v.Host
}
