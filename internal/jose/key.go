package jose

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"math/big"
)

func (w *wireKey) p256() (crypto.PublicKey, error) {
	x, errX := decodeBase64(w.X)
	y, errY := decodeBase64(w.Y)
	// Coordinates have the full length of the field, RFC 7518 §6.2.1.2.
	if errX != nil || errY != nil || len(x) != p256Bytes || len(y) != p256Bytes {
		return nil, errors.New("not a P-256 key")
	}
	const uncompressed = 4
	point := append(append([]byte{uncompressed}, x...), y...)
	key, err := ecdsa.ParseUncompressedPublicKey(elliptic.P256(), point) // refuses a point off the curve
	if err != nil {
		return nil, errors.New("not a P-256 key")
	}
	return key, nil
}

func (w *wireKey) ed25519() (crypto.PublicKey, error) {
	x, err := decodeBase64(w.X)
	if err != nil || len(x) != ed25519.PublicKeySize || w.Y != "" {
		return nil, errors.New("not an Ed25519 key")
	}
	return ed25519.PublicKey(x), nil
}

func (w *wireKey) rsa() (crypto.PublicKey, error) {
	n, errN := decodeBase64(w.N)
	e, errE := decodeBase64(w.E)
	const exponentBytes = 4
	// Unsigned big-endian without leading zeros, RFC 7518 §6.3.1.
	if errN != nil || errE != nil || len(n) == 0 || n[0] == 0 || len(e) == 0 || e[0] == 0 || len(e) > exponentBytes {
		return nil, errors.New("not an RSA key")
	}
	exponent := new(big.Int).SetBytes(e).Int64()
	if exponent > 1<<31-1 { // what the standard library takes
		return nil, errors.New("not an RSA key: the exponent is too large")
	}
	key := &rsa.PublicKey{N: new(big.Int).SetBytes(n), E: int(exponent)}
	return key, checkRSA(key)
}

// Thumbprint is the SHA-256 thumbprint of a public key, base64url without padding: 43 characters (RFC 7638 §3, with the
// members RFC 8037 §2 names for Ed25519). A key of an unknown type gives an error.
func Thumbprint(key crypto.PublicKey) (string, error) {
	w, err := toWire(key)
	if err != nil {
		return "", fmt.Errorf("thumbprint: %w", err)
	}
	// The required members in lexical order without white space. All values are base64url or fixed words, so that no
	// escaping can arise.
	var canonical string
	switch w.Type {
	case "EC":
		canonical = fmt.Sprintf(`{"crv":%q,"kty":"EC","x":%q,"y":%q}`, w.Curve, w.X, w.Y)
	case "OKP":
		canonical = fmt.Sprintf(`{"crv":%q,"kty":"OKP","x":%q}`, w.Curve, w.X)
	default:
		canonical = fmt.Sprintf(`{"e":%q,"kty":"RSA","n":%q}`, w.E, w.N)
	}
	sum := sha256.Sum256([]byte(canonical))
	return base64.RawURLEncoding.EncodeToString(sum[:]), nil
}
