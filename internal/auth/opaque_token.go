package auth

import (
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"hash/crc32"
	"slices"
	"strings"

	"github.com/daypass/daypass/internal/secret"
)

// OpaquePrefix starts every opaque access token, so that people and secret scanners recognise one.
const OpaquePrefix = "dpa_"

// OpaquePurpose is the purpose under which the key of opaque access tokens is derived from a master key.
const OpaquePurpose = "daypass opaque access token v1"

// The layout: version ‖ salt ‖ sealed claims ‖ CRC-32 (IEEE, big endian) over prefix and all before it. Each token has a
// key of its own, derived by the salt, so that no number of tokens wears one AES-GCM key out. Prefix, version and
// salt are authenticated with the claims.
const (
	opaqueSalt = 16
	opaqueHead = 1 + opaqueSalt
	maxOpaque  = 8 << 10 // characters
)

// ErrNotOpaque is returned for what is no opaque access token of this server.
var ErrNotOpaque = errors.New("auth: no opaque access token of this server")

// opaqueRecord is what is sealed: all but the roles, which are looked up when somebody asks, so that they are today's.
type opaqueRecord AccessClaims

// IsOpaque tells an opaque access token by its prefix.
func IsOpaque(token secret.Token) bool { return strings.HasPrefix(token.Reveal(), OpaquePrefix) }

// SealOpaque writes claims into a token that only this server can read; key is that of the version, derived for
// OpaquePurpose. It needs no row: what it stands on is judged when somebody asks (design §3).
func SealOpaque(c AccessClaims, version byte, key secret.Token) (secret.Token, error) {
	c.Roles = nil
	plain, err := json.Marshal(opaqueRecord(c))
	if err != nil {
		return secret.Token{}, fmt.Errorf("auth: opaque token: %w", err)
	}
	head := append([]byte{version}, secret.Random(opaqueSalt)...)
	sealed, err := secret.Seal(opaqueKey(key, head), plain, OpaquePrefix+string(head))
	if err != nil {
		return secret.Token{}, fmt.Errorf("auth: opaque token: %w", err)
	}
	b := slices.Concat(head, sealed)
	b = binary.BigEndian.AppendUint32(b, opaqueSum(b))
	return secret.FromString(OpaquePrefix + base64.RawURLEncoding.EncodeToString(b)), nil
}

// OpenOpaque reads what SealOpaque wrote. It returns ErrNotOpaque for anything else, and ErrKeyUnknown when the master key
// of its version is not loaded here.
func OpenOpaque(token secret.Token, keys DerivedKeys) (AccessClaims, error) {
	s, ok := strings.CutPrefix(token.Reveal(), OpaquePrefix)
	if !ok || len(s) > maxOpaque {
		return AccessClaims{}, ErrNotOpaque
	}
	b, err := base64.RawURLEncoding.Strict().DecodeString(s)
	// The decoder skips line breaks: only what encodes to the same characters is the token.
	if err != nil || len(b) < opaqueHead+crcSize || base64.RawURLEncoding.EncodeToString(b) != s {
		return AccessClaims{}, ErrNotOpaque
	}
	body := b[:len(b)-crcSize]
	if binary.BigEndian.Uint32(b[len(b)-crcSize:]) != opaqueSum(body) {
		return AccessClaims{}, ErrNotOpaque
	}
	key, ok := keys.Derived(body[0], OpaquePurpose)
	if !ok {
		return AccessClaims{}, ErrKeyUnknown
	}
	head := body[:opaqueHead]
	plain, err := secret.Open(opaqueKey(key, head), body[opaqueHead:], OpaquePrefix+string(head))
	if err != nil {
		return AccessClaims{}, ErrNotOpaque
	}
	var r opaqueRecord
	if err := json.Unmarshal(plain, &r); err != nil {
		return AccessClaims{}, ErrNotOpaque
	}
	return AccessClaims(r), nil
}

func opaqueKey(key secret.Token, head []byte) secret.Token { return secret.Derive(key, string(head)) }

func opaqueSum(body []byte) uint32 {
	return crc32.Update(crc32.ChecksumIEEE([]byte(OpaquePrefix)), crc32.IEEETable, body)
}
