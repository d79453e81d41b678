package jose_test

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/rand"
	"crypto/sha256"
	"testing"

	"github.com/daypass/daypass/internal/jose"
)

const accessTokenClaims = `{"iss":"https://id.example.com","sub":"0199d1c0f3a47b0e8a2f4c5d6e7f8091","aud":"https://api.example.com","exp":1790000600,"iat":1790000000,"jti":"mXn2vT0aQ1y7cZb4","client_id":"web","scope":"read write","auth_time":1789990000,"acr":"1","amr":["pwd"],"sid":"s-77aa","gid":"0199d1c0f3a47b0e8a2f4c5d6e7f8092","roles":["staff"]}`

var benchAlgorithms = []jose.Algorithm{jose.ES256, jose.EdDSA}

func BenchmarkSign(b *testing.B) {
	for _, alg := range benchAlgorithms {
		b.Run(string(alg), func(b *testing.B) {
			signer := newSigner(b, newKey(b, alg), alg)
			payload := []byte(accessTokenClaims)
			b.ReportAllocs()
			for b.Loop() {
				if _, err := signer.Sign(payload); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

func BenchmarkBareSign(b *testing.B) {
	for _, alg := range benchAlgorithms {
		b.Run(string(alg), func(b *testing.B) {
			key, input := newKey(b, alg), []byte(accessTokenClaims)
			b.ReportAllocs()
			for b.Loop() {
				bareSign(b, key, input)
			}
		})
	}
}

// BenchmarkVerify takes a token the whole way to typed claims.
func BenchmarkVerify(b *testing.B) {
	for _, alg := range benchAlgorithms {
		b.Run(string(alg), func(b *testing.B) {
			key := newKey(b, alg)
			token, err := newSigner(b, key, alg).Sign([]byte(accessTokenClaims))
			if err != nil {
				b.Fatal(err)
			}
			c := accept(key.Public())
			b.ReportAllocs()
			for b.Loop() {
				payload, _, err := jose.Verify(token, c)
				if err != nil {
					b.Fatal(err)
				}
				var got claims
				if err := jose.DecodeStrict(payload, &got); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

func BenchmarkBareVerify(b *testing.B) {
	for _, alg := range benchAlgorithms {
		b.Run(string(alg), func(b *testing.B) {
			key, input := newKey(b, alg), []byte(accessTokenClaims)
			signature := bareSign(b, key, input)
			b.ReportAllocs()
			for b.Loop() {
				digest := sha256.Sum256(input)
				switch k := key.Public().(type) {
				case *ecdsa.PublicKey:
					if !ecdsa.VerifyASN1(k, digest[:], signature) {
						b.Fatal("wrong signature")
					}
				case ed25519.PublicKey:
					if !ed25519.Verify(k, input, signature) {
						b.Fatal("wrong signature")
					}
				}
			}
		})
	}
}

func bareSign(b *testing.B, key crypto.Signer, input []byte) []byte {
	b.Helper()
	digest, opts := sha256.Sum256(input), crypto.SignerOpts(crypto.SHA256)
	message := digest[:]
	if _, ok := key.(ed25519.PrivateKey); ok {
		message, opts = input, crypto.Hash(0)
	}
	signature, err := key.Sign(rand.Reader, message, opts)
	if err != nil {
		b.Fatal(err)
	}
	return signature
}
