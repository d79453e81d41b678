package resource_test

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"math/big"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/daypass/daypass/internal/jose"
	"github.com/daypass/daypass/resource"
	"github.com/daypass/daypass/resource/resourcetest"
)

// The attacks of RFC 8725 §2 on the whole middleware: what is refused in its parts must be refused when they are put
// together. The rules are those of the build checklist.

// RS-02: three parts, of a type and an algorithm that were agreed on.
func TestOnlyACompactSignedAccessTokenPasses(t *testing.T) {
	t.Parallel()
	issuer := newIssuer(t)
	p := newProtector(t, issuer, func(c *resource.Config) { c.AccessCookie = "access" })
	good := issuer.Token(nil)
	part := strings.Split(good, ".")
	unsigned := base64.RawURLEncoding.EncodeToString([]byte(strings.Replace(issuer.Header(), "ES256", "none", 1)))
	for name, token := range map[string]string{
		"empty":                      "",
		"no parts":                   "token",
		"two parts":                  part[0] + "." + part[1],
		"an empty signature":         part[0] + "." + part[1] + ".",
		"an empty payload":           part[0] + ".." + part[2],
		"four parts":                 good + ".AAAA",
		"five parts, as a JWE has":   good + ".AAAA.AAAA",
		"JSON, flattened":            `{"protected":"` + part[0] + `","payload":"` + part[1] + `","signature":"` + part[2] + `"}`,
		"JSON, general":              `{"payload":"` + part[1] + `","signatures":[{"protected":"` + part[0] + `","signature":"` + part[2] + `"}]}`,
		"unsigned":                   unsigned + "." + part[1] + ".",
		"unsigned with a signature":  unsigned + "." + part[1] + "." + part[2],
		"an ID token":                issuer.Sign(strings.Replace(issuer.Header(), "at+jwt", "JWT", 1), string(mustJSON(t, issuer.Claims()))),
		"a log-out token":            issuer.Sign(strings.Replace(issuer.Header(), "at+jwt", "logout+jwt", 1), string(mustJSON(t, issuer.Claims()))),
		"a DPoP proof":               issuer.Sign(strings.Replace(issuer.Header(), "at+jwt", "dpop+jwt", 1), string(mustJSON(t, issuer.Claims()))),
		"larger than eight kibibyte": issuer.Token(map[string]any{"x": strings.Repeat("x", 6<<10)}),
	} {
		if _, err := p.Verify(t.Context(), token); err == nil {
			t.Errorf("%s: passed", name)
		}
		res := call(p.Require()(hello), func(r *http.Request) { r.Header.Set("Cookie", "access="+token) })
		if res.StatusCode != 401 {
			t.Errorf("%s: got %d from the cookie", name, res.StatusCode)
		}
	}
}

// RS-03: the key comes from the issuer's own set by its id, and from nowhere else.
func TestKeyIsChosenByItsIDFromTheIssuersSetAlone(t *testing.T) {
	t.Parallel()
	issuer, attacker := newIssuer(t), newIssuer(t)
	older := issuer.Token(nil)
	issuer.RotateKeyGently() // several keys, so that a token has to name its own
	attacker.RotateKey()
	p := newProtector(t, issuer, nil)
	wantStatus(t, "by the older key", call(p.Require()(hello), bearer(older)).StatusCode, 200)
	wantStatus(t, "by the newer key", call(p.Require()(hello), bearer(issuer.Token(nil))).StatusCode, 200)
	claims := string(mustJSON(t, issuer.Claims()))
	var set struct {
		Keys []json.RawMessage `json:"keys"`
	}
	if err := json.Unmarshal(attacker.KeySet(), &set); err != nil {
		t.Fatal(err)
	}
	with := func(more string) string { return strings.TrimSuffix(issuer.Header(), "}") + more + "}" }
	for name, header := range map[string]string{
		"the attacker's key inside":        with(`,"jwk":` + string(set.Keys[0])),
		"the attacker's address of keys":   with(`,"jku":"` + attacker.URL() + `/jwks"`),
		"the attacker's certificate":       with(`,"x5c":["MIIB"]`),
		"the attacker's certificate's URL": with(`,"x5u":"` + attacker.URL() + `/cert"`),
		"the right name":                   issuer.Header(),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			mustRefuse(t, p, attacker.Sign(header, claims))
		})
	}
	fetches := issuer.KeyFetches()
	for _, kid := range []string{
		`"../../../../dev/null"`, `"' OR 1=1 --"`, `"` + attacker.URL() + `/jwks"`, `"TEST-KEY-2"`, `"test-key-2 "`, `"test-key-1"`,
		`"test-key-"`, `"*"`, `""`, `null`, `2`, `["test-key-2"]`, `"test-key-2\u0000"`,
	} {
		mustRefuse(t, p, issuer.Sign(strings.Replace(issuer.Header(), `"test-key-2"`, kid, 1), claims))
	}
	mustRefuse(t, p, issuer.Sign(strings.Replace(issuer.Header(), `"kid":"test-key-2",`, "", 1), claims))
	wantStatus(t, "key fetches by invented ids", issuer.KeyFetches()-fetches, 0)
	wantStatus(t, "requests to the attacker", attacker.KeyFetches(), 0)
}

// RS-06: one spelling of every token, one signature range, no weak keys.
func TestEveryOtherSpellingOfATokenIsRefused(t *testing.T) {
	t.Parallel()
	issuer := newIssuer(t)
	p := newProtector(t, issuer, func(c *resource.Config) { c.AccessCookie = "access" })
	token := issuer.Token(nil)
	if _, err := p.Verify(t.Context(), token); err != nil {
		t.Fatal(err)
	}
	part := strings.Split(token, ".")
	change := func(i int, to string) string {
		other := slices.Clone(part)
		other[i] = to
		return strings.Join(other, ".")
	}
	for i, name := range []string{"header", "payload", "signature"} {
		for what, spelled := range map[string]string{
			"padded":              part[i] + "=",
			"a blank":             part[i][:4] + " " + part[i][4:],
			"a line break":        part[i][:4] + "\n" + part[i][4:],
			"a blank in front":    " " + part[i],
			"percent-encoded":     "%" + part[i],
			"standard alphabet":   part[i][:4] + "+" + part[i][5:],
			"one letter more":     part[i] + "A",
			"one letter less":     part[i][:len(part[i])-1],
			"a zero byte":         part[i] + "\x00",
			"a letter not ASCII":  part[i] + "\u0430",
			"the last bits stray": strayBits(part[i]),
		} {
			if spelled == part[i] {
				continue // no bits to stray
			}
			if _, err := p.Verify(t.Context(), change(i, spelled)); err == nil {
				t.Errorf("%s, %s: passed", name, what)
			}
		}
	}
}

// strayBits sets a bit of the last letter that decoding throws away, where there is one.
func strayBits(s string) string {
	const letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
	if len(s)%4 == 0 {
		return s
	}
	last := strings.IndexByte(letters, s[len(s)-1])
	return s[:len(s)-1] + string(letters[last|1])
}

// RS-06: r and s in [1, n-1] (CVE-2022-21449), 64 bytes; for Ed25519, S below the order of the group.
func TestSignaturesOutsideTheirRangeAreRefused(t *testing.T) {
	t.Parallel()
	issuer := newIssuer(t)
	p := newProtector(t, issuer, nil)
	good := issuer.Token(nil)
	cut := strings.LastIndexByte(good, '.') + 1
	genuine, err := base64.RawURLEncoding.DecodeString(good[cut:])
	if err != nil {
		t.Fatal(err)
	}
	n := elliptic.P256().Params().N
	pair := func(r, s *big.Int) []byte {
		return append(r.FillBytes(make([]byte, 32)), s.FillBytes(make([]byte, 32))...)
	}
	zero, one := new(big.Int), big.NewInt(1)
	for name, signature := range map[string][]byte{
		"zeros":             make([]byte, 64),
		"zero and one":      pair(zero, one),
		"one and zero":      pair(one, zero),
		"the order":         pair(n, n),
		"one and the order": pair(one, n),
		"r beyond the order": append(
			new(big.Int).Sub(new(big.Int).Lsh(one, 256), one).FillBytes(make([]byte, 32)), genuine[32:]...),
		"too short":  genuine[:63],
		"too long":   append(slices.Clone(genuine), 0),
		"twice":      append(slices.Clone(genuine), genuine...),
		"DER inside": append([]byte{0x30, 0x44, 0x02, 0x20}, append(append(slices.Clone(genuine[:32]), 0x02, 0x20), genuine[32:]...)...),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			mustRefuse(t, p, good[:cut]+base64.RawURLEncoding.EncodeToString(signature))
		})
	}
	t.Run("Ed25519 with S plus the order", func(t *testing.T) {
		t.Parallel()
		public, private, err := ed25519.GenerateKey(rand.Reader)
		if err != nil {
			t.Fatal(err)
		}
		p := newProtector(t, issuer, func(c *resource.Config) { c.Keys = oneKey{public} })
		good := signed(t, issuer, private, jose.EdDSA)
		wantStatus(t, "the genuine signature", call(p.Require()(hello), bearer(good)).StatusCode, 200)
		cut := strings.LastIndexByte(good, '.') + 1
		signature, err := base64.RawURLEncoding.DecodeString(good[cut:])
		if err != nil {
			t.Fatal(err)
		}
		order, _ := new(big.Int).SetString("7237005577332262213973186563042994240857116359379907606001950938285454250989", 10)
		s := slices.Clone(signature[32:])
		slices.Reverse(s) // little-endian, RFC 8032 §5.1.2
		more := new(big.Int).Add(new(big.Int).SetBytes(s), order).FillBytes(make([]byte, 32))
		slices.Reverse(more)
		mustRefuse(t, p, good[:cut]+base64.RawURLEncoding.EncodeToString(append(signature[:32:32], more...)))
	})
}

// RS-06: an issuer that publishes an RSA key below 2048 bits has its whole set refused; one at hand is refused, too.
func TestWeakKeysAreRefused(t *testing.T) {
	t.Parallel()
	issuer := newIssuer(t)
	small := &rsa.PublicKey{N: new(big.Int).Sub(new(big.Int).Lsh(big.NewInt(1), 1024), big.NewInt(105)), E: 65537}
	token := issuer.Sign(strings.Replace(issuer.Header(), "ES256", "RS256", 1), string(mustJSON(t, issuer.Claims())))
	mustRefuse(t, newProtector(t, issuer, func(c *resource.Config) { c.Keys = oneKey{small} }), token)
	doc := fmt.Sprintf(`{"keys":[{"kty":"RSA","kid":"test-key-1","n":%q,"e":"AQAB"}]}`, base64.RawURLEncoding.EncodeToString(small.N.Bytes()))
	w := &wire{answers: map[string]func(*http.Request) (*http.Response, error){
		metadataAddress: text(metadataDoc(fakeIssuer, keysAddress)), keysAddress: text(doc),
	}}
	p, err := resource.New(fakeIssuer, resource.Config{Audience: "urn:api", Client: &http.Client{Transport: w}})
	if err != nil {
		t.Fatal(err)
	}
	wantStatus(t, "a set with a weak key", call(p.Require()(hello), bearer(token)).StatusCode, 503)
	wrongCurve, err := ecdsa.GenerateKey(elliptic.P384(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	for _, key := range []crypto.PublicKey{wrongCurve.Public(), ed25519.PublicKey("short"), (*ecdsa.PublicKey)(nil), (*rsa.PublicKey)(nil)} {
		mustRefuse(t, newProtector(t, issuer, func(c *resource.Config) { c.Keys = oneKey{key} }), issuer.Token(nil))
	}
}

// RS-07: RFC 9068 §2.2.
func TestTokenWithoutARequiredClaimIsRefused(t *testing.T) {
	t.Parallel()
	issuer := newIssuer(t)
	p := newProtector(t, issuer, nil)
	for _, claim := range []string{"iss", "exp", "aud", "sub", "client_id", "iat", "jti"} {
		for what, value := range map[string]any{"missing": nil, "null": json.RawMessage("null"), "empty": "", "an object": map[string]any{}, "true": true} {
			t.Run(claim+" "+what, func(t *testing.T) {
				t.Parallel()
				mustRefuse(t, p, issuer.Token(map[string]any{claim: value}))
			})
		}
	}
}

// RS-09: a token that is bound to a key is no bearer token, whatever the route asks for.
func TestTokenBoundToAKeyNeverPassesAsABearerToken(t *testing.T) {
	t.Parallel()
	issuer := newIssuer(t)
	p := asking(t, issuer, nil)
	for name, cnf := range map[string]any{
		"to a DPoP key":     map[string]any{"jkt": "0ZcOCORZNYy-DWpqq30jZyJGHTN0d2HglBV3uiguA4I"},
		"to a certificate":  map[string]any{"x5t#S256": "bwcK0esc3ACC3DB2Y5_lESsXE8o9ltc05O89jdN-dg2"},
		"in an unknown way": map[string]any{"new": "x"},
		"to nothing":        map[string]any{},
		"null":              json.RawMessage("null"),
		"false":             false,
		"a string":          "",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			jwt := issuer.Token(map[string]any{"cnf": cnf})
			mustRefuse(t, p, jwt)
			mustRefuse(t, p, issuer.OpaqueToken(map[string]any{"cnf": cnf}))
			res := call(p.Require()(hello), func(r *http.Request) { r.Header.Set("Authorization", "DPoP "+jwt) })
			wantStatus(t, "under its own scheme, whose proof nobody checks", res.StatusCode, 401)
		})
	}
}

// RS-10: whatever is wrong with the issuer, the answer is never yes.
func TestFaultsOfTheIssuerNeverMeanYes(t *testing.T) {
	t.Parallel()
	for fault, want := range map[resourcetest.Fault]int{
		resourcetest.Down: 503, resourcetest.Garbage: 503, resourcetest.WrongIssuer: 503, resourcetest.WrongKeys: 401,
	} {
		issuer := newIssuer(t)
		h := newProtector(t, issuer, nil).Require()(hello)
		issuer.SetFault(fault)
		wantStatus(t, fmt.Sprintf("fault %d", fault), call(h, bearer(issuer.Token(nil))).StatusCode, want)
		issuer.SetFault(resourcetest.Healthy)
		issuer.Advance(time.Hour) // wrong keys are believed as long as right ones
		wantStatus(t, fmt.Sprintf("after fault %d", fault), call(h, bearer(issuer.Token(nil))).StatusCode, 200)
	}
}
