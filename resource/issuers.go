package resource

import (
	"errors"
	"fmt"
	"strings"

	"github.com/daypass/daypass/internal/jose"
	"github.com/daypass/daypass/oauth"
)

// Issuer is one authorization server whose tokens pass. Its keys are good for its own tokens alone: a token that names
// one issuer and is signed by another is refused, whatever the names of their keys.
type Issuer struct {
	// URL is the issuer identifier, as in New.
	URL string
	// Algorithms is the allow-list of signature algorithms. Empty: ES256, EdDSA, RS256, PS256.
	Algorithms []Algorithm
	// Keys replaces fetching, as in Config.
	Keys KeySource
	// Introspection lets the issuer judge tokens that this API cannot, as in Config.
	Introspection *Introspection
}

// trust is one issuer and what is needed to judge its tokens.
type trust struct {
	issuer string
	verify jose.VerifyConfig // without Keys, which need the context of a request
	keys   KeySource
	own    *issuerKeys   // keys, when they are fetched; else nil
	ask    *introspector // nil: the issuer is not asked about tokens
}

// trusts is everyone whose tokens pass.
type trusts struct {
	byIssuer map[string]*trust
	names    []string // the keys of byIssuer, in the order of the configuration
	only     *trust   // the one entry of byIssuer, if there is but one
	opaque   []*trust // those that are asked about opaque tokens
}

// newTrusts judges every issuer of a configuration that is complete.
func newTrusts(list []Issuer, cfg Config) (trusts, error) {
	all := trusts{byIssuer: make(map[string]*trust, len(list))}
	for _, i := range list {
		if all.byIssuer[i.URL] != nil {
			return trusts{}, errors.New("issuer: listed twice")
		}
		t, err := newTrust(i, cfg)
		if err != nil {
			return trusts{}, err
		}
		all.byIssuer[i.URL], all.only, all.names = t, t, append(all.names, i.URL)
		if t.ask == nil {
			continue
		}
		for _, o := range all.opaque {
			if o.ask.prefix == t.ask.prefix {
				return trusts{}, errors.New("introspection: two issuers of opaque tokens need two prefixes, or one would be shown the other's")
			}
		}
		all.opaque = append(all.opaque, t)
	}
	if len(list) > 1 {
		all.only = nil
	}
	return all, nil
}

func newTrust(i Issuer, cfg Config) (*trust, error) {
	metadata, err := oauth.MetadataURL(i.URL)
	if err == nil {
		err = checkURL(i.URL)
	}
	if err != nil {
		return nil, fmt.Errorf("issuer: %w", err)
	}
	t := &trust{issuer: i.URL, keys: i.Keys, verify: jose.VerifyConfig{Types: []string{oauth.TypAccessToken}}}
	if len(i.Algorithms) == 0 {
		i.Algorithms = []Algorithm{ES256, EdDSA, RS256, PS256}
	}
	for _, alg := range i.Algorithms {
		switch alg {
		case ES256, EdDSA, RS256, PS256:
		default:
			return nil, fmt.Errorf("the algorithm %q is not supported", alg)
		}
		t.verify.Algorithms = append(t.verify.Algorithms, jose.Algorithm(alg))
	}
	from := source{issuer: i.URL, metadata: metadata, client: plainClient(cfg.Client)}
	if t.keys == nil {
		t.own = newIssuerKeys(from, cfg.Now)
		t.keys = t.own
	}
	if i.Introspection != nil {
		if t.ask, err = newIntrospector(*i.Introspection, from, cfg.Now); err != nil {
			return nil, fmt.Errorf("introspection: %w", err)
		}
	}
	return t, nil
}

// ofJWT finds whom a JWT belongs to by what it says itself, which is compared again once it is verified.
func (ts *trusts) ofJWT(token string) (*trust, error) {
	if ts.only != nil && (ts.only.ask == nil || !ts.only.ask.JWTs) {
		return ts.only, nil // it will find out for itself
	}
	payload, err := jose.UnverifiedPayload(token)
	if err != nil {
		return nil, err
	}
	var c struct {
		Issuer string `json:"iss"`
	}
	if err := jose.DecodeStrict(payload, &c); err != nil {
		return nil, fmt.Errorf("claims: %w", err)
	}
	if t := ts.byIssuer[c.Issuer]; t != nil {
		return t, nil
	}
	return nil, errors.New("iss is none of the issuers")
}

// ofOpaque finds whom to ask about a token that says nothing, by the longest prefix.
func (ts *trusts) ofOpaque(token string) *trust {
	var best *trust
	for _, t := range ts.opaque {
		if strings.HasPrefix(token, t.ask.prefix) && (best == nil || len(t.ask.prefix) > len(best.ask.prefix)) {
			best = t
		}
	}
	return best
}
