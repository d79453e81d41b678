package jose_test

import (
	"crypto"
	"crypto/hmac"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"io"
	"strings"
	"testing"

	"github.com/daypass/daypass/internal/jose"
)

// inputSigner signs its own input whatever it is asked to sign, so that a test can put any header under a real signature.
type inputSigner struct {
	crypto.Signer
	input []byte
}

func (s inputSigner) Sign(random io.Reader, _ []byte, opts crypto.SignerOpts) ([]byte, error) {
	if opts.HashFunc() == 0 {
		return s.Signer.Sign(random, s.input, opts)
	}
	digest := sha256.Sum256(s.input)
	return s.Signer.Sign(random, digest[:], opts)
}

// forge signs any header, as an attacker with a key of their own or a careless issuer would.
func forge(t testing.TB, key crypto.Signer, alg jose.Algorithm, header, payload string) string {
	t.Helper()
	input := b64(header) + "." + b64(payload)
	token, err := newSigner(t, inputSigner{key, []byte(input)}, alg).Sign(nil)
	if err != nil {
		t.Fatal(err)
	}
	return input + token[strings.LastIndexByte(token, '.'):]
}

type headerCase struct {
	header string
	want   error // nil: accepted
}

func TestVerifyJudgesAlgorithmTypeAndKeyID(t *testing.T) {
	t.Parallel()
	tryHeaders(t, map[string]headerCase{
		"plain":                        {`{"alg":"ES256","kid":"k1","typ":"at+jwt"}`, nil},
		"white space":                  {` { "alg" : "ES256" , "kid" : "k1" , "typ" : "at+jwt" } `, nil},
		"typ in capitals":              {`{"alg":"ES256","kid":"k1","typ":"AT+JWT"}`, nil},
		"typ as media type":            {`{"alg":"ES256","kid":"k1","typ":"Application/at+JWT"}`, nil},
		"unknown members are ignored":  {`{"alg":"ES256","kid":"k1","typ":"at+jwt","x5t":"aa","future":{"a":[1]}}`, nil},
		"no typ":                       {`{"alg":"ES256","kid":"k1"}`, jose.ErrType},
		"typ null":                     {`{"alg":"ES256","kid":"k1","typ":null}`, jose.ErrType},
		"typ JWT":                      {`{"alg":"ES256","kid":"k1","typ":"JWT"}`, jose.ErrType},
		"typ id token":                 {`{"alg":"ES256","kid":"k1","typ":"logout+jwt"}`, jose.ErrType},
		"typ with more":                {`{"alg":"ES256","kid":"k1","typ":"at+jwt2"}`, jose.ErrType},
		"typ of another tree":          {`{"alg":"ES256","kid":"k1","typ":"text/at+jwt"}`, jose.ErrType},
		"typ twice prefixed":           {`{"alg":"ES256","kid":"k1","typ":"application/application/at+jwt"}`, jose.ErrType},
		"typ under another case":       {`{"alg":"ES256","kid":"k1","TYP":"at+jwt"}`, jose.ErrType},
		"typ a number":                 {`{"alg":"ES256","kid":"k1","typ":1}`, jose.ErrMalformed},
		"alg none":                     {`{"alg":"none","kid":"k1","typ":"at+jwt"}`, jose.ErrAlgorithm},
		"alg None":                     {`{"alg":"NoNe","kid":"k1","typ":"at+jwt"}`, jose.ErrAlgorithm},
		"alg missing":                  {`{"kid":"k1","typ":"at+jwt"}`, jose.ErrAlgorithm},
		"alg empty":                    {`{"alg":"","kid":"k1","typ":"at+jwt"}`, jose.ErrAlgorithm},
		"alg under another case":       {`{"ALG":"ES256","kid":"k1","typ":"at+jwt"}`, jose.ErrAlgorithm},
		"alg in small letters":         {`{"alg":"es256","kid":"k1","typ":"at+jwt"}`, jose.ErrAlgorithm},
		"alg HS256":                    {`{"alg":"HS256","kid":"k1","typ":"at+jwt"}`, jose.ErrAlgorithm},
		"alg of another key type":      {`{"alg":"EdDSA","kid":"k1","typ":"at+jwt"}`, jose.ErrAlgorithm},
		"alg of another key type, RSA": {`{"alg":"RS256","kid":"k1","typ":"at+jwt"}`, jose.ErrAlgorithm},
		"alg ES384":                    {`{"alg":"ES384","kid":"k1","typ":"at+jwt"}`, jose.ErrAlgorithm},
		"kid unknown":                  {`{"alg":"ES256","kid":"k2","typ":"at+jwt"}`, jose.ErrKeyUnknown},
		"kid missing":                  {`{"alg":"ES256","typ":"at+jwt"}`, jose.ErrKeyUnknown},
		"kid a path":                   {`{"alg":"ES256","kid":"../../../dev/null","typ":"at+jwt"}`, jose.ErrKeyUnknown},
		"kid a query":                  {`{"alg":"ES256","kid":"' OR 1=1 --","typ":"at+jwt"}`, jose.ErrKeyUnknown},
		"kid with a NUL":               {`{"alg":"ES256","kid":"k1\u0000","typ":"at+jwt"}`, jose.ErrKeyUnknown},
	})
}

func TestVerifyRefusesWhatDoesNotBelongInAHeader(t *testing.T) {
	t.Parallel()
	tryHeaders(t, map[string]headerCase{
		"crit":                          {`{"alg":"ES256","kid":"k1","typ":"at+jwt","crit":["exp"],"exp":1}`, jose.ErrCritical},
		"crit empty":                    {`{"alg":"ES256","kid":"k1","typ":"at+jwt","crit":[]}`, jose.ErrCritical},
		"crit null":                     {`{"alg":"ES256","kid":"k1","typ":"at+jwt","crit":null}`, jose.ErrCritical},
		"b64 false":                     {`{"alg":"ES256","kid":"k1","typ":"at+jwt","b64":false}`, jose.ErrCritical},
		"b64 true":                      {`{"alg":"ES256","kid":"k1","typ":"at+jwt","b64":true}`, jose.ErrCritical},
		"zip":                           {`{"alg":"ES256","kid":"k1","typ":"at+jwt","zip":"DEF"}`, jose.ErrCritical},
		"jwk":                           {`{"alg":"ES256","kid":"k1","typ":"at+jwt","jwk":{"kty":"EC"}}`, jose.ErrMalformed},
		"jwk null":                      {`{"alg":"ES256","kid":"k1","typ":"at+jwt","jwk":null}`, jose.ErrMalformed},
		"jku":                           {`{"alg":"ES256","kid":"k1","typ":"at+jwt","jku":"https://evil.example/k"}`, jose.ErrMalformed},
		"x5u":                           {`{"alg":"ES256","kid":"k1","typ":"at+jwt","x5u":"https://evil.example/c"}`, jose.ErrMalformed},
		"x5c":                           {`{"alg":"ES256","kid":"k1","typ":"at+jwt","x5c":["MIIB"]}`, jose.ErrMalformed},
		"nested token":                  {`{"alg":"ES256","kid":"k1","typ":"at+jwt","cty":"JWT"}`, jose.ErrMalformed},
		"nested token, media type":      {`{"alg":"ES256","kid":"k1","typ":"at+jwt","cty":"application/jwt"}`, jose.ErrMalformed},
		"member twice":                  {`{"alg":"none","alg":"ES256","kid":"k1","typ":"at+jwt"}`, jose.ErrMalformed},
		"member twice, once escaped":    {`{"alg":"ES256","\u0061lg":"none","kid":"k1","typ":"at+jwt"}`, jose.ErrMalformed},
		"ignored member twice":          {`{"alg":"ES256","kid":"k1","typ":"at+jwt","z":1,"z":1}`, jose.ErrMalformed},
		"ignored member twice, deep":    {`{"alg":"ES256","kid":"k1","typ":"at+jwt","z":[{"a":{"b":1,"b":2}}]}`, jose.ErrMalformed},
		"trailing data":                 {`{"alg":"ES256","kid":"k1","typ":"at+jwt"}{}`, jose.ErrMalformed},
		"not an object":                 {`["ES256"]`, jose.ErrMalformed},
		"null":                          {`null`, jose.ErrMalformed},
		"empty":                         {``, jose.ErrMalformed},
		"not JSON":                      {`alg=ES256`, jose.ErrMalformed},
		"invalid UTF-8":                 {"{\"alg\":\"ES256\",\"kid\":\"k1\",\"typ\":\"at+jwt\",\"z\":\"\xff\"}", jose.ErrMalformed},
		"too deep":                      {`{"alg":"ES256","kid":"k1","typ":"at+jwt","z":` + strings.Repeat("[", 20) + strings.Repeat("]", 20) + `}`, jose.ErrMalformed},
		"a byte order mark":             {"\ufeff" + `{"alg":"ES256","kid":"k1","typ":"at+jwt"}`, jose.ErrMalformed},
		"escaped names are still names": {`{"\u0061lg":"ES256","kid":"k1","typ":"at+jwt"}`, nil},
	})
}

// tryHeaders puts each header under a genuine signature.
func tryHeaders(t *testing.T, cases map[string]headerCase) {
	t.Helper()
	key := newKey(t, jose.ES256)
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			token := forge(t, key, jose.ES256, tc.header, `{"sub":"ann"}`)
			payload, _, err := jose.Verify(token, accept(key.Public()))
			if !errors.Is(err, tc.want) {
				t.Fatalf("got %v, want %v", err, tc.want)
			}
			if (err == nil) != (tc.want == nil) || err != nil && payload != nil {
				t.Fatalf("got payload %q, %v; want %v", payload, err, tc.want)
			}
		})
	}
}

// The public key is no secret, so a verifier that takes it for an HMAC key accepts what anybody signs (RFC 8725 §2.1).
func TestPublicKeyIsNeverAnHMACSecret(t *testing.T) {
	t.Parallel()
	key := rsaKey()
	der, err := x509.MarshalPKIXPublicKey(key.Public())
	if err != nil {
		t.Fatal(err)
	}
	careless := accept(key.Public())
	careless.Algorithms = append(careless.Algorithms, "HS256", "none", "")
	input := b64(`{"alg":"HS256","kid":"k1","typ":"at+jwt"}`) + "." + b64(`{"sub":"mallory"}`)
	for name, secret := range map[string][]byte{
		"DER": der,
		"PEM": pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der}),
		"n":   key.Public().(*rsa.PublicKey).N.Bytes(),
		"":    nil,
	} {
		mac := hmac.New(sha256.New, secret)
		mac.Write([]byte(input))
		if _, _, err := jose.Verify(input+"."+b64(string(mac.Sum(nil))), careless); !errors.Is(err, jose.ErrAlgorithm) {
			t.Errorf("%q: got %v", name, err)
		}
	}
	none := b64(`{"alg":"none","kid":"k1","typ":"at+jwt"}`) + "." + b64(`{}`)
	for _, signature := range []string{"", "AA"} {
		if _, _, err := jose.Verify(none+"."+signature, careless); err == nil {
			t.Error("an unsigned token was accepted although none is never allowed")
		}
	}
}

func TestOneRSAKeyServesOnlyTheAlgorithmOfTheHeader(t *testing.T) {
	t.Parallel()
	key := rsaKey()
	for alg, other := range map[jose.Algorithm]string{jose.RS256: "PS256", jose.PS256: "RS256"} {
		token := forge(t, key, alg, `{"alg":"`+other+`","kid":"k1","typ":"at+jwt"}`, `{}`)
		if _, _, err := jose.Verify(token, accept(key.Public())); !errors.Is(err, jose.ErrSignature) {
			t.Errorf("a %s signature under %s: got %v", alg, other, err)
		}
	}
}

func TestVerifyRefusesByShape(t *testing.T) {
	t.Parallel()
	key := newKey(t, jose.ES256)
	token := forge(t, key, jose.ES256, `{"alg":"ES256","kid":"k1","typ":"at+jwt"}`, `{}`)
	parts := strings.Split(token, ".")
	long := forge(t, key, jose.ES256, `{"alg":"ES256","kid":"k1","typ":"at+jwt"}`, strings.Repeat("x", jose.MaxToken))
	for name, bad := range map[string]string{
		"empty":                "",
		"dots":                 "..",
		"one part":             parts[0],
		"two parts":            parts[0] + "." + parts[1],
		"no payload":           parts[0] + ".." + parts[2],
		"no signature":         parts[0] + "." + parts[1] + ".",
		"no header":            "." + parts[1] + "." + parts[2],
		"four parts":           token + ".AAAA",
		"five parts, a JWE":    token + ".AAAA.AAAA",
		"JSON serialisation":   `{"payload":"` + parts[1] + `","protected":"` + parts[0] + `","signature":"` + parts[2] + `"}`,
		"padded":               parts[0] + "." + parts[1] + "." + parts[2] + "==",
		"standard alphabet":    parts[0] + "." + parts[1] + "." + strings.Repeat("+/", 43),
		"stray bits":           parts[0] + "." + parts[1][:2] + "1" + "." + parts[2],
		"line break in a part": parts[0] + "." + parts[1][:1] + "\n" + parts[1][1:] + "." + parts[2],
		"too long":             long,
	} {
		if _, _, err := jose.Verify(bad, accept(key.Public())); !errors.Is(err, jose.ErrMalformed) {
			t.Errorf("%s: got %v, want malformed", name, err)
		}
	}
}

func TestVerifyConfigOfZeroAcceptsNothing(t *testing.T) {
	t.Parallel()
	key := newKey(t, jose.EdDSA)
	token, err := newSigner(t, key, jose.EdDSA).Sign([]byte(`{}`))
	if err != nil {
		t.Fatal(err)
	}
	full := accept(key.Public())
	for want, change := range map[error]func(*jose.VerifyConfig){
		jose.ErrAlgorithm:  func(c *jose.VerifyConfig) { *c = jose.VerifyConfig{} },
		jose.ErrType:       func(c *jose.VerifyConfig) { c.Types = nil },
		jose.ErrKeyUnknown: func(c *jose.VerifyConfig) { c.Keys = nil },
	} {
		c := full
		change(&c)
		if _, _, err := jose.Verify(token, c); !errors.Is(err, want) {
			t.Errorf("got %v, want %v", err, want)
		}
	}
	c := full
	c.Algorithms = []jose.Algorithm{jose.ES256}
	if _, _, err := jose.Verify(token, c); !errors.Is(err, jose.ErrAlgorithm) {
		t.Errorf("outside the allow-list: got %v", err)
	}
}

func TestGarbageNeverReachesTheKeys(t *testing.T) {
	t.Parallel()
	key := newKey(t, jose.ES256)
	c := accept(key.Public())
	c.Algorithms = append(c.Algorithms, "none", "HS256") // a mistake that must not matter
	c.Keys = func(string, jose.Algorithm) (crypto.PublicKey, bool) {
		t.Error("the keys were asked")
		return nil, false
	}
	good := b64(`{"alg":"ES256","kid":"k1","typ":"at+jwt"}`)
	none, hmac := b64(`{"alg":"none","kid":"k1","typ":"at+jwt"}`), b64(`{"alg":"HS256","kid":"k1","typ":"at+jwt"}`)
	for _, token := range []string{good + ".e30.A", good + ".e.AAAA", good + ".e30", none + ".e30.AAAA", hmac + ".e30.AAAA"} {
		if _, _, err := jose.Verify(token, c); err == nil {
			t.Errorf("%s was accepted", token)
		}
	}
}

func TestWeakRSAKeysNeverVerify(t *testing.T) {
	t.Parallel()
	small := rsaKey().Public().(*rsa.PublicKey)
	token := forge(t, rsaKey(), jose.RS256, `{"alg":"RS256","kid":"k1","typ":"at+jwt"}`, `{}`)
	for name, key := range map[string]crypto.PublicKey{
		"1024 bits":     shortRSA(t),
		"exponent 1":    &rsa.PublicKey{N: small.N, E: 1},
		"even exponent": &rsa.PublicKey{N: small.N, E: 2},
		"no modulus":    &rsa.PublicKey{E: 65537},
		"nil":           (*rsa.PublicKey)(nil),
		"no key":        nil,
		"bytes":         []byte("secret"),
	} {
		if _, _, err := jose.Verify(token, accept(key)); !errors.Is(err, jose.ErrAlgorithm) {
			t.Errorf("%s: got %v", name, err)
		}
	}
}

// shortRSA is a number of 1024 bits with the looks of a public key; crypto/rsa would not make one.
func shortRSA(t *testing.T) *rsa.PublicKey {
	t.Helper()
	p, err := rand.Prime(rand.Reader, 512)
	if err != nil {
		t.Fatal(err)
	}
	n := p.Mul(p, p)
	return &rsa.PublicKey{N: n.SetBit(n, 1023, 1), E: 65537}
}
