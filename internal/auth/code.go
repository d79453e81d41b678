package auth

import (
	"crypto/hmac"
	"crypto/sha256"
	"strings"
	"time"

	"github.com/daypass/daypass/internal/secret"
)

// CodeLife is how long a mailed code is good.
const CodeLife = time.Hour

const (
	codeAlphabet = "ABCDEFGHJKLMNPQRSTUVWXYZ23456789" // 32 characters that nobody confuses: 5 bits each
	codeLength   = 8
)

// NewCode draws a code of 40 bits, written "ABCD-EFGH". It is good for a while, behind a throttle.
func NewCode() secret.Token {
	b := secret.Random(codeLength)
	for i := range b {
		b[i] = codeAlphabet[b[i]%byte(len(codeAlphabet))]
	}
	return secret.FromString(string(b[:codeLength/2]) + "-" + string(b[codeLength/2:]))
}

// codeMAC is the keyed hash of a code, in whatever case and with whatever blanks and hyphens it was typed, for what it
// belongs to and the address that it was mailed to: the version of the master key, and 31 bytes. False when that key is
// not loaded.
func codeMAC(code secret.Token, keys DerivedKeys, version byte, purpose string, owner ID, email string) (sum [32]byte, ok bool) {
	key, ok := keys.Derived(version, purpose)
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
	_, _ = mac.Write(owner[:]) // never fails
	_, _ = mac.Write([]byte(email + "\x00" + plain))
	sum = [32]byte(mac.Sum(nil))
	sum[0] = version
	return sum, true
}
