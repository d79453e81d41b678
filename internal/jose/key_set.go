package jose

import (
	"cmp"
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rsa"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"math/big"
	"slices"
)

// MaxKeySet is the largest document ParseKeySet looks at, in bytes; MaxKeys the most keys it may list.
const (
	MaxKeySet = 256 << 10
	MaxKeys   = 100
)

// ErrKeySet reports a document that is no usable set of public keys.
var ErrKeySet = errors.New("unusable key set")

// PublicKey is one verification key with its id and the one algorithm it is for (RFC 8725 §3.1).
type PublicKey struct {
	// ID is the kid. Not empty.
	ID string
	// Algorithm is empty only for an RSA key read from a document that does not say: it then serves RS256 and PS256.
	Algorithm Algorithm
	// Key is *ecdsa.PublicKey, ed25519.PublicKey or *rsa.PublicKey.
	Key crypto.PublicKey
}

// KeySet is a set of public keys, immutable and safe for concurrent use. The zero value is empty.
type KeySet struct {
	keys []PublicKey
}

// Find returns the key with that id that serves alg. The empty id finds nothing, since no key of a set has it: a token
// that does not name its key would have to be tried against all.
func (s *KeySet) Find(kid string, alg Algorithm) (crypto.PublicKey, bool) {
	for _, k := range s.keys {
		if k.ID == kid && (k.Algorithm == alg || k.Algorithm == "") && checkKey(alg, k.Key) == nil {
			return k.Key, true
		}
	}
	return nil, false
}

// Keys returns a copy of the list, in the document's order.
func (s *KeySet) Keys() []PublicKey { return slices.Clone(s.keys) }

// wireKey is a JWK (RFC 7517 §4, RFC 7518 §6, RFC 8037 §2). Secret members are there only to be found and refused.
type wireKey struct {
	Type      string   `json:"kty"`
	Use       string   `json:"use,omitempty"`
	Ops       []string `json:"key_ops,omitempty"`
	Algorithm string   `json:"alg,omitempty"`
	ID        string   `json:"kid,omitempty"`
	Curve     string   `json:"crv,omitempty"`
	X         string   `json:"x,omitempty"`
	Y         string   `json:"y,omitempty"`
	N         string   `json:"n,omitempty"`
	E         string   `json:"e,omitempty"`

	D   json.RawMessage `json:"d,omitempty"`
	P   json.RawMessage `json:"p,omitempty"`
	Q   json.RawMessage `json:"q,omitempty"`
	DP  json.RawMessage `json:"dp,omitempty"`
	DQ  json.RawMessage `json:"dq,omitempty"`
	QI  json.RawMessage `json:"qi,omitempty"`
	Oth json.RawMessage `json:"oth,omitempty"`
	K   json.RawMessage `json:"k,omitempty"`
	// Priv is the secret member of the key type AKP of the post-quantum algorithms.
	Priv json.RawMessage `json:"priv,omitempty"`
}

func (w *wireKey) hasSecret() bool {
	for _, m := range []json.RawMessage{w.D, w.P, w.Q, w.DP, w.DQ, w.QI, w.Oth, w.K, w.Priv} {
		if m != nil {
			return true
		}
	}
	return w.Type == "oct"
}

// MarshalKeySet writes {"keys": […]} (RFC 7517 §5) with kid, kty, use=sig, alg and the public members of each key. It
// fails when an id is missing or repeated, or a key does not fit its algorithm. Only public key types are known
// here, so that a private one cannot slip into the document.
func MarshalKeySet(keys []PublicKey) ([]byte, error) {
	out := struct {
		Keys []wireKey `json:"keys"`
	}{make([]wireKey, 0, len(keys))}
	seen := make(map[string]bool, len(keys))
	for _, k := range keys {
		if k.ID == "" || seen[k.ID] {
			return nil, fmt.Errorf("marshal key set: key id %q is missing or repeated", k.ID)
		}
		seen[k.ID] = true
		if err := checkKey(k.Algorithm, k.Key); err != nil {
			return nil, fmt.Errorf("marshal key set: key %q: %w", k.ID, err)
		}
		w, err := toWire(k.Key)
		if err != nil {
			return nil, fmt.Errorf("marshal key set: key %q: %w", k.ID, err)
		}
		w.ID, w.Use, w.Algorithm = k.ID, "sig", string(k.Algorithm)
		out.Keys = append(out.Keys, w)
	}
	return json.Marshal(out)
}

func toWire(key crypto.PublicKey) (wireKey, error) {
	b64 := base64.RawURLEncoding.EncodeToString
	switch k := key.(type) {
	case *ecdsa.PublicKey:
		point, err := k.Bytes() // 4 ‖ x ‖ y
		if err != nil || k.Curve != elliptic.P256() {
			return wireKey{}, errors.New("not a P-256 key")
		}
		return wireKey{Type: "EC", Curve: "P-256", X: b64(point[1 : 1+p256Bytes]), Y: b64(point[1+p256Bytes:])}, nil
	case ed25519.PublicKey:
		if len(k) != ed25519.PublicKeySize {
			return wireKey{}, errors.New("not an Ed25519 key")
		}
		return wireKey{Type: "OKP", Curve: "Ed25519", X: b64(k)}, nil
	case *rsa.PublicKey:
		return wireKey{Type: "RSA", N: b64(k.N.Bytes()), E: b64(big.NewInt(int64(k.E)).Bytes())}, nil
	}
	return wireKey{}, fmt.Errorf("%T is no public key of a known type", key)
}

// ParseKeySet reads a JWK set (RFC 7517 §5). Keys of a type, curve or algorithm that this package does not know, keys
// for another use than verifying signatures, and keys without an id are skipped, as §5 advises. Everything else that
// is wrong refuses the whole document with ErrKeySet: an issuer that publishes a secret, a weak key or two keys under
// one name has lost control of its keys. A set without any usable key is no error.
func ParseKeySet(data []byte) (*KeySet, error) {
	if len(data) > MaxKeySet {
		return nil, fmt.Errorf("%w: larger than %d bytes", ErrKeySet, MaxKeySet)
	}
	var doc struct {
		Keys []json.RawMessage `json:"keys"`
	}
	if err := DecodeStrict(data, &doc); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrKeySet, err)
	}
	if doc.Keys == nil {
		return nil, fmt.Errorf("%w: no keys member", ErrKeySet)
	}
	if len(doc.Keys) > MaxKeys {
		return nil, fmt.Errorf("%w: more than %d keys", ErrKeySet, MaxKeys)
	}
	set := &KeySet{}
	for i, raw := range doc.Keys {
		k, usable, err := parseKey(raw)
		if err != nil {
			return nil, fmt.Errorf("%w: key %d: %w", ErrKeySet, i, err)
		}
		if !usable {
			continue
		}
		if slices.ContainsFunc(set.keys, func(o PublicKey) bool { return o.ID == k.ID }) {
			return nil, fmt.Errorf("%w: key %d: its id is not its own", ErrKeySet, i)
		}
		set.keys = append(set.keys, k)
	}
	return set, nil
}

func parseKey(raw []byte) (k PublicKey, usable bool, err error) {
	var w wireKey
	if err := DecodeStrict(raw, &w); err != nil {
		return k, false, err
	}
	if w.hasSecret() {
		return k, false, errors.New("holds secret key material")
	}
	alg := Algorithm(w.Algorithm)
	switch {
	case w.ID == "", w.Use != "" && w.Use != "sig", w.Ops != nil && !slices.Contains(w.Ops, "verify"),
		alg != "" && !slices.Contains(Algorithms(), alg):
		return k, false, nil
	}
	var key crypto.PublicKey
	switch {
	case w.Type == "EC" && w.Curve == "P-256":
		key, err = w.p256()
		alg = cmp.Or(alg, ES256)
	case w.Type == "OKP" && w.Curve == "Ed25519":
		key, err = w.ed25519()
		alg = cmp.Or(alg, EdDSA)
	case w.Type == "RSA":
		key, err = w.rsa()
	default:
		return k, false, nil
	}
	if err == nil && alg != "" {
		err = checkKey(alg, key)
	}
	return PublicKey{w.ID, alg, key}, err == nil, err
}
