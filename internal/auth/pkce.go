package auth

import (
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"strings"
)

const (
	challengeLength = 43 // base64url of a SHA-256
	minVerifier     = 43
	maxVerifier     = 128
	unreserved      = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._~"
)

// ValidChallenge tells whether s can be the code_challenge of method S256 (RFC 7636 §4.2).
func ValidChallenge(s string) bool {
	_, err := base64.RawURLEncoding.Strict().DecodeString(s)
	return err == nil && len(s) == challengeLength && !strings.ContainsAny(s, "\r\n")
}

// VerifierFits tells whether a code_verifier is the one of a challenge (RFC 7636 §4.6), in a time that does not tell how
// far it is. A verifier where no challenge was sent fits nothing: somebody has taken the challenge away (RFC 9700 §4.8).
func VerifierFits(challenge, verifier string) bool {
	if challenge == "" || verifier == "" {
		return challenge == verifier
	}
	if len(verifier) < minVerifier || len(verifier) > maxVerifier || strings.Trim(verifier, unreserved) != "" {
		return false
	}
	sum := sha256.Sum256([]byte(verifier))
	got := base64.RawURLEncoding.EncodeToString(sum[:])
	return subtle.ConstantTimeCompare([]byte(got), []byte(challenge)) == 1
}
