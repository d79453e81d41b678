package auth

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"slices"
	"strings"

	"github.com/daypass/daypass/internal/secret"
)

// DevicePrefix starts every device cookie's value, so that people recognise one.
const DevicePrefix = "dpd_"

const (
	devicePurpose  = "daypass device cookie v1"
	accountPurpose = "daypass device account v2"

	deviceIDSize = 16
	accountSize  = 8
	// maxAccounts is how many accounts one browser is remembered for; the oldest is forgotten.
	maxAccounts = 8
)

// DerivedKeys finds the keys derived from master keys.
type DerivedKeys interface {
	// Active is the version that new things are made with.
	Active() byte
	// Derived returns the key for one purpose of a version; false when the version is not loaded.
	Derived(version byte, purpose string) (key secret.Token, ok bool)
}

// Device is a browser that has logged in before. It proves nothing and opens nothing: it only has counters
// of failed log-ins and a line for the hashing of its own, so that no stranger's tries keep its owner out.
//
// Its cookie is DevicePrefix and base64url of version(1) ‖ id(16) ‖ marks of up to 8 accounts(8 each) ‖
// tag(16); the tag is HMAC-SHA-256 under a derived key over all before it.
type Device struct {
	ID      [deviceIDSize]byte
	version byte
	marks   [][accountSize]byte // newest first
}

// ReadDevice reads a device cookie's value; false when it is none of ours.
func ReadDevice(value secret.Token, keys DerivedKeys) (Device, bool) {
	text, found := strings.CutPrefix(value.Reveal(), DevicePrefix)
	if !found || len(text) > base64.RawURLEncoding.EncodedLen(1+deviceIDSize+maxAccounts*accountSize+tagSize) {
		return Device{}, false
	}
	b, err := base64.RawURLEncoding.Strict().DecodeString(text)
	if err != nil || strings.ContainsAny(text, "\r\n") { // which the decoder skips
		return Device{}, false
	}
	marks := len(b) - 1 - deviceIDSize - tagSize
	if marks < 0 || marks%accountSize != 0 {
		return Device{}, false
	}
	key, ok := keys.Derived(b[0], devicePurpose)
	signed := b[:len(b)-tagSize]
	if !ok || !hmac.Equal(deviceTag(key, signed), b[len(signed):]) {
		return Device{}, false
	}
	d := Device{version: b[0]}
	for rest := signed[1+copy(d.ID[:], signed[1:]):]; len(rest) > 0; rest = rest[accountSize:] {
		d.marks = append(d.marks, [accountSize]byte(rest))
	}
	return d, true
}

// Knows tells whether the device has logged in to the account of a user since the password is what it is: who knew an
// older one is a stranger. It knows nobody who is not there.
func (d Device) Knows(u User, keys DerivedKeys) bool {
	if u.ID.IsZero() {
		return false
	}
	mark, ok := accountMark(keys, d.version, u.ID, u.PasswordVersion)
	return ok && slices.Contains(d.marks, mark)
}

// DeviceCookie returns the value for a device that has just logged in to the account of a user, with the password of a
// version: the device of the value that it sent, if that is good, otherwise a new one. Under a new master key a device
// forgets its other accounts, whose marks cannot be made again.
func DeviceCookie(sent secret.Token, user ID, passwordVersion int64, keys DerivedKeys) (secret.Token, error) {
	d, known := ReadDevice(sent, keys)
	if !known {
		d = Device{ID: [deviceIDSize]byte(secret.Random(deviceIDSize))}
	}
	version := keys.Active()
	mark, ok := accountMark(keys, version, user, passwordVersion)
	key, keyOK := keys.Derived(version, devicePurpose)
	if !ok || !keyOK {
		return secret.Token{}, ErrKeyUnknown
	}
	marks := [][accountSize]byte{mark}
	if d.version == version {
		for _, m := range d.marks {
			if m != mark && len(marks) < maxAccounts {
				marks = append(marks, m)
			}
		}
	}
	b := append([]byte{version}, d.ID[:]...)
	for _, m := range marks {
		b = append(b, m[:]...)
	}
	return secret.FromString(DevicePrefix + base64.RawURLEncoding.EncodeToString(append(b, deviceTag(key, b)...))), nil
}

func accountMark(keys DerivedKeys, version byte, user ID, passwordVersion int64) (mark [accountSize]byte, ok bool) {
	key, ok := keys.Derived(version, accountPurpose)
	if !ok {
		return mark, false
	}
	mac := hmac.New(sha256.New, key.Bytes())
	_, _ = mac.Write(binary.BigEndian.AppendUint64(user[:], uint64(passwordVersion))) //nolint:gosec // G115: the same bits, whatever its sign
	copy(mark[:], mac.Sum(nil))
	return mark, true
}

func deviceTag(key secret.Token, signed []byte) []byte {
	mac := hmac.New(sha256.New, key.Bytes())
	_, _ = mac.Write([]byte(DevicePrefix)) // never fails
	_, _ = mac.Write(signed)
	return mac.Sum(nil)[:tagSize]
}
