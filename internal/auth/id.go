package auth

import (
	"encoding/binary"
	"encoding/hex"
	"errors"
	"time"

	"github.com/daypass/daypass/internal/secret"
)

// ID names a user, session, grant or event: 16 bytes, time-ordered (UUID version 7, RFC 9562 §5.7),
// because ordered keys make inserts into a database touch the same pages.
type ID [16]byte

// ErrID is returned for text that is no ID.
var ErrID = errors.New("auth: not an id (want a lower-case UUID)")

// NewID returns a fresh ID for the time given.
func NewID(now time.Time) ID {
	var id ID
	copy(id[6:], secret.Random(10))
	var ms [8]byte
	binary.BigEndian.PutUint64(ms[:], uint64(max(now.UnixMilli(), 0))) // not negative
	copy(id[:6], ms[2:])
	id[6] = id[6]&0x0f | 0x70
	id[8] = id[8]&0x3f | 0x80
	return id
}

// ParseID reads the text form; it accepts only what String writes.
func ParseID(s string) (ID, error) {
	var id ID
	if len(s) != 36 || s[8] != '-' || s[13] != '-' || s[18] != '-' || s[23] != '-' {
		return ID{}, ErrID
	}
	digits := s[:8] + s[9:13] + s[14:18] + s[19:23] + s[24:]
	if _, err := hex.Decode(id[:], []byte(digits)); err != nil || id.String() != s {
		return ID{}, ErrID
	}
	return id, nil
}

// String returns the lower-case UUID form.
func (id ID) String() string {
	h := hex.EncodeToString(id[:])
	return h[:8] + "-" + h[8:12] + "-" + h[12:16] + "-" + h[16:20] + "-" + h[20:]
}

// MarshalText writes the UUID form.
func (id ID) MarshalText() ([]byte, error) { return []byte(id.String()), nil }

// UnmarshalText reads the UUID form.
func (id *ID) UnmarshalText(text []byte) error {
	parsed, err := ParseID(string(text))
	if err == nil {
		*id = parsed
	}
	return err
}

// IsZero tells whether the ID was never set.
func (id ID) IsZero() bool { return id == ID{} }
