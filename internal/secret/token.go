package secret

import (
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"log/slog"
)

const printed = "[secret]"

// errMarshal tells that somebody tried to serialise a secret by accident.
var errMarshal = errors.New("secret: a secret is not serialised; use Reveal where it must leave")

// Token is a secret string or byte string that cannot be printed by any verb of fmt, by slog or by
// encoding/json. The bytes are held behind a pointer to a function-free box, so that even %#v and
// reflection-driven printers that follow only struct fields of other types show an address at most.
// The zero value is the empty secret.
type Token struct {
	box *box
}

type box struct{ b []byte }

// New wraps b, which the caller must not change afterwards.
func New(b []byte) Token { return Token{box: &box{b: b}} }

// FromString wraps s.
func FromString(s string) Token { return New([]byte(s)) }

// Reveal returns the characters of the secret: for the wire, for hashing, never for a log.
func (t Token) Reveal() string { return string(t.Bytes()) }

// Bytes returns the bytes of the secret; the caller must not change them.
func (t Token) Bytes() []byte {
	if t.box == nil {
		return nil
	}
	return t.box.b
}

// IsZero tells whether the secret is empty.
func (t Token) IsZero() bool { return len(t.Bytes()) == 0 }

// Equal compares in constant time, given equal lengths.
func (t Token) Equal(other Token) bool {
	return subtle.ConstantTimeCompare(t.Bytes(), other.Bytes()) == 1
}

// Hash returns SHA-256 of the secret, the only form in which a high-entropy secret is stored.
func (t Token) Hash() [sha256.Size]byte { return sha256.Sum256(t.Bytes()) }

// Format prints a placeholder whatever the verb, %d and %#v included.
func (t Token) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, printed) }

// String returns a placeholder.
func (t Token) String() string { return printed }

// LogValue returns a placeholder for log/slog.
func (t Token) LogValue() slog.Value { return slog.StringValue(printed) }

// MarshalJSON refuses: whoever sends a secret must say Reveal.
func (t Token) MarshalJSON() ([]byte, error) { return nil, errMarshal }

// MarshalText refuses, as MarshalJSON does.
func (t Token) MarshalText() ([]byte, error) { return nil, errMarshal }

var (
	_ fmt.Formatter  = Token{}
	_ fmt.Stringer   = Token{}
	_ slog.LogValuer = Token{}
)

// Random returns n bytes from crypto/rand, which cannot fail since Go 1.24.
func Random(n int) []byte {
	b := make([]byte, n)
	_, _ = rand.Read(b)
	return b
}

// RandomToken returns a secret of n random bytes in base64url without padding.
func RandomToken(n int) Token {
	return FromString(base64.RawURLEncoding.EncodeToString(Random(n)))
}
