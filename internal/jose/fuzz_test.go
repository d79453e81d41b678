package jose_test

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"strings"
	"testing"

	"github.com/daypass/daypass/internal/jose"
)

// FuzzVerify: no input panics, and what is accepted is exactly what re-encoding its parts gives.
func FuzzVerify(f *testing.F) {
	key := newKey(f, jose.EdDSA)
	for _, header := range []string{
		`{"alg":"EdDSA","kid":"k1","typ":"at+jwt"}`, `{"alg":"none"}`, `{"alg":"EdDSA","crit":["b64"],"b64":false}`,
		`{"alg":"EdDSA","alg":"none"}`, `{"alg":"EdDSA","kid":"k1","typ":"at+jwt","jwk":{}}`, ``, `[]`,
	} {
		f.Add(forge(f, key, jose.EdDSA, header, `{"sub":"ann"}`))
	}
	f.Add("")
	f.Add("..")
	f.Add(strings.Repeat(".", 100))
	c := accept(key.Public())
	f.Fuzz(func(t *testing.T, token string) {
		payload, header, err := jose.Verify(token, c)
		peeked, peekErr := jose.UnverifiedPayload(token)
		if err == nil && (peekErr != nil || !bytes.Equal(peeked, payload)) {
			t.Fatalf("%q: unverified it says %q, %v; verified %q", token, peeked, peekErr, payload)
		}
		if err != nil {
			if payload != nil || header != (jose.Header{}) {
				t.Fatalf("a refused token gave %q, %+v", payload, header)
			}
			return
		}
		if part := strings.Split(token, ".")[1]; part != base64.RawURLEncoding.EncodeToString(payload) || header.Algorithm != jose.EdDSA {
			t.Fatalf("accepted %q", token)
		}
	})
}

// FuzzParseKeySet: no input panics, and a set that is accepted can be written and read again.
func FuzzParseKeySet(f *testing.F) {
	doc, err := jose.MarshalKeySet(publicKeys(f))
	if err != nil {
		f.Fatal(err)
	}
	f.Add(doc)
	for _, key := range []string{ec(``), ec(`,"d":"AA"`), rsaJWK("AQAB", "AQAB", ``), `{"kty":"oct","k":"AA"}`, `{"kty":"OKP","crv":"Ed25519","kid":"k","x":"` + edX + `"}`, `null`} {
		f.Add([]byte(`{"keys":[` + key + `]}`))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		set, err := jose.ParseKeySet(data)
		if err != nil {
			return
		}
		keys := set.Keys()
		for i := range keys {
			if keys[i].Algorithm == "" {
				keys[i].Algorithm = jose.PS256
			}
		}
		again, err := jose.MarshalKeySet(keys)
		if err != nil {
			t.Fatalf("accepted, but cannot be written: %v", err)
		}
		if reread, err := jose.ParseKeySet(again); err != nil || len(reread.Keys()) != len(keys) {
			t.Fatalf("written, but cannot be read: %v", err)
		}
	})
}

// FuzzDecodeStrict: whatever is accepted is valid JSON to encoding/json too and survives a round trip.
func FuzzDecodeStrict(f *testing.F) {
	for _, text := range []string{
		`{"iss":"a","exp":1,"aud":["x"],"cnf":{"jkt":"y"}}`, `{"a":1,"\u0061":1}`, `"\ud83d\ude00"`, `[[[[1e5]]]]`, `{"act":{"sub":"x"}}`,
		"\"\xff\"", `1 2`, `-0`, `{"roles":null}`, ` `,
	} {
		f.Add([]byte(text))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		var whole any
		var typed claims
		err := jose.DecodeStrict(data, &whole)
		if typedErr := jose.DecodeStrict(data, &typed); typedErr == nil && err != nil {
			t.Fatalf("%q decodes into a struct, yet not at all: %v", data, err)
		}
		if err != nil {
			return
		}
		if !json.Valid(data) {
			t.Fatalf("accepted %q, which is not JSON", data)
		}
		out, err := json.Marshal(whole)
		if err != nil {
			t.Fatal(err)
		}
		if err := jose.DecodeStrict(bytes.TrimSpace(out), &whole); err != nil {
			t.Fatalf("%q became %q: %v", data, out, err)
		}
	})
}
