package auth

import (
	"crypto/hmac"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"hash/crc32"
	"math"
	"strings"

	"github.com/daypass/daypass/internal/secret"
)

// RefreshPrefix starts every refresh token, so that people and secret scanners recognise one.
const RefreshPrefix = "dpr_"

// The layout: version ‖ grant id ‖ generation ‖ grant secret ‖ tag ‖ CRC-32 (IEEE, big endian) over
// prefix and all before it. 57 bytes are 76 characters without padding or spare bits.
const (
	grantSecretSize = 16
	tagSize         = 16
	taggedSize      = 1 + 16 + 4 + grantSecretSize
	crcSize         = 4
	refreshSize     = taggedSize + tagSize + crcSize
	refreshLength   = len(RefreshPrefix) + refreshSize/3*4
)

// MaxGeneration is the last generation that fits the token.
const MaxGeneration = int64(math.MaxUint32)

// RefreshTagPurpose is the purpose under which the tag key is derived from a master key.
const RefreshTagPurpose = "daypass refresh token tag v1"

var (
	// ErrMalformed is the verdict Malformed: no database access, nothing else is said.
	ErrMalformed = errors.New("auth: malformed refresh token")
	// ErrKeyUnknown is returned when the token names a key version that this node has not loaded: the
	// answer is 503, since invalid_grant would make the client throw a good token away.
	ErrKeyUnknown = errors.New("auth: token made with a master key that is not loaded here")
)

// TagKeys finds the derived tag key of a master key version.
type TagKeys interface {
	TagKey(version byte) (key secret.Token, ok bool)
}

// RefreshToken is a refresh token taken apart.
type RefreshToken struct {
	Key        byte // version of the master key
	GrantID    ID
	Generation int64
	Secret     secret.Token // 16 bytes; its hash is in the grant's row
}

// NewGrantSecret draws the secret of a new grant.
func NewGrantSecret() secret.Token { return secret.New(secret.Random(grantSecretSize)) }

// Encode writes the token's characters under the key of its version. The same fields always give the
// same characters, which is what lets a retry get the same successor.
func (t RefreshToken) Encode(keys TagKeys) (secret.Token, error) {
	key, ok := keys.TagKey(t.Key)
	if !ok {
		return secret.Token{}, ErrKeyUnknown
	}
	if t.Generation < 0 || t.Generation > MaxGeneration || len(t.Secret.Bytes()) != grantSecretSize {
		return secret.Token{}, ErrMalformed
	}
	b := make([]byte, 0, refreshSize)
	b = append(b, t.Key)
	b = append(b, t.GrantID[:]...)
	b = binary.BigEndian.AppendUint32(b, uint32(t.Generation)) // bounded above
	b = append(b, t.Secret.Bytes()...)
	b = append(b, tag(key, b)...)
	b = binary.BigEndian.AppendUint32(b, checksum(b))
	out := make([]byte, refreshLength)
	copy(out, RefreshPrefix)
	base64.RawURLEncoding.Encode(out[len(RefreshPrefix):], b)
	return secret.New(out), nil
}

// ParseRefreshToken takes a presented token apart and proves that this server made it. It returns
// ErrMalformed for whatever does not re-encode to the same characters or has the wrong checksum or
// tag, and ErrKeyUnknown when the tag cannot be judged here.
func ParseRefreshToken(presented secret.Token, keys TagKeys) (RefreshToken, error) {
	s := presented.Reveal()
	if len(s) != refreshLength || !strings.HasPrefix(s, RefreshPrefix) {
		return RefreshToken{}, ErrMalformed
	}
	b, err := base64.RawURLEncoding.Strict().DecodeString(s[len(RefreshPrefix):])
	// The decoder skips line breaks; what is shorter than 57 bytes had some.
	if err != nil || len(b) != refreshSize {
		return RefreshToken{}, ErrMalformed
	}
	body := b[:refreshSize-crcSize]
	if binary.BigEndian.Uint32(b[refreshSize-crcSize:]) != checksum(body) {
		return RefreshToken{}, ErrMalformed
	}
	key, ok := keys.TagKey(b[0])
	if !ok {
		return RefreshToken{}, ErrKeyUnknown
	}
	if subtle.ConstantTimeCompare(tag(key, b[:taggedSize]), b[taggedSize:taggedSize+tagSize]) != 1 {
		return RefreshToken{}, ErrMalformed
	}
	t := RefreshToken{Key: b[0], Generation: int64(binary.BigEndian.Uint32(b[17:21])), Secret: secret.New(b[21:taggedSize])}
	copy(t.GrantID[:], b[1:17])
	return t, nil
}

func tag(key secret.Token, body []byte) []byte {
	h := hmac.New(sha256.New, key.Bytes())
	h.Write([]byte(RefreshPrefix))
	h.Write(body)
	return h.Sum(nil)[:tagSize]
}

func checksum(body []byte) uint32 {
	return crc32.Update(crc32.ChecksumIEEE([]byte(RefreshPrefix)), crc32.IEEETable, body)
}
