package jose_test

import (
	"crypto"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/daypass/daypass/internal/jose"
)

func publicKeys(t testing.TB) []jose.PublicKey {
	var keys []jose.PublicKey
	for _, alg := range jose.Algorithms() {
		keys = append(keys, jose.PublicKey{ID: "key-" + string(alg), Algorithm: alg, Key: newKey(t, alg).Public()})
	}
	return keys
}

func TestKeySetRoundTripHoldsPublicMembersOnly(t *testing.T) {
	t.Parallel()
	keys := publicKeys(t)
	doc, err := jose.MarshalKeySet(keys)
	if err != nil {
		t.Fatal(err)
	}
	var raw struct{ Keys []map[string]string }
	if err := json.Unmarshal(doc, &raw); err != nil || len(raw.Keys) != len(keys) {
		t.Fatalf("%v: %s", err, doc)
	}
	for i, k := range raw.Keys {
		if k["kid"] != keys[i].ID || k["alg"] != string(keys[i].Algorithm) || k["use"] != "sig" || k["kty"] == "" {
			t.Errorf("key %d: %v", i, k)
		}
		for _, secret := range []string{"d", "p", "q", "dp", "dq", "qi", "oth", "k", "priv"} {
			if _, there := k[secret]; there {
				t.Errorf("key %d has %s", i, secret)
			}
		}
	}
	set, err := jose.ParseKeySet(doc)
	if err != nil {
		t.Fatal(err)
	}
	for _, k := range keys {
		got, ok := set.Find(k.ID, k.Algorithm)
		if !ok || !got.(interface{ Equal(crypto.PublicKey) bool }).Equal(k.Key) {
			t.Errorf("%s: found %v", k.ID, ok)
		}
		for _, alg := range append(jose.Algorithms(), "none", "HS256", "") {
			if _, ok := set.Find(k.ID, alg); ok != (alg == k.Algorithm) {
				t.Errorf("%s under %q: found %v", k.ID, alg, ok)
			}
		}
		if _, ok := set.Find("", k.Algorithm); ok {
			t.Error("the empty id found a key")
		}
	}
	if got := set.Keys(); len(got) != len(keys) {
		t.Errorf("got %d keys", len(got))
	}
}

func TestMarshalKeySetRefuses(t *testing.T) {
	t.Parallel()
	private := newKey(t, jose.ES256)
	good := jose.PublicKey{ID: "a", Algorithm: jose.ES256, Key: private.Public()}
	for name, keys := range map[string][]jose.PublicKey{
		"a private key":       {{ID: "a", Algorithm: jose.ES256, Key: private}},
		"a private Ed25519":   {{ID: "a", Algorithm: jose.EdDSA, Key: newKey(t, jose.EdDSA)}},
		"a symmetric key":     {{ID: "a", Algorithm: "HS256", Key: []byte("secret")}},
		"no id":               {{Algorithm: jose.ES256, Key: private.Public()}},
		"the same id twice":   {good, good},
		"another algorithm":   {{ID: "a", Algorithm: jose.RS256, Key: private.Public()}},
		"no algorithm":        {{ID: "a", Key: private.Public()}},
		"no key":              {{ID: "a", Algorithm: jose.ES256}},
		"a short Ed25519 key": {{ID: "a", Algorithm: jose.EdDSA, Key: private.Public().(interface{ Bytes() ([]byte, error) })}},
	} {
		if doc, err := jose.MarshalKeySet(keys); err == nil {
			t.Errorf("%s: got %s", name, doc)
		}
	}
	if doc, err := jose.MarshalKeySet(nil); err != nil || string(doc) != `{"keys":[]}` {
		t.Errorf("no keys: got %s, %v", doc, err)
	}
}

const (
	ecX = "f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU"
	ecY = "x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0"
	edX = "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"
)

func ec(more string) string {
	return `{"kty":"EC","crv":"P-256","kid":"k","x":"` + ecX + `","y":"` + ecY + `"` + more + `}`
}

func rsaJWK(n, e, more string) string {
	return `{"kty":"RSA","kid":"k","n":"` + n + `","e":"` + e + `"` + more + `}`
}

func TestParseKeySetTakesSkipsAndRefuses(t *testing.T) {
	t.Parallel()
	const takes, skips, refuses = "takes", "skips", "refuses"
	n2048 := "w" + strings.Repeat("A", 340) + "Q" // not a product of two primes, but of the right looks
	n1024 := "w" + strings.Repeat("A", 169) + "Q"
	n := b64("\xc1" + strings.Repeat("\x01", 255))
	for name, tc := range map[string]struct{ key, want string }{
		"P-256":                    {ec(``), takes},
		"P-256 with its alg":       {ec(`,"alg":"ES256","use":"sig","key_ops":["verify"]`), takes},
		"unknown members":          {ec(`,"x5t":"a","ext":true`), takes},
		"Ed25519":                  {`{"kty":"OKP","crv":"Ed25519","kid":"k","x":"` + edX + `"}`, takes},
		"RSA":                      {rsaJWK(n, "AQAB", ``), takes},
		"RSA with exponent 3":      {rsaJWK(n, "Aw", ``), takes},
		"for encryption":           {ec(`,"use":"enc"`), skips},
		"for signing only":         {ec(`,"key_ops":["sign"]`), skips},
		"another alg":              {ec(`,"alg":"ECDH-ES"`), skips},
		"no kid":                   {strings.Replace(ec(``), `"kid":"k",`, ``, 1), skips},
		"P-384":                    {`{"kty":"EC","crv":"P-384","kid":"k","x":"AA","y":"AA"}`, skips},
		"X25519":                   {`{"kty":"OKP","crv":"X25519","kid":"k","x":"` + edX + `"}`, skips},
		"unknown kty":              {`{"kty":"AKP","kid":"k","pub":"AA"}`, skips},
		"no kty":                   {`{"kid":"k"}`, skips},
		"private EC":               {ec(`,"d":"AA"`), refuses},
		"private, for another use": {ec(`,"use":"enc","d":"AA"`), refuses},
		"private, null":            {ec(`,"d":null`), refuses},
		"private RSA":              {rsaJWK(n, "AQAB", `,"p":"AA"`), refuses},
		"private AKP":              {`{"kty":"AKP","kid":"k","priv":"AA"}`, refuses},
		"symmetric":                {`{"kty":"oct","kid":"k","k":"AA"}`, refuses},
		"symmetric without k":      {`{"kty":"oct","kid":"k"}`, refuses},
		"k in another type":        {ec(`,"k":"AA"`), refuses},
		"off the curve":            {strings.Replace(ec(``), ecX, ecY, 1), refuses},
		"short coordinate":         {strings.Replace(ec(``), ecX, ecX[:40], 1), refuses},
		"no y":                     {strings.Replace(ec(``), ecY, "", 1), refuses},
		"padded":                   {strings.Replace(ec(``), ecX, ecX+"=", 1), refuses},
		"Ed25519, short":           {`{"kty":"OKP","crv":"Ed25519","kid":"k","x":"AAAA"}`, refuses},
		"Ed25519 with y":           {`{"kty":"OKP","crv":"Ed25519","kid":"k","x":"` + edX + `","y":"AA"}`, refuses},
		"alg of another type":      {ec(`,"alg":"RS256"`), refuses},
		"alg of another type, 2":   {rsaJWK(n, "AQAB", `,"alg":"ES256"`), refuses},
		"RSA 1024":                 {rsaJWK(n1024, "AQAB", ``), refuses},
		"RSA 16384":                {rsaJWK(b64("\x81"+strings.Repeat("\x01", 2047)), "AQAB", ``), refuses},
		"RSA, even modulus":        {rsaJWK(n2048[:341]+"A", "AQAB", ``), refuses},
		"RSA, exponent 1":          {rsaJWK(n, "AQ", ``), refuses},
		"RSA, even exponent":       {rsaJWK(n, "BA", ``), refuses},
		"RSA, exponent 0":          {rsaJWK(n, "AA", ``), refuses},
		"RSA, huge exponent":       {rsaJWK(n, "_____w", ``), refuses},
		"RSA, huger exponent":      {rsaJWK(n, "AQAAAAE", ``), refuses},
		"RSA, leading zero":        {rsaJWK(b64("\x00\xc1"+strings.Repeat("\x01", 255)), "AQAB", ``), refuses},
		"RSA, no n":                {rsaJWK("", "AQAB", ``), refuses},
		"member twice":             {ec(`,"kid":"k"`), refuses},
		"kid a number":             {ec(`,"use":7`), refuses},
		"not an object":            {`"key"`, refuses},
		"null":                     {`null`, refuses},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			set, err := jose.ParseKeySet([]byte(`{"keys":[` + tc.key + `]}`))
			got := takes
			switch {
			case err != nil && !errors.Is(err, jose.ErrKeySet):
				t.Fatalf("got %v, want ErrKeySet", err)
			case err != nil:
				got = refuses
			case len(set.Keys()) == 0:
				got = skips
			}
			if got != tc.want {
				t.Fatalf("%s (%v), want %s", got, err, tc.want)
			}
		})
	}
}

func TestParseKeySetRefusesDocuments(t *testing.T) {
	t.Parallel()
	many := func(n int) string {
		keys := make([]string, n)
		for i := range keys {
			keys[i] = strings.Replace(ec(``), `"k"`, fmt.Sprintf(`"k%d"`, i), 1)
		}
		return `{"keys":[` + strings.Join(keys, ",") + `]}`
	}
	for name, tc := range map[string]struct {
		doc string
		ok  bool
	}{
		"empty set":           {`{"keys":[]}`, true},
		"as many as allowed":  {many(jose.MaxKeys), true},
		"too many":            {many(jose.MaxKeys + 1), false},
		"too large":           {`{"keys":[]` + strings.Repeat(" ", jose.MaxKeySet) + `}`, false},
		"one id for two keys": {`{"keys":[` + ec(``) + `,{"kty":"OKP","crv":"Ed25519","kid":"k","x":"` + edX + `"}]}`, false},
		"no keys member":      {`{}`, false},
		"keys null":           {`{"keys":null}`, false},
		"keys an object":      {`{"keys":{}}`, false},
		"keys twice":          {`{"keys":[],"keys":[]}`, false},
		"another case":        {`{"KEYS":[]}`, false},
		"a bare list":         {`[]`, false},
		"trailing data":       {`{"keys":[]}]`, false},
		"HTML":                {`<html>`, false},
		"empty":               {``, false},
	} {
		if _, err := jose.ParseKeySet([]byte(tc.doc)); (err == nil) != tc.ok || err != nil && !errors.Is(err, jose.ErrKeySet) {
			t.Errorf("%s: got %v, want ok %v", name, err, tc.ok)
		}
	}
}

func TestRSAKeyWithoutAlgServesBothRSAAlgorithms(t *testing.T) {
	t.Parallel()
	set, err := jose.ParseKeySet([]byte(`{"keys":[` + rsaJWK(b64("\xc1"+strings.Repeat("\x01", 255)), "AQAB", ``) + `]}`))
	if err != nil {
		t.Fatal(err)
	}
	for alg, want := range map[jose.Algorithm]bool{jose.RS256: true, jose.PS256: true, jose.ES256: false, jose.EdDSA: false, "HS256": false, "none": false, "": false} {
		if _, ok := set.Find("k", alg); ok != want {
			t.Errorf("%q: found %v", alg, ok)
		}
	}
}
