package auth

import (
	"crypto/hmac"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"github.com/daypass/daypass/internal/secret"
)

// SignUpPrefix starts every sign-up token.
const SignUpPrefix = "dpu_"

const (
	signUpPurpose     = "daypass sign-up v1"
	signUpCodePurpose = "daypass sign-up code v1"
)

// SignUp is an account that waits for the proof of its address: the code that was mailed to it. Nothing of it is in the
// database: the browser keeps it, sealed, as a token, so that strangers cannot fill a table with accounts that nobody
// wants. It is spent once.
type SignUp struct {
	ID        ID
	Email     string       // normalised
	Password  secret.Token // PHC string
	CodeMAC   [32]byte
	ExpiresAt time.Time
}

// sealedSignUp is what a sign-up token holds.
type sealedSignUp struct {
	Email   string `json:"e"`
	Hash    string `json:"p"` // PHC string
	CodeMAC []byte `json:"m"`
	Expires int64  `json:"x"` // milliseconds since 1970
}

// MAC is the keyed hash of a code for this sign-up; false when no key is loaded.
func (s SignUp) MAC(code secret.Token, keys DerivedKeys) (sum [32]byte, ok bool) {
	return codeMAC(code, keys, keys.Active(), signUpCodePurpose, s.ID, s.Email)
}

// Proven tells whether typed is the code of the sign-up, and still good.
func (s SignUp) Proven(typed secret.Token, keys DerivedKeys, now time.Time) bool {
	mac, ok := codeMAC(typed, keys, s.CodeMAC[0], signUpCodePurpose, s.ID, s.Email)
	return ok && now.Before(s.ExpiresAt) && hmac.Equal(mac[:], s.CodeMAC[:])
}

// Token seals the sign-up: SignUpPrefix and base64url of version(1) ‖ id(16) ‖ record, encrypted under a derived key.
func (s SignUp) Token(keys DerivedKeys) (secret.Token, error) {
	version := keys.Active()
	key, ok := keys.Derived(version, signUpPurpose)
	if !ok {
		return secret.Token{}, ErrKeyUnknown
	}
	plain, err := json.Marshal(sealedSignUp{s.Email, s.Password.Reveal(), s.CodeMAC[:], s.ExpiresAt.UnixMilli()})
	if err != nil {
		return secret.Token{}, fmt.Errorf("auth: sign-up: %w", err)
	}
	head := append([]byte{version}, s.ID[:]...)
	sealed, err := secret.Seal(key, plain, string(head))
	if err != nil {
		return secret.Token{}, err
	}
	return secret.FromString(SignUpPrefix + base64.RawURLEncoding.EncodeToString(append(head, sealed...))), nil
}

const maxSignUpToken = 3500 // characters; JSON writes some of an address's 254 with six each, and a cookie holds 4096

// ReadSignUp opens a sign-up token; false when it is none of ours.
func ReadSignUp(token secret.Token, keys DerivedKeys) (SignUp, bool) {
	text, found := strings.CutPrefix(token.Reveal(), SignUpPrefix)
	if !found || len(text) > maxSignUpToken {
		return SignUp{}, false
	}
	b, err := base64.RawURLEncoding.Strict().DecodeString(text)
	var s SignUp
	head := 1 + len(s.ID)
	if err != nil || len(b) < head {
		return SignUp{}, false
	}
	copy(s.ID[:], b[1:])
	key, ok := keys.Derived(b[0], signUpPurpose)
	if !ok {
		return SignUp{}, false
	}
	plain, err := secret.Open(key, b[head:], string(b[:head]))
	var record sealedSignUp
	if err != nil || json.Unmarshal(plain, &record) != nil || len(record.CodeMAC) != len(s.CodeMAC) {
		return SignUp{}, false
	}
	s.Email, s.Password, s.ExpiresAt = record.Email, secret.FromString(record.Hash), time.UnixMilli(record.Expires).UTC()
	copy(s.CodeMAC[:], record.CodeMAC)
	return s, true
}
