package auth

import (
	"crypto/hmac"
	"crypto/sha256"
	"strings"
	"time"

	"github.com/daypass/daypass/internal/secret"
)

// AddressCodeLife is how long the code that proves a new address is good.
const AddressCodeLife = time.Hour

const (
	addressCodePurpose = "daypass address code v1"
	codeAlphabet       = "ABCDEFGHJKLMNPQRSTUVWXYZ23456789" // 32 characters that nobody confuses: 5 bits each
	codeLength         = 8
)

// AddressChange is a new address that waits for its proof: the code that was mailed to it, typed in within the session
// that asked. It is never a link, so that the code is in no URL, and a scanner of mails that follows links confirms
// nothing.
type AddressChange struct {
	UserID    ID
	SessionID ID
	Email     string // normalised
	CodeMAC   [32]byte
	AskedAt   time.Time
	ExpiresAt time.Time
}

// NewCode draws a code of 40 bits, written "ABCD-EFGH". It is good for a while, behind a throttle.
func NewCode() secret.Token {
	b := secret.Random(codeLength)
	for i := range b {
		b[i] = codeAlphabet[b[i]%byte(len(codeAlphabet))]
	}
	return secret.FromString(string(b[:codeLength/2]) + "-" + string(b[codeLength/2:]))
}

// Proven tells whether typed is the code of the change, in whatever case and with whatever blanks and hyphens, and still
// good in this session.
func (c AddressChange) Proven(typed secret.Token, session ID, keys DerivedKeys, now time.Time) bool {
	if c.SessionID != session || !now.Before(c.ExpiresAt) {
		return false
	}
	mac, ok := c.MAC(typed, keys)
	return ok && hmac.Equal(mac[:], c.CodeMAC[:])
}

// MAC is the keyed hash of a code for this user and address; false when no key is loaded.
func (c AddressChange) MAC(code secret.Token, keys DerivedKeys) (sum [32]byte, ok bool) {
	key, ok := keys.Derived(keys.Active(), addressCodePurpose)
	if !ok {
		return sum, false
	}
	plain := strings.ToUpper(strings.Map(func(r rune) rune {
		if r == ' ' || r == '-' || r == '\u00a0' || r == '\u2011' {
			return -1
		}
		return r
	}, code.Reveal()))
	mac := hmac.New(sha256.New, key.Bytes())
	_, _ = mac.Write(c.UserID[:]) // never fails
	_, _ = mac.Write([]byte(c.Email + "\x00" + plain))
	return [32]byte(mac.Sum(nil)), true
}
