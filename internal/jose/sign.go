package jose

import (
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
)

// Signer signs payloads with one key under one fixed header. It is safe for concurrent use if the key is, as those of
// the standard library are.
type Signer struct {
	key       crypto.Signer
	algorithm Algorithm
	header    string // base64url, with the dot that follows it
}

// NewSigner prepares a signer whose header is {alg, kid, typ}. All of them are required: a token of ours always names
// its key and says what it is (RFC 8725 §3.11). It fails when the key does not fit alg.
func NewSigner(key crypto.Signer, alg Algorithm, kid, typ string) (*Signer, error) {
	if key == nil || kid == "" || typ == "" {
		return nil, errors.New("new signer: key, kid and typ are required")
	}
	if err := checkKey(alg, key.Public()); err != nil {
		return nil, fmt.Errorf("new signer: %w: %w", ErrAlgorithm, err)
	}
	header, err := json.Marshal(struct {
		Algorithm Algorithm `json:"alg"`
		KeyID     string    `json:"kid"`
		Type      string    `json:"typ"`
	}{alg, kid, typ})
	if err != nil {
		return nil, fmt.Errorf("new signer: %w", err)
	}
	return &Signer{key, alg, base64.RawURLEncoding.EncodeToString(header) + "."}, nil
}

// Sign returns the compact serialisation header.payload.signature (RFC 7515 §7.1). It fails only when the key does,
// which for a key in memory means never.
func (s *Signer) Sign(payload []byte) (string, error) {
	enc := base64.RawURLEncoding
	// Room for the short signatures; the rare RSA one grows the buffer.
	token := make([]byte, 0, len(s.header)+enc.EncodedLen(len(payload))+1+enc.EncodedLen(2*p256Bytes))
	token = append(token, s.header...)
	token = enc.AppendEncode(token, payload)
	signature, err := s.signature(token)
	if err != nil {
		return "", fmt.Errorf("sign: %w", err)
	}
	token = append(token, '.')
	return string(enc.AppendEncode(token, signature)), nil
}

func (s *Signer) signature(input []byte) ([]byte, error) {
	if s.algorithm == EdDSA {
		return s.key.Sign(rand.Reader, input, crypto.Hash(0))
	}
	digest := sha256.Sum256(input)
	switch s.algorithm {
	case ES256:
		der, err := s.key.Sign(rand.Reader, digest[:], crypto.SHA256)
		if err != nil {
			return nil, err
		}
		return fixedLength(der)
	case PS256:
		return s.key.Sign(rand.Reader, digest[:], pssOptions())
	}
	return s.key.Sign(rand.Reader, digest[:], crypto.SHA256)
}

func pssOptions() *rsa.PSSOptions {
	return &rsa.PSSOptions{SaltLength: rsa.PSSSaltLengthEqualsHash, Hash: crypto.SHA256} // RFC 7518 §3.5
}

const p256Bytes = 32

// fixedLength turns the SEQUENCE { r INTEGER, s INTEGER } that a crypto.Signer returns into r ‖ s, 32 bytes each
// (RFC 7518 §3.4). DER drops leading zeros and adds one before a high bit; both are undone here.
func fixedLength(der []byte) ([]byte, error) {
	const sequence, integer = 0x30, 0x02
	odd := errors.New("the key returned no P-256 signature")
	if len(der) < 2 || der[0] != sequence || int(der[1]) != len(der)-2 || der[1] >= 0x80 {
		return nil, odd
	}
	out, rest := make([]byte, 2*p256Bytes), der[2:]
	for i := range 2 {
		if len(rest) < 2 || rest[0] != integer || int(rest[1]) > len(rest)-2 {
			return nil, odd
		}
		n := rest[2 : 2+int(rest[1])]
		rest = rest[2+len(n):]
		for len(n) > 0 && n[0] == 0 {
			n = n[1:]
		}
		if len(n) == 0 || len(n) > p256Bytes {
			return nil, odd
		}
		copy(out[(i+1)*p256Bytes-len(n):], n)
	}
	if len(rest) != 0 {
		return nil, odd
	}
	return out, nil
}
