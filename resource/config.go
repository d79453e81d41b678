package resource

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/netip"
	"net/url"
	"strings"
	"time"
)

// Algorithm is a JWS signature algorithm (RFC 7515 §4.1.1). Only asymmetric ones exist here: whoever could verify a
// token with a shared secret could also make one.
type Algorithm string

// The algorithms that can be accepted.
const (
	ES256 Algorithm = "ES256" // ECDSA on P-256 with SHA-256, RFC 7518 §3.4
	EdDSA Algorithm = "EdDSA" // Ed25519, RFC 8037 §3.1
	RS256 Algorithm = "RS256" // RSASSA-PKCS1-v1_5 with SHA-256, RFC 7518 §3.3
	PS256 Algorithm = "PS256" // RSASSA-PSS with SHA-256, RFC 7518 §3.5
)

const (
	defaultLeeway = 30 * time.Second
	maxLeeway     = 60 * time.Second

	defaultRemember = 10_000
)

// Config says what a Protector accepts. Audience is required; every other field may stay zero, which is the strictest
// setting that works.
type Config struct {
	// Audience is this API's resource identifier, an absolute URI without fragment (RFC 8707 §2), exactly as the server
	// knows it. A token passes when one of its aud values equals it byte for byte.
	Audience string

	// Algorithms is the allow-list of signature algorithms. Empty: ES256, EdDSA, RS256, PS256.
	Algorithms []Algorithm

	// Keys replaces fetching altogether, for programs that have the issuer's keys at hand. Nil: they are fetched from the
	// jwks_uri of the issuer's metadata document.
	Keys KeySource

	// Introspection lets the issuer judge tokens that this API cannot, opaque ones above all (RFC 7662). Nil: the issuer is
	// never asked, and opaque tokens are refused.
	Introspection *Introspection

	// Issuers are further servers whose tokens pass, beside the one that New is given and that Algorithms, Keys and
	// Introspection speak of. With more than one, a user is Token.Identity and never Subject alone.
	Issuers []Issuer

	// Client speaks to the issuers. Redirects are refused, cookies not kept, and each exchange is cut off after five seconds
	// whatever the client says. Nil: a client with the default transport.
	Client *http.Client

	// Remember is how many tokens are remembered, by their SHA-256, once they have been judged good: until they expire, the
	// key that signed them is withdrawn, or room is needed. A token costs about 1.3 kB. Zero: 10 000. Negative: none.
	Remember int

	// AccessCookie names a cookie that may carry the access token when there is no Authorization header. Cookie-borne
	// requests must pass http.CrossOriginProtection; two cookies of this name are refused, since one of them was
	// planted. Empty: cookies are not looked at.
	AccessCookie string

	// Leeway is how far this machine's clock may be off the issuer's. Zero: 30 seconds. At most 60 seconds; to allow
	// none, set one nanosecond.
	Leeway time.Duration

	// Now tells the time, to many goroutines at once. Nil: time.Now.
	Now func() time.Time

	// Realm stands in challenges. Printable ASCII without quotes and backslashes. Empty: the audience.
	Realm string

	// Metadata describes this API to clients (RFC 9728). Set it if you serve MetadataHandler, since challenges then name its
	// address; the audience must be an https URL without query, or http on this machine. Nil: there is no document.
	Metadata *Metadata

	// Check is asked about every token that has passed verification, before scopes are compared: a hook for revocation
	// lists, disabled users and the like. It runs on the path of every request, whether the token is remembered or not, with
	// the request's context. Nil lets the token pass, a *Refusal (wrapped or not) decides the answer, any other error means that Check could not decide and
	// gives 503.
	Check func(context.Context, Token) error

	// Refused hears about each refused request before the answer is written, with the reason that callers are not
	// told: for logs and metrics. The refusal never holds the token.
	Refused func(*http.Request, *Refusal)
}

// New prepares a Protector. issuer is the server's issuer identifier, which every token repeats byte for byte in iss: an
// https URL, or http on localhost and loopback addresses. New checks the configuration and does no I/O, so that an API
// starts while its issuer is away.
func New(issuer string, cfg Config) (*Protector, error) {
	if err := cfg.complete(); err != nil {
		return nil, fmt.Errorf("resource: %w", err)
	}
	main := Issuer{URL: issuer, Algorithms: cfg.Algorithms, Keys: cfg.Keys, Introspection: cfg.Introspection}
	all, err := newTrusts(append([]Issuer{main}, cfg.Issuers...), cfg)
	if err != nil {
		return nil, fmt.Errorf("resource: %w", err)
	}
	p := &Protector{
		audience: cfg.Audience,
		trusts:   all,
		memory:   newMemory[*remembered](cfg.Remember),
		cookie:   cfg.AccessCookie,
		leeway:   cfg.Leeway,
		now:      cfg.Now,
		realm:    cfg.Realm,
		check:    cfg.Check,
		refused:  cfg.Refused,
	}
	if cfg.Metadata != nil {
		if p.metadata, err = cfg.Metadata.document(cfg.Audience, all.names); err != nil {
			return nil, fmt.Errorf("resource: metadata: %w", err)
		}
	}
	return p, nil
}

// complete fills in defaults and judges the rest.
func (c *Config) complete() error {
	audience, err := url.Parse(c.Audience)
	if err != nil || audience.Scheme == "" || strings.Contains(c.Audience, "#") {
		return errors.New("the audience must be an absolute URI without fragment")
	}
	if c.AccessCookie != "" && (&http.Cookie{Name: c.AccessCookie}).Valid() != nil { //nolint:gosec // G124: never sent, only its name is checked
		return errors.New("the access cookie has no valid name")
	}
	if c.Leeway < 0 || c.Leeway > maxLeeway {
		return fmt.Errorf("the leeway must be between 0 and %v", maxLeeway)
	}
	if c.Leeway == 0 {
		c.Leeway = defaultLeeway
	}
	if c.Remember == 0 {
		c.Remember = defaultRemember
	}
	if c.Now == nil {
		c.Now = time.Now
	}
	if c.Realm == "" {
		c.Realm = c.Audience
	}
	if strings.ContainsFunc(c.Realm, func(r rune) bool { return r < 0x20 || r > 0x7e || r == '"' || r == '\\' }) {
		return errors.New("the realm must be printable ASCII without quotes and backslashes")
	}
	return nil
}

// checkURL lets https pass, and http where nobody stands between: on this machine.
func checkURL(s string) error {
	u, err := url.Parse(s)
	switch {
	case err != nil || u.Host == "" || u.User != nil:
		return errors.New("not a plain URL")
	case u.Scheme == "https":
		return nil
	case u.Scheme == "http" && isLoopback(u.Hostname()):
		return nil
	}
	return errors.New("must be https, except on localhost")
}

func isLoopback(host string) bool {
	if strings.EqualFold(host, "localhost") {
		return true
	}
	ip, err := netip.ParseAddr(host)
	return err == nil && ip.IsLoopback()
}

// pathOf is the path of an address that checkURL has passed, as it stands in requests.
func pathOf(address string) string {
	u, err := url.Parse(address)
	if err != nil {
		return ""
	}
	return u.Path
}
