package jose

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"errors"
	"fmt"
)

// Algorithm is a JWS signature algorithm, the alg header of RFC 7515 §4.1.1.
type Algorithm string

// The algorithms Daypass signs and verifies with; none and the HMAC family do not exist here (RFC 8725 §3.2).
const (
	// ES256 is ECDSA on P-256 with SHA-256, RFC 7518 §3.4. The default.
	ES256 Algorithm = "ES256"
	// EdDSA is Ed25519, RFC 8037 §3.1.
	EdDSA Algorithm = "EdDSA"
	// RS256 is RSASSA-PKCS1-v1_5 with SHA-256, RFC 7518 §3.3.
	RS256 Algorithm = "RS256"
	// PS256 is RSASSA-PSS with SHA-256 and a salt of 32 bytes, RFC 7518 §3.5.
	PS256 Algorithm = "PS256"
)

const (
	// What RFC 7518 §3.3 asks at least: each refresh of a client that wants RS256 signs with it, and 3072 bits take thrice as
	// long.
	rsaNewBits = 2048
	// RFC 7518 §3.3 sets the lower bound; the upper keeps one verification from costing milliseconds.
	rsaMinBits = 2048
	rsaMaxBits = 8192
)

// Algorithms lists every algorithm of this package, the preferred first.
func Algorithms() []Algorithm { return []Algorithm{ES256, EdDSA, RS256, PS256} }

// Hash is the hash function within alg; zero for an algorithm that this package does not know.
func (alg Algorithm) Hash() crypto.Hash {
	switch alg {
	case ES256, RS256, PS256:
		return crypto.SHA256
	case EdDSA: // of Ed25519, RFC 8032 §5.1
		return crypto.SHA512
	}
	return 0
}

// GenerateKey makes a fresh private key for alg: P-256, Ed25519, or RSA of 2048 bits. An algorithm that this package
// does not know gives ErrAlgorithm.
func GenerateKey(alg Algorithm) (crypto.Signer, error) {
	switch alg {
	case ES256:
		return ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	case EdDSA:
		_, key, err := ed25519.GenerateKey(rand.Reader)
		return key, err
	case RS256, PS256:
		return rsa.GenerateKey(rand.Reader, rsaNewBits)
	}
	return nil, fmt.Errorf("generate a key: %w", ErrAlgorithm)
}

// checkKey says whether key may serve alg. It is asked on every way in, so that neither the header of a token nor a
// fetched document can pair a key with an algorithm it was not made for (RFC 8725 §3.1).
func checkKey(alg Algorithm, key crypto.PublicKey) error {
	switch alg {
	case ES256:
		if k, ok := key.(*ecdsa.PublicKey); ok && k != nil && k.Curve == elliptic.P256() {
			return nil
		}
		return errors.New("ES256 takes a P-256 key")
	case EdDSA:
		if k, ok := key.(ed25519.PublicKey); ok && len(k) == ed25519.PublicKeySize {
			return nil
		}
		return errors.New("EdDSA takes an Ed25519 key")
	case RS256, PS256:
		k, ok := key.(*rsa.PublicKey)
		if !ok || k == nil || k.N == nil {
			return fmt.Errorf("%s takes an RSA key", alg)
		}
		return checkRSA(k)
	}
	return errors.New("unknown algorithm")
}

func checkRSA(k *rsa.PublicKey) error {
	if bits := k.N.BitLen(); bits < rsaMinBits || bits > rsaMaxBits {
		return fmt.Errorf("an RSA key of %d bits: %d to %d are allowed", bits, rsaMinBits, rsaMaxBits)
	}
	// An exponent of one makes every number its own signature; an even one belongs to no RSA key.
	if k.E < 3 || k.E%2 == 0 || k.N.Bit(0) == 0 {
		return errors.New("not an RSA key: the modulus and an exponent of at least 3 must be odd")
	}
	return nil
}
