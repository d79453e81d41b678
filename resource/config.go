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

	"github.com/daypass/daypass/internal/jose"
	"github.com/daypass/daypass/oauth"
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
)

// Config says what a Protector accepts. Audience is required; every other field may stay zero, which is the strictest
// setting that works.
type Config struct {
	// Audience is this API's resource identifier, an absolute URI without fragment (RFC 8707 §2), exactly as the server
	// knows it. A token passes when one of its aud values equals it byte for byte.
	Audience string

	// Algorithms is the allow-list of signature algorithms. Empty: ES256, EdDSA, RS256, PS256.
	Algorithms []Algorithm

	// Client fetches metadata and keys from the issuer. Redirects are refused, cookies not kept, and each fetch is cut
	// off after five seconds whatever the client says. Nil: a client with the default transport.
	Client *http.Client

	// Keys replaces fetching altogether, for programs that have the issuer's keys at hand. Nil: they are fetched from the
	// jwks_uri of the issuer's metadata document.
	Keys KeySource

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

	// Check is asked about every token that has passed verification, before scopes are compared: a hook for revocation
	// lists, disabled users and the like. It runs on the path of every request, with the request's context. Nil lets the
	// token pass, a *Refusal (wrapped or not) decides the answer, any other error means that Check could not decide and
	// gives 503.
	Check func(context.Context, Token) error

	// Refused hears about each refused request before the answer is written, with the reason that callers are not
	// told: for logs and metrics. The refusal never holds the token.
	Refused func(*http.Request, *Refusal)
}

// Protector verifies access tokens of one issuer for one audience. It is safe for concurrent use.
type Protector struct {
	issuer   string
	audience string
	verify   jose.VerifyConfig // without Keys, which need the context of a request
	keys     KeySource
	cookie   string
	leeway   time.Duration
	now      func() time.Time
	realm    string
	check    func(context.Context, Token) error
	refused  func(*http.Request, *Refusal)

	crossOrigin http.CrossOriginProtection
}

// New prepares a Protector. issuer is the server's issuer identifier, which every token repeats byte for byte in iss: an
// https URL, or http on localhost and loopback addresses. New checks the configuration and does no I/O, so that an API
// starts while its issuer is away.
func New(issuer string, cfg Config) (*Protector, error) {
	metadata, err := oauth.MetadataURL(issuer)
	if err == nil {
		err = checkURL(issuer)
	}
	if err != nil {
		return nil, fmt.Errorf("resource: issuer: %w", err)
	}
	if err := cfg.complete(); err != nil {
		return nil, fmt.Errorf("resource: %w", err)
	}
	p := &Protector{
		issuer:   issuer,
		audience: cfg.Audience,
		verify:   jose.VerifyConfig{Types: []string{oauth.TypAccessToken}},
		keys:     cfg.Keys,
		cookie:   cfg.AccessCookie,
		leeway:   cfg.Leeway,
		now:      cfg.Now,
		realm:    cfg.Realm,
		check:    cfg.Check,
		refused:  cfg.Refused,
	}
	for _, alg := range cfg.Algorithms {
		p.verify.Algorithms = append(p.verify.Algorithms, jose.Algorithm(alg))
	}
	if p.keys == nil {
		p.keys = newIssuerKeys(issuer, metadata, cfg.Client, cfg.Now)
	}
	return p, nil
}

// complete fills in defaults and judges the rest.
func (c *Config) complete() error {
	audience, err := url.Parse(c.Audience)
	if err != nil || audience.Scheme == "" || strings.Contains(c.Audience, "#") {
		return errors.New("the audience must be an absolute URI without fragment")
	}
	if len(c.Algorithms) == 0 {
		c.Algorithms = []Algorithm{ES256, EdDSA, RS256, PS256}
	}
	for _, alg := range c.Algorithms {
		switch alg {
		case ES256, EdDSA, RS256, PS256:
		default:
			return fmt.Errorf("the algorithm %q is not supported", alg)
		}
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
