package jose

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"math/big"
	"slices"
	"strings"
)

// MaxToken is the longest token Verify looks at, in bytes.
const MaxToken = 16 << 10

// What Verify reports; compare with errors.Is.
var (
	// ErrMalformed: not a compact JWS written the one way it may be written, or a header that brings its own key.
	ErrMalformed = errors.New("malformed")
	// ErrCritical: the header asks for an extension (crit, b64, zip) that this package does not speak. RFC 7515 §4.1.11.
	ErrCritical = errors.New("unsupported critical header")
	// ErrAlgorithm: an algorithm outside the allow-list, or one that does not fit the key.
	ErrAlgorithm = errors.New("algorithm not allowed")
	// ErrType: the typ header is missing or none of those asked for. RFC 8725 §3.11.
	ErrType = errors.New("wrong token type")
	// ErrKeyUnknown: no key has that id and algorithm.
	ErrKeyUnknown = errors.New("unknown key")
	// ErrSignature: the signature does not match.
	ErrSignature = errors.New("wrong signature")
)

// VerifyConfig says what Verify accepts. Its zero value accepts nothing.
type VerifyConfig struct {
	// Algorithms is the allow-list. An entry that is none of this package's constants is ignored.
	Algorithms []Algorithm
	// Types lists acceptable typ headers, compared without case and without a leading "application/" (RFC 7515 §4.1.9).
	Types []string
	// Keys finds the public key for a key id, which comes from the token: use it as an opaque map key and nothing else.
	Keys func(kid string, alg Algorithm) (crypto.PublicKey, bool)
}

// Header is the protected header of a verified token.
type Header struct {
	Algorithm Algorithm
	KeyID     string
	Type      string
}

// wireHeader holds the members Verify has an opinion on; any other is ignored, as RFC 7515 §4 demands. Members that
// must not be there are kept raw, so that even null counts as there.
type wireHeader struct {
	Algorithm   Algorithm       `json:"alg"`
	KeyID       string          `json:"kid"`
	Type        string          `json:"typ"`
	ContentType string          `json:"cty"`
	Critical    json.RawMessage `json:"crit"`
	Base64      json.RawMessage `json:"b64"`
	Compression json.RawMessage `json:"zip"`
	Key         json.RawMessage `json:"jwk"`
	KeyURL      json.RawMessage `json:"jku"`
	CertURL     json.RawMessage `json:"x5u"`
	Certs       json.RawMessage `json:"x5c"`
}

// Verify checks a compact JWS (RFC 7515 §5.2) and returns its payload. It is strict where RFC 7515 lets a receiver be
// lenient: canonical unpadded base64url, JSON without duplicate members, no key material or extensions in the header.
// The payload is returned only when the signature is right; it is bytes, not necessarily JSON (see DecodeStrict).
func Verify(token string, c VerifyConfig) (payload []byte, header Header, err error) {
	fail := func(err error) ([]byte, Header, error) { return nil, Header{}, fmt.Errorf("token: %w", err) }
	if len(token) > MaxToken {
		return fail(fmt.Errorf("%w: longer than %d bytes", ErrMalformed, MaxToken))
	}
	signed, sig, _ := cutLast(token)
	head, body, ok := strings.Cut(signed, ".")
	if !ok || body == "" || sig == "" || strings.Contains(body, ".") {
		return fail(fmt.Errorf("%w: three parts expected", ErrMalformed))
	}
	header, err = parseHeader(head)
	if err != nil {
		return fail(err)
	}
	if payload, err = decodeBase64(body); err != nil {
		return fail(err)
	}
	signature, err := decodeBase64(sig)
	if err != nil {
		return fail(err)
	}
	// Last, because looking for a key may cost the caller a request: garbage must not get that far.
	key, err := c.judge(header)
	if err != nil {
		return fail(err)
	}
	if !goodSignature(header.Algorithm, key, []byte(signed), signature) {
		return fail(ErrSignature)
	}
	return payload, header, nil
}

func cutLast(s string) (before, after string, ok bool) {
	i := strings.LastIndexByte(s, '.')
	if i < 0 {
		return s, "", false
	}
	return s[:i], s[i+1:], true
}

func parseHeader(part string) (Header, error) {
	raw, err := decodeBase64(part)
	if err != nil {
		return Header{}, err
	}
	var w wireHeader
	if err := DecodeStrict(raw, &w); err != nil {
		return Header{}, err
	}
	switch {
	case w.Critical != nil || w.Base64 != nil || w.Compression != nil:
		return Header{}, ErrCritical
	case w.Key != nil || w.KeyURL != nil || w.CertURL != nil || w.Certs != nil:
		// A key that comes with the token proves nothing about who made it (RFC 8725 §3.8–3.10).
		return Header{}, fmt.Errorf("%w: the header brings a key", ErrMalformed)
	case mediaType(w.ContentType) == "jwt":
		return Header{}, fmt.Errorf("%w: a nested token", ErrMalformed)
	}
	return Header{w.Algorithm, w.KeyID, w.Type}, nil
}

// judge finds the key, once algorithm and type have passed.
func (c VerifyConfig) judge(h Header) (crypto.PublicKey, error) {
	// The second condition keeps none and HS* out even if a caller were to list them.
	if !slices.Contains(c.Algorithms, h.Algorithm) || !slices.Contains(Algorithms(), h.Algorithm) {
		return nil, ErrAlgorithm
	}
	typ := mediaType(h.Type)
	if !slices.ContainsFunc(c.Types, func(want string) bool { return mediaType(want) == typ }) {
		return nil, ErrType
	}
	if c.Keys == nil {
		return nil, ErrKeyUnknown
	}
	key, ok := c.Keys(h.KeyID, h.Algorithm)
	if !ok {
		return nil, ErrKeyUnknown
	}
	if err := checkKey(h.Algorithm, key); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrAlgorithm, err)
	}
	return key, nil
}

// mediaType lowers a typ or cty value and drops the prefix RFC 7515 §4.1.9 allows to omit.
func mediaType(s string) string {
	const prefix = "application/"
	s = strings.ToLower(s)
	if rest, ok := strings.CutPrefix(s, prefix); ok && !strings.Contains(rest, "/") {
		return rest
	}
	return s
}

// goodSignature expects a key that checkKey has passed.
func goodSignature(alg Algorithm, key crypto.PublicKey, input, signature []byte) bool {
	switch k := key.(type) {
	case ed25519.PublicKey:
		return ed25519.Verify(k, input, signature) // refuses an S that is not canonical
	case *ecdsa.PublicKey:
		return goodECDSA(k, input, signature)
	case *rsa.PublicKey:
		digest := sha256.Sum256(input)
		if alg == PS256 {
			return rsa.VerifyPSS(k, crypto.SHA256, digest[:], signature, pssOptions()) == nil
		}
		return rsa.VerifyPKCS1v15(k, crypto.SHA256, digest[:], signature) == nil
	}
	return false
}

func goodECDSA(key *ecdsa.PublicKey, input, signature []byte) bool {
	if len(signature) != 2*p256Bytes {
		return false
	}
	r, s := new(big.Int).SetBytes(signature[:p256Bytes]), new(big.Int).SetBytes(signature[p256Bytes:])
	// crypto/ecdsa checks the range as well. It is said here too, because a signature of two zeros that passes for
	// every message (CVE-2022-21449) is too cheap an attack to leave to a promise made elsewhere.
	order := elliptic.P256().Params().N
	if r.Sign() == 0 || s.Sign() == 0 || r.Cmp(order) >= 0 || s.Cmp(order) >= 0 {
		return false
	}
	digest := sha256.Sum256(input)
	return ecdsa.Verify(key, digest[:], r, s)
}

// decodeBase64 accepts only what encoding the result again would give: no padding, no line breaks (which the standard
// library skips), no stray bits in the last character.
func decodeBase64(s string) ([]byte, error) {
	if strings.ContainsAny(s, "\r\n") {
		return nil, fmt.Errorf("%w: not base64url", ErrMalformed)
	}
	out, err := base64.RawURLEncoding.Strict().DecodeString(s)
	if err != nil {
		return nil, fmt.Errorf("%w: not base64url", ErrMalformed)
	}
	return out, nil
}
