package auth

import (
	"bytes"
	"encoding/base64"
	"strings"
	"testing"

	"github.com/daypass/daypass/internal/secret"
)

// derivedKeys derives from master keys of the versions up to its own, the active one.
type derivedKeys byte

func (m derivedKeys) Active() byte { return byte(m) }

func (m derivedKeys) Derived(version byte, purpose string) (secret.Token, bool) {
	return secret.Derive(secret.New([]byte{version}), purpose), version > 0 && version <= byte(m)
}

// account is a user whose first password nobody has changed.
func account(n byte) User { return User{ID: ID{15: n}, PasswordVersion: 1} }

func cookieFor(t testing.TB, sent secret.Token, u User, keys DerivedKeys) secret.Token {
	t.Helper()
	value, err := DeviceCookie(sent, u.ID, u.PasswordVersion, keys)
	if err != nil {
		t.Fatal(err)
	}
	return value
}

func TestDeviceKnowsTheAccountsItHasLoggedInTo(t *testing.T) {
	t.Parallel()
	keys := derivedKeys(1)
	value := cookieFor(t, secret.Token{}, account(100), keys)
	first, ok := ReadDevice(value, keys)
	if !ok || !first.Knows(account(100), keys) || first.Knows(account(101), keys) {
		t.Fatalf("read %v", ok)
	}
	if other, _ := ReadDevice(cookieFor(t, secret.Token{}, account(100), keys), keys); other.ID == first.ID {
		t.Error("two browsers are one device")
	}
	for i := range 9 {
		value = cookieFor(t, value, account(byte(100+i)), keys)
	}
	d, ok := ReadDevice(value, keys)
	if !ok || d.ID != first.ID {
		t.Fatalf("read %v, same device %v", ok, d.ID == first.ID)
	}
	for i := range 9 {
		if got, want := d.Knows(account(byte(100+i)), keys), i > 0; got != want {
			t.Errorf("account %d: known %v, want %v: the last eight are remembered", i, got, want)
		}
	}
	if again := cookieFor(t, value, account(105), keys); len(again.Bytes()) != len(value.Bytes()) {
		t.Error("an account is remembered twice")
	}
	if raw, err := base64.RawURLEncoding.DecodeString(value.Reveal()[len(DevicePrefix):]); err != nil || bytes.Contains(raw, []byte{0, 0, 0, 0, 108}) {
		t.Error("the cookie tells who it is")
	}
}

func TestDeviceForgetsAnAccountWhosePasswordChanged(t *testing.T) {
	t.Parallel()
	keys := derivedKeys(1)
	before := account(1)
	d, ok := ReadDevice(cookieFor(t, secret.Token{}, before, keys), keys)
	after := before
	after.PasswordVersion++
	if !ok || !d.Knows(before, keys) || d.Knows(after, keys) {
		t.Error("whoever knew an older password is known")
	}
	if nobody := (User{}); d.Knows(nobody, keys) {
		t.Error("it knows who is not there")
	}
}

func TestDeviceSurvivesANewMasterKey(t *testing.T) {
	t.Parallel()
	value := cookieFor(t, secret.Token{}, account(1), derivedKeys(1))
	d, ok := ReadDevice(value, derivedKeys(2))
	if !ok || !d.Knows(account(1), derivedKeys(2)) {
		t.Fatal("a cookie of the former key is not read")
	}
	renewed, ok := ReadDevice(cookieFor(t, value, account(1), derivedKeys(2)), derivedKeys(2))
	if !ok || renewed.ID != d.ID || !renewed.Knows(account(1), derivedKeys(2)) {
		t.Error("the next log-in does not carry it over")
	}
	if _, ok := ReadDevice(cookieFor(t, value, account(1), derivedKeys(2)), derivedKeys(1)); ok {
		t.Error("a node without the key reads it")
	}
}

func TestForgedDeviceIsNone(t *testing.T) {
	t.Parallel()
	keys := derivedKeys(1)
	good := cookieFor(t, cookieFor(t, secret.Token{}, account(2), keys), account(1), keys).Reveal()
	raw, err := base64.RawURLEncoding.DecodeString(strings.TrimPrefix(good, DevicePrefix))
	if err != nil {
		t.Fatal(err)
	}
	bad := []string{"", DevicePrefix, good[:len(good)-1], good + "A", good + "=", good[1:], " " + good, good[:20] + "\n" + good[20:], strings.Repeat("A", 10_000)}
	for i := range raw { // each byte under the tag, and of it
		changed := append([]byte(nil), raw...)
		changed[i] ^= 1
		bad = append(bad, DevicePrefix+base64.RawURLEncoding.EncodeToString(changed))
	}
	without := append(append([]byte(nil), raw[:len(raw)-tagSize-accountSize]...), raw[len(raw)-tagSize:]...)
	bad = append(bad, DevicePrefix+base64.RawURLEncoding.EncodeToString(without))
	for _, value := range bad {
		if _, ok := ReadDevice(secret.FromString(value), keys); ok {
			t.Errorf("%.40q is read", value)
		}
	}
}

// Whatever is read was written here, so it re-encodes to the same characters.
func FuzzReadDevice(f *testing.F) {
	keys := derivedKeys(1)
	f.Add(cookieFor(f, secret.Token{}, account(1), keys).Reveal())
	f.Add(DevicePrefix)
	f.Add(DevicePrefix + strings.Repeat("A", 100))
	f.Fuzz(func(t *testing.T, s string) {
		if d, ok := ReadDevice(secret.FromString(s), keys); ok && len(d.marks) == 0 && len(s) > 64 {
			t.Errorf("read %q", s)
		}
	})
}
