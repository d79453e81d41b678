package jose_test

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"encoding/base64"
	"strings"
	"sync"
	"testing"

	"github.com/daypass/daypass/internal/jose"
)

// One RSA key serves all tests: making one costs a large part of a second.
var rsaKey = sync.OnceValue(func() crypto.Signer {
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		panic(err)
	}
	return key
})

func newKey(t testing.TB, alg jose.Algorithm) crypto.Signer {
	t.Helper()
	if alg == jose.RS256 || alg == jose.PS256 {
		return rsaKey()
	}
	key, err := jose.GenerateKey(alg)
	if err != nil {
		t.Fatal(err)
	}
	return key
}

func newSigner(t testing.TB, key crypto.Signer, alg jose.Algorithm) *jose.Signer {
	t.Helper()
	s, err := jose.NewSigner(key, alg, "k1", "at+jwt")
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// accept takes access tokens by one key that is called k1.
func accept(key crypto.PublicKey) jose.VerifyConfig {
	return jose.VerifyConfig{
		Algorithms: jose.Algorithms(),
		Types:      []string{"at+jwt"},
		Keys: func(kid string, _ jose.Algorithm) (crypto.PublicKey, bool) {
			return key, kid == "k1"
		},
	}
}

func b64(s string) string { return base64.RawURLEncoding.EncodeToString([]byte(s)) }

func TestSignedTokenVerifiesWithEveryAlgorithm(t *testing.T) {
	t.Parallel()
	for _, alg := range jose.Algorithms() {
		t.Run(string(alg), func(t *testing.T) {
			t.Parallel()
			key := newKey(t, alg)
			token, err := newSigner(t, key, alg).Sign([]byte(`{"sub":"ann"}`))
			if err != nil {
				t.Fatal(err)
			}
			payload, header, err := jose.Verify(token, accept(key.Public()))
			if want := (jose.Header{Algorithm: alg, KeyID: "k1", Type: "at+jwt"}); err != nil || string(payload) != `{"sub":"ann"}` || header != want {
				t.Fatalf("got %s, %+v, %v", payload, header, err)
			}
			other := newKey(t, alg)
			if alg == jose.RS256 || alg == jose.PS256 {
				other, err = rsa.GenerateKey(rand.Reader, 2048)
				if err != nil {
					t.Fatal(err)
				}
			}
			if _, _, err := jose.Verify(token, accept(other.Public())); err == nil {
				t.Fatal("another key verified it")
			}
		})
	}
}

func TestSignerServesManyAtOnce(t *testing.T) {
	t.Parallel()
	key := newKey(t, jose.ES256)
	signer, verify := newSigner(t, key, jose.ES256), accept(key.Public())
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			for range 20 {
				token, err := signer.Sign([]byte(`{}`))
				if err != nil {
					t.Error(err)
				}
				if _, _, err := jose.Verify(token, verify); err != nil {
					t.Error(err)
				}
			}
		})
	}
	wg.Wait()
}

func TestSignerRefusesAKeyThatDoesNotFit(t *testing.T) {
	t.Parallel()
	p384, err := ecdsa.GenerateKey(elliptic.P384(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	for name, tc := range map[string]struct {
		key crypto.Signer
		alg jose.Algorithm
		kid string
		typ string
	}{
		"no key":             {nil, jose.ES256, "k1", "at+jwt"},
		"no kid":             {newKey(t, jose.ES256), jose.ES256, "", "at+jwt"},
		"no typ":             {newKey(t, jose.ES256), jose.ES256, "k1", ""},
		"EdDSA by P-256":     {newKey(t, jose.ES256), jose.EdDSA, "k1", "at+jwt"},
		"ES256 by P-384":     {p384, jose.ES256, "k1", "at+jwt"},
		"ES256 by Ed25519":   {newKey(t, jose.EdDSA), jose.ES256, "k1", "at+jwt"},
		"RS256 by P-256":     {newKey(t, jose.ES256), jose.RS256, "k1", "at+jwt"},
		"none":               {newKey(t, jose.ES256), "none", "k1", "at+jwt"},
		"HS256":              {newKey(t, jose.ES256), "HS256", "k1", "at+jwt"},
		"an unknown RSA alg": {rsaKey(), "RS512", "k1", "at+jwt"},
	} {
		if _, err := jose.NewSigner(tc.key, tc.alg, tc.kid, tc.typ); err == nil {
			t.Errorf("%s: want an error", name)
		}
	}
}

func TestGeneratedRSAKeysHave2048Bits(t *testing.T) {
	t.Parallel()
	key, err := jose.GenerateKey(jose.PS256)
	if err != nil {
		t.Fatal(err)
	}
	if bits := key.Public().(*rsa.PublicKey).N.BitLen(); bits != 2048 {
		t.Fatalf("got %d bits", bits)
	}
	if _, err := jose.GenerateKey("HS256"); err == nil {
		t.Fatal("a key for HS256 was made")
	}
}

// Whatever single character of a token is changed, and to whatever, it is refused: there is one spelling only.
func TestEveryChangedCharacterIsRefused(t *testing.T) {
	t.Parallel()
	for _, alg := range []jose.Algorithm{jose.ES256, jose.EdDSA} {
		key := newKey(t, alg)
		token, err := newSigner(t, key, alg).Sign([]byte(`{"sub":"ann","aud":"api"}`))
		if err != nil {
			t.Fatal(err)
		}
		c := accept(key.Public())
		for i := range len(token) {
			for _, change := range []string{"", "A", "B", "w", "_", "+", "=", ".", "\n", " ", "\x00", token[i:i+1] + "A"} {
				changed := token[:i] + change + token[i+1:]
				if changed == token {
					continue
				}
				if _, _, err := jose.Verify(changed, c); err == nil {
					t.Fatalf("%s: %q for %q at %d was accepted", alg, change, token[i], i)
				}
			}
		}
		for _, around := range []string{token + "=", token + "\n", token + " ", " " + token, token + ".", "." + token, token + "." + token} {
			if _, _, err := jose.Verify(around, c); err == nil {
				t.Fatalf("%s: %q was accepted", alg, strings.Replace(around, token, "TOKEN", 1))
			}
		}
	}
}
