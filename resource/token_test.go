package resource_test

import (
	"crypto"
	"crypto/hmac"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/daypass/daypass/internal/jose"
	"github.com/daypass/daypass/resource"
	"github.com/daypass/daypass/resource/resourcetest"
)

const refusedBody = `{"error":"invalid_token","error_description":"the access token is not valid here"}` + "\n"

// mustRefuse wants the one answer that every fault of a token gets.
func mustRefuse(t *testing.T, p *resource.Protector, token string) {
	t.Helper()
	res := call(p.Require()(hello), bearer(token))
	challenge := realm + `, error="invalid_token", error_description="the access token is not valid here"`
	if got := body(t, res); res.StatusCode != 401 || got != refusedBody || res.Header.Get("WWW-Authenticate") != challenge {
		t.Fatalf("got %d %s %s", res.StatusCode, res.Header.Get("WWW-Authenticate"), got)
	}
}

func TestClaimsThatRefuseAToken(t *testing.T) {
	t.Parallel()
	issuer := newIssuer(t)
	p := newProtector(t, issuer, nil)
	now := issuer.Now()
	at := func(d time.Duration) int64 { return now.Add(d).Unix() }
	for name, changes := range map[string]map[string]any{
		"iss missing":              {"iss": nil},
		"iss another":              {"iss": "https://evil.example"},
		"iss with a slash":         {"iss": issuer.URL() + "/"},
		"iss in capitals":          {"iss": strings.ToUpper(issuer.URL())},
		"iss a list":               {"iss": []string{issuer.URL()}},
		"iss under another case":   {"iss": nil, "ISS": issuer.URL()},
		"aud missing":              {"aud": nil},
		"aud empty":                {"aud": []string{}},
		"aud another":              {"aud": "https://other.example"},
		"aud the client":           {"aud": resourcetest.ClientID},
		"aud as prefix":            {"aud": resourcetest.Audience + ".evil.example"},
		"aud as path":              {"aud": resourcetest.Audience + "/v1"},
		"aud as substring":         {"aud": "https://api.example.tes"},
		"aud in one string":        {"aud": "https://other.example " + resourcetest.Audience},
		"aud in capitals":          {"aud": strings.ToUpper(resourcetest.Audience)},
		"aud as member name":       {"aud": map[string]any{resourcetest.Audience: true}},
		"aud in a nested list":     {"aud": [][]string{{resourcetest.Audience}}},
		"aud with a number":        {"aud": []any{resourcetest.Audience, 1}},
		"aud with null":            {"aud": []any{resourcetest.Audience, nil}},
		"exp missing":              {"exp": nil},
		"exp past the leeway":      {"exp": at(-30 * time.Second), "iat": at(-time.Minute)},
		"exp long past":            {"exp": at(-time.Hour), "iat": at(-2 * time.Hour)},
		"exp a string":             {"exp": fmt.Sprint(at(time.Minute))},
		"exp negative":             {"exp": -1},
		"exp true":                 {"exp": true},
		"exp a list":               {"exp": []int64{at(time.Minute)}},
		"exp beyond 2^53":          {"exp": json.RawMessage("9007199254740994")},
		"exp out of all range":     {"exp": json.RawMessage("1e999")},
		"exp zero":                 {"exp": 0, "iat": 0},
		"exp before iat":           {"exp": at(10 * time.Second), "iat": at(20 * time.Second)},
		"exp equal to iat":         {"exp": at(time.Second), "iat": at(time.Second)},
		"iat missing":              {"iat": nil},
		"iat in the future":        {"iat": at(31 * time.Second)},
		"iat a string":             {"iat": fmt.Sprint(at(0))},
		"iat negative zero":        {"iat": json.RawMessage("-0")},
		"nbf in the future":        {"nbf": at(31 * time.Second)},
		"nbf a string":             {"nbf": "0"},
		"auth_time in the future":  {"auth_time": at(time.Hour)},
		"sub missing":              {"sub": nil},
		"sub empty":                {"sub": ""},
		"sub a number":             {"sub": 1},
		"client_id missing":        {"client_id": nil},
		"client_id empty":          {"client_id": ""},
		"jti missing":              {"jti": nil},
		"jti empty":                {"jti": ""},
		"scope a list":             {"scope": []string{"a"}},
		"scope malformed":          {"scope": "a  b"},
		"roles a string":           {"roles": "admin"},
		"roles with null":          {"roles": []any{nil}},
		"bound to a key":           {"cnf": map[string]any{"jkt": "0ZcOCORZNYy-DWpqq30jZyJGHTN0d2HglBV3uiguA4I"}},
		"bound to a certificate":   {"cnf": map[string]any{"x5t#S256": "bwcK0esc3ACC3DB2Y5_lESsXE8o9ltc05O89jdN-dg2"}},
		"bound in an unknown way":  {"cnf": map[string]any{}},
		"bound, null":              {"cnf": json.RawMessage("null")},
		"longer than 8 KiB":        {"padding": strings.Repeat("x", 8<<10)},
		"nested deeper than twice": {"z": json.RawMessage(strings.Repeat("[", 20) + strings.Repeat("]", 20))},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			mustRefuse(t, p, issuer.Token(changes))
		})
	}
}

func TestClaimsAtTheEdgePass(t *testing.T) {
	t.Parallel()
	issuer := newIssuer(t)
	p := newProtector(t, issuer, nil)
	now := issuer.Now()
	at := func(d time.Duration) int64 { return now.Add(d).Unix() }
	for name, changes := range map[string]map[string]any{
		"nothing special":         nil,
		"aud a list":              {"aud": []string{"x", resourcetest.Audience}},
		"exp within the leeway":   {"exp": at(-29 * time.Second), "iat": at(-time.Minute)},
		"exp with a fraction":     {"exp": float64(at(time.Minute)) + 0.5},
		"exp at 2^53":             {"exp": json.RawMessage("9007199254740992")},
		"iat within the leeway":   {"iat": at(30 * time.Second)},
		"nbf within the leeway":   {"nbf": at(30 * time.Second)},
		"no scope":                {"scope": ""},
		"unknown claims":          {"act": map[string]any{"sub": "x"}, "SUB": 1},
		"optional claims as null": {"scope": json.RawMessage("null"), "roles": json.RawMessage("null"), "nbf": json.RawMessage("null")},
	} {
		if res := call(p.Require()(hello), bearer(issuer.Token(changes))); res.StatusCode != 200 {
			t.Errorf("%s: got %d %s", name, res.StatusCode, body(t, res))
		}
	}
}

func TestLeewayIsWhatConfigSays(t *testing.T) {
	t.Parallel()
	issuer := newIssuer(t)
	token := issuer.Token(nil)
	for leeway, last := range map[time.Duration]time.Duration{0: 30 * time.Second, 1: 0, time.Minute: time.Minute} {
		for _, tc := range []struct {
			after  time.Duration
			status int
		}{{-time.Nanosecond, 200}, {time.Nanosecond, 401}} {
			now := issuer.Now().Add(resourcetest.Lifetime + last + tc.after)
			p := newProtector(t, issuer, func(c *resource.Config) {
				c.Leeway, c.Now = leeway, func() time.Time { return now }
			})
			if res := call(p.Require()(hello), bearer(token)); res.StatusCode != tc.status {
				t.Errorf("leeway %v, %v after its end: got %d, want %d", leeway, last+tc.after, res.StatusCode, tc.status)
			}
		}
	}
}

func TestPayloadsThatAreNoClaimSet(t *testing.T) {
	t.Parallel()
	issuer := newIssuer(t)
	p := newProtector(t, issuer, nil)
	claims, err := json.Marshal(issuer.Claims())
	if err != nil {
		t.Fatal(err)
	}
	good := string(claims)
	open := strings.TrimSuffix(good, "}")
	if res := call(p.Require()(hello), bearer(issuer.Sign(issuer.Header(), open+`,"z":1}`))); res.StatusCode != 200 {
		t.Fatalf("the untouched claims: got %d", res.StatusCode)
	}
	for name, payload := range map[string]string{
		"member twice":               open + `,"sub":"admin"}`,
		"member twice, once escaped": open + `,"\u0073ub":"admin"}`,
		"unknown member twice":       open + `,"z":1,"z":2}`,
		"member twice, deep":         open + `,"z":{"a":[{"b":1,"b":2}]}}`,
		"trailing data":              good + `{}`,
		"trailing comma":             open + `,}`,
		"invalid UTF-8":              open + ",\"z\":\"\xff\"}",
		"half a surrogate pair":      open + `,"z":"\ud800"}`,
		"NaN":                        open + `,"z":NaN}`,
		"a list":                     `[` + good + `]`,
		"a string":                   `"x"`,
		"null":                       `null`,
		"nothing":                    ` `,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			mustRefuse(t, p, issuer.Sign(issuer.Header(), payload))
		})
	}
}

func TestHeadersThatRefuseAToken(t *testing.T) {
	t.Parallel()
	issuer, other := newIssuer(t), newIssuer(t)
	p := newProtector(t, issuer, nil)
	claims, err := json.Marshal(issuer.Claims())
	if err != nil {
		t.Fatal(err)
	}
	header := issuer.Header()
	with := func(more string) string { return strings.TrimSuffix(header, "}") + more + "}" }
	for name, h := range map[string]string{
		"typ JWT":           strings.Replace(header, "at+jwt", "JWT", 1),
		"typ missing":       strings.Replace(header, `,"typ":"at+jwt"`, "", 1),
		"typ another":       strings.Replace(header, "at+jwt", "dpop+jwt", 1),
		"alg none":          strings.Replace(header, "ES256", "none", 1),
		"alg HS256":         strings.Replace(header, "ES256", "HS256", 1),
		"alg of another":    strings.Replace(header, "ES256", "EdDSA", 1),
		"kid unknown":       strings.Replace(header, "test-key-1", "test-key-9", 1),
		"kid a path":        strings.Replace(header, "test-key-1", "../../dev/null", 1),
		"kid missing":       strings.Replace(header, `"kid":"test-key-1",`, "", 1),
		"jwk":               with(`,"jwk":{"kty":"EC","crv":"P-256","x":"AA","y":"AA"}`),
		"jku":               with(`,"jku":"` + other.URL() + `/jwks"`),
		"x5u":               with(`,"x5u":"` + other.URL() + `/x"`),
		"x5c":               with(`,"x5c":["MIIB"]`),
		"crit":              with(`,"crit":["exp"]`),
		"b64":               with(`,"b64":false`),
		"zip":               with(`,"zip":"DEF"`),
		"nested":            with(`,"cty":"JWT"`),
		"member twice":      with(`,"alg":"ES256"`),
		"media type of JWT": strings.Replace(header, "at+jwt", "application/jwt", 1),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			mustRefuse(t, p, issuer.Sign(h, string(claims)))
		})
	}
	for _, typ := range []string{"AT+JWT", "application/at+jwt", "Application/AT+jwt"} {
		h := strings.Replace(header, "at+jwt", typ, 1)
		if res := call(p.Require()(hello), bearer(issuer.Sign(h, string(claims)))); res.StatusCode != 200 {
			t.Errorf("typ %s: got %d", typ, res.StatusCode)
		}
	}
}

func TestTokensSignedByOthersAreRefused(t *testing.T) {
	t.Parallel()
	issuer, other := newIssuer(t), newIssuer(t)
	p := newProtector(t, issuer, nil)
	t.Run("another issuer's key under this issuer's name", func(t *testing.T) {
		t.Parallel()
		// Both fakes call their key test-key-1, so only the key itself differs.
		mustRefuse(t, p, other.Token(map[string]any{"iss": issuer.URL()}))
	})
	t.Run("another issuer's token", func(t *testing.T) {
		t.Parallel()
		mustRefuse(t, p, other.Token(nil))
	})
	t.Run("the public key as HMAC secret", func(t *testing.T) {
		t.Parallel()
		set, err := jose.ParseKeySet(issuer.KeySet())
		if err != nil {
			t.Fatal(err)
		}
		der, err := x509.MarshalPKIXPublicKey(set.Keys()[0].Key)
		if err != nil {
			t.Fatal(err)
		}
		enc := base64.RawURLEncoding
		claims, err := json.Marshal(issuer.Claims())
		if err != nil {
			t.Fatal(err)
		}
		input := enc.EncodeToString([]byte(strings.Replace(issuer.Header(), "ES256", "HS256", 1))) + "." + enc.EncodeToString(claims)
		for _, secret := range [][]byte{der, pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der}), issuer.KeySet()} {
			mac := hmac.New(sha256.New, secret)
			mac.Write([]byte(input))
			mustRefuse(t, p, input+"."+enc.EncodeToString(mac.Sum(nil)))
		}
	})
	t.Run("nobody", func(t *testing.T) {
		t.Parallel()
		parts := strings.Split(issuer.Token(nil), ".")
		mustRefuse(t, p, parts[0]+"."+parts[1]+".")
		mustRefuse(t, p, parts[0]+"."+parts[1]+"."+strings.Repeat("A", 86))
		mustRefuse(t, p, parts[0]+"."+parts[1])
	})
}

func TestAlgorithmsOutsideTheAllowListAreRefused(t *testing.T) {
	t.Parallel()
	issuer := newIssuer(t)
	mustRefuse(t, newProtector(t, issuer, func(c *resource.Config) {
		c.Algorithms = []resource.Algorithm{resource.EdDSA}
	}), issuer.Token(nil))
}

func TestEveryAlgorithmOfTheDefaultListIsAccepted(t *testing.T) {
	t.Parallel()
	issuer := newIssuer(t)
	for _, alg := range []resource.Algorithm{resource.ES256, resource.EdDSA, resource.RS256, resource.PS256} {
		key, err := jose.GenerateKey(jose.Algorithm(alg))
		if err != nil {
			t.Fatal(err)
		}
		signer, err := jose.NewSigner(key, jose.Algorithm(alg), "k", "at+jwt")
		if err != nil {
			t.Fatal(err)
		}
		claims, err := json.Marshal(issuer.Claims())
		if err != nil {
			t.Fatal(err)
		}
		token, err := signer.Sign(claims)
		if err != nil {
			t.Fatal(err)
		}
		p := newProtector(t, issuer, func(c *resource.Config) { c.Keys = oneKey{key.Public()} })
		if res := call(p.Require()(hello), bearer(token)); res.StatusCode != 200 {
			t.Errorf("%s: got %d", alg, res.StatusCode)
		}
	}
}

// oneKey is a KeySource of one key, whatever it is called.
type oneKey struct{ key crypto.PublicKey }
