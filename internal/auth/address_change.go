package auth

import (
	"crypto/hmac"
	"time"

	"github.com/daypass/daypass/internal/secret"
)

const addressCodePurpose = "daypass address code v1"

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

// Proven tells whether typed is the code of the change, in whatever case and with whatever blanks and hyphens, and still
// good in this session.
func (c AddressChange) Proven(typed secret.Token, session ID, keys DerivedKeys, now time.Time) bool {
	if c.SessionID != session || !now.Before(c.ExpiresAt) {
		return false
	}
	mac, ok := codeMAC(typed, keys, c.CodeMAC[0], addressCodePurpose, c.UserID, c.Email)
	return ok && hmac.Equal(mac[:], c.CodeMAC[:])
}

// MAC is the keyed hash of a code for this user and address; false when no key is loaded.
func (c AddressChange) MAC(code secret.Token, keys DerivedKeys) (sum [32]byte, ok bool) {
	return codeMAC(code, keys, keys.Active(), addressCodePurpose, c.UserID, c.Email)
}
