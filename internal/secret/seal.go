package secret

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/hkdf"
	"crypto/sha256"
	"errors"
	"fmt"
)

// MasterSize is the length of a master key in bytes.
const MasterSize = 32

// ErrSealed is returned when a sealed record does not open: wrong key, wrong purpose or changed bytes.
var ErrSealed = errors.New("secret: sealed record does not open")

// Derive returns a 32-byte key for one purpose from a master key, by HKDF-SHA-256 (RFC 5869) with
// the purpose as info. Keys of different purposes tell nothing about each other.
func Derive(master Token, purpose string) Token {
	key, err := hkdf.Key(sha256.New, master.Bytes(), nil, purpose, 32)
	if err != nil { // only for lengths beyond 255 hashes
		panic("secret: derive: " + err.Error())
	}
	return New(key)
}

// Seal encrypts plain under key (32 bytes, from [Derive]) with AES-256-GCM and a random nonce; context
// is authenticated and must be given again to open.
func Seal(key Token, plain []byte, context string) ([]byte, error) {
	aead, err := newAEAD(key)
	if err != nil {
		return nil, err
	}
	return aead.Seal(nil, nil, plain, []byte(context)), nil //nolint:gosec // G407: this AEAD draws its nonce itself
}

// Open undoes [Seal]; it returns [ErrSealed] when the key, the context or the bytes are not those sealed.
func Open(key Token, sealed []byte, context string) ([]byte, error) {
	aead, err := newAEAD(key)
	if err != nil {
		return nil, err
	}
	plain, err := aead.Open(nil, nil, sealed, []byte(context))
	if err != nil {
		return nil, ErrSealed
	}
	return plain, nil
}

func newAEAD(key Token) (cipher.AEAD, error) {
	block, err := aes.NewCipher(key.Bytes())
	if err != nil {
		return nil, fmt.Errorf("secret: %w", err)
	}
	aead, err := cipher.NewGCMWithRandomNonce(block)
	if err != nil {
		return nil, fmt.Errorf("secret: %w", err)
	}
	return aead, nil
}
