package auth

import (
	"bytes"
	"encoding/base64"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"hash/crc32"
	"strings"
	"testing"

	"github.com/daypass/daypass/internal/secret"
)

// keyring holds the tag keys of versions 1 and 2.
type keyring map[byte]secret.Token

func (k keyring) TagKey(version byte) (secret.Token, bool) {
	key, ok := k[version]
	return key, ok
}

func testKeys() keyring {
	return keyring{
		1: secret.Derive(secret.New(bytes.Repeat([]byte{0x11}, secret.MasterSize)), RefreshTagPurpose),
		2: secret.Derive(secret.New(bytes.Repeat([]byte{0x22}, secret.MasterSize)), RefreshTagPurpose),
	}
}

func testToken() RefreshToken {
	t := RefreshToken{Key: 1, Generation: 7, Secret: secret.New([]byte("0123456789abcdef"))}
	for i := range t.GrantID {
		t.GrantID[i] = byte(i)
	}
	return t
}

func encode(t testing.TB, token RefreshToken) string {
	t.Helper()
	s, err := token.Encode(testKeys())
	if err != nil {
		t.Fatal(err)
	}
	return s.Reveal()
}

func parse(s string) (RefreshToken, error) {
	return ParseRefreshToken(secret.FromString(s), testKeys())
}

// golden is testToken under master key 1 (32 bytes of 0x11), computed by another program (Python's
// hmac, hashlib, zlib and base64). Tokens out there live for months: a change
// of these characters logs every user out.
const golden = "dpr_AQABAgMEBQYHCAkKCwwNDg8AAAAHMDEyMzQ1Njc4OWFiY2RlZmacaL5xhcb4jl3ssLiK42KFU9tV"

func TestTheFormatDoesNotDrift(t *testing.T) {
	t.Parallel()
	if got := encode(t, testToken()); got != golden {
		t.Errorf("encoded\n got %s\nwant %s", got, golden)
	}
	got, err := parse(golden)
	if err != nil {
		t.Fatal(err)
	}
	want := testToken()
	if got.Key != want.Key || got.GrantID != want.GrantID || got.Generation != want.Generation || !got.Secret.Equal(want.Secret) {
		t.Errorf("parsed %+v, want %+v", got, want)
	}
	if key, want := testKeys()[1], "4fc94a3195fd582e0a1ba2dfd04549605e2d5fb66779600b3fef7a9edea45ccd"; hex.EncodeToString(key.Bytes()) != want {
		t.Errorf("derived tag key %x, want %s", key.Bytes(), want)
	}
}

func TestWhatIsEncodedIsParsedAgain(t *testing.T) {
	t.Parallel()
	for _, generation := range []int64{0, 1, 255, 256, 1 << 31, MaxGeneration - 1, MaxGeneration} {
		for _, version := range []byte{1, 2} {
			want := testToken()
			want.Key, want.Generation, want.Secret = version, generation, NewGrantSecret()
			got, err := parse(encode(t, want))
			if err != nil {
				t.Fatalf("key %d, generation %d: %v", version, generation, err)
			}
			if got.Key != version || got.Generation != generation || got.GrantID != want.GrantID || !got.Secret.Equal(want.Secret) {
				t.Errorf("key %d, generation %d: got %+v", version, generation, got)
			}
			if encode(t, got) != encode(t, want) {
				t.Errorf("key %d, generation %d: a second encoding differs", version, generation)
			}
		}
	}
}

// Each character is replaced by every other one of the alphabet and by some outside it.
func TestEveryChangedCharacterIsMalformed(t *testing.T) {
	t.Parallel()
	const others = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_+/=. \n\r\x00\xff"
	for i := range golden {
		for _, c := range []byte(others) {
			if c == golden[i] {
				continue
			}
			changed := golden[:i] + string([]byte{c}) + golden[i+1:]
			if _, err := parse(changed); !errors.Is(err, ErrMalformed) {
				t.Fatalf("character %d = %q: %v, want ErrMalformed", i, c, err)
			}
		}
	}
}

func TestOnlyTheOneSpellingIsAccepted(t *testing.T) {
	t.Parallel()
	body := golden[len(RefreshPrefix):]
	for name, s := range map[string]string{
		"empty":                                 "",
		"prefix alone":                          RefreshPrefix,
		"no prefix":                             body,
		"other prefix":                          "dpa_" + body,
		"upper-case prefix":                     "DPR_" + body,
		"prefix twice":                          RefreshPrefix + golden,
		"one character less":                    golden[:len(golden)-1],
		"one character more":                    golden + "A",
		"four less":                             golden[:len(golden)-4],
		"four more":                             golden + "AAAA",
		"padding":                               golden + "=",
		"padding in its place":                  golden[:len(golden)-1] + "=",
		"newline at the end":                    golden + "\n",
		"newline at the start":                  "\n" + golden,
		"newline inside":                        golden[:40] + "\n" + golden[40:],
		"newline inside, the length right":      golden[:40] + "\n" + golden[40:len(golden)-1],
		"four newlines inside, length right":    golden[:40] + "\n\r\n\r" + golden[40:len(golden)-4],
		"space around":                          " " + golden[:len(golden)-1],
		"alphabet of plain base64":              RefreshPrefix + strings.NewReplacer("-", "+", "_", "/").Replace(body),
		"hex":                                   RefreshPrefix + strings.Repeat("0f", 38),
		"zeros":                                 RefreshPrefix + strings.Repeat("A", 76),
		"very long":                             golden + strings.Repeat("A", 1<<16),
		"multi-byte runes of the right length":  RefreshPrefix + strings.Repeat("é", 38),
		"an access token":                       "eyJhbGciOiJFUzI1NiIsInR5cCI6ImF0K2p3dCJ9.e30.c2ln",
		"last characters of two tokens swapped": golden[:len(golden)-2] + golden[len(golden)-1:] + golden[len(golden)-2:len(golden)-1],
	} {
		if s == golden {
			continue // the golden token has none of these characters
		}
		if _, err := parse(s); !errors.Is(err, ErrMalformed) {
			t.Errorf("%s: %v, want ErrMalformed", name, err)
		}
	}
}

// reseal gives a changed body the checksum that belongs to it.
func reseal(body []byte) string {
	sum := crc32.ChecksumIEEE(append([]byte(RefreshPrefix), body...))
	return RefreshPrefix + base64.RawURLEncoding.EncodeToString(binary.BigEndian.AppendUint32(bytes.Clone(body), sum))
}

func goldenBody(t testing.TB) []byte {
	t.Helper()
	b, err := base64.RawURLEncoding.DecodeString(golden[len(RefreshPrefix):])
	if err != nil {
		t.Fatal(err)
	}
	return b[:len(b)-4]
}

// The tag, not the checksum, is what protects each bit.
func TestEveryChangedBitIsMalformedAlsoWithARightChecksum(t *testing.T) {
	t.Parallel()
	body := goldenBody(t)
	if reseal(body) != golden {
		t.Fatal("a scanner without any key cannot verify the checksum")
	}
	for bit := range len(body) * 8 {
		changed := bytes.Clone(body)
		changed[bit/8] ^= 1 << (bit % 8)
		want := ErrMalformed
		if bit < 8 && changed[0] != 2 { // the version's byte names a key that nobody loaded
			want = ErrKeyUnknown
		}
		if _, err := parse(reseal(changed)); !errors.Is(err, want) {
			t.Errorf("bit %d: %v, want %v", bit, err, want)
		}
	}
}

func TestUnknownKeyNeedsARightChecksum(t *testing.T) {
	t.Parallel()
	body := goldenBody(t)
	for version := range 256 {
		body[0] = byte(version)
		good := reseal(body)
		wrong := good[:len(good)-1] + "A"
		if good == wrong {
			wrong = good[:len(good)-1] + "B"
		}
		if _, err := parse(wrong); !errors.Is(err, ErrMalformed) {
			t.Errorf("version %d, wrong checksum: %v, want ErrMalformed", version, err)
		}
		want := ErrKeyUnknown
		switch version {
		case 1:
			want = nil
		case 2:
			want = ErrMalformed // made with another key
		}
		if _, err := parse(good); !errors.Is(err, want) {
			t.Errorf("version %d, right checksum: %v, want %v", version, err, want)
		}
	}
}

func TestEncodeRefusesWhatDoesNotFit(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		change func(*RefreshToken)
		want   error
	}{
		"unknown key":         {func(r *RefreshToken) { r.Key = 9 }, ErrKeyUnknown},
		"generation below 0":  {func(r *RefreshToken) { r.Generation = -1 }, ErrMalformed},
		"generation too high": {func(r *RefreshToken) { r.Generation = MaxGeneration + 1 }, ErrMalformed},
		"no secret":           {func(r *RefreshToken) { r.Secret = secret.Token{} }, ErrMalformed},
		"short secret":        {func(r *RefreshToken) { r.Secret = secret.New(make([]byte, 15)) }, ErrMalformed},
		"long secret":         {func(r *RefreshToken) { r.Secret = secret.New(make([]byte, 17)) }, ErrMalformed},
	} {
		token := testToken()
		c.change(&token)
		if s, err := token.Encode(testKeys()); !errors.Is(err, c.want) || !s.IsZero() {
			t.Errorf("%s: %v, want %v and no characters", name, err, c.want)
		}
	}
}

func TestAParsedTokenDoesNotPrintItsSecret(t *testing.T) {
	t.Parallel()
	token, err := parse(golden)
	if err != nil {
		t.Fatal(err)
	}
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%d", "%x"} {
		for name, value := range map[string]any{"token": token, "pointer": &token, "presentation": Presentation{Token: token}} {
			out := fmt.Sprintf(verb, value)
			for _, leak := range []string{"0123456789abcdef", hex.EncodeToString([]byte("0123456789abcdef")), "48 49 50"} {
				if strings.Contains(out, leak) {
					t.Errorf("%s of a %s prints the secret: %s", verb, name, out)
				}
			}
		}
	}
}

func TestGrantSecretsDiffer(t *testing.T) {
	t.Parallel()
	seen := map[string]bool{}
	for range 1000 {
		s := NewGrantSecret().Reveal()
		if seen[s] || len(s) != 16 {
			t.Fatalf("a secret of %d bytes, seen before: %v", len(s), seen[s])
		}
		seen[s] = true
	}
}
