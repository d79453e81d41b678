package jose

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"math/big"
	"slices"
	"strings"
	"testing"
)

func mustKey(t *testing.T, w wireKey) crypto.PublicKey {
	t.Helper()
	var key crypto.PublicKey
	var err error
	switch w.Type {
	case "EC":
		key, err = w.p256()
	case "OKP":
		key, err = w.ed25519()
	default:
		key, err = w.rsa()
	}
	if err != nil {
		t.Fatal(err)
	}
	return key
}

const rsaVectorN = "0vx7agoebGcQSuuPiLJXZptN9nndrQmbXEps2aiAFbWhM78LhWx4cbbfAAtVT86zwu1RK7aPFFxuhDR1L6tSoc_BJECPebWKRXjBZCiFV4n3oknjhMstn64tZ_2W-5JsGY4Hc5n9yBXArwl93lqt7_RN5w6Cf0h4QyQ5v-65YGjQR0_FDW2QvzqY368QQMicAtaSqzs8KJZgnYb9c7d0zgdAZHzu6qMQvRL5hajrn1n91CbOpbISD08qNLyrdkt-bFTWhAI4vMQFh6WeZu0fM4lFd2NcRwr3XPksINHaQ-G_xBniIqbw0Ls1jF44-csFCur-kEgU8awapJzKnqDKgw"

func TestThumbprintsOfTheSpecifications(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		key  wireKey
		want string
	}{
		"RFC 7638 §3.1": {
			wireKey{Type: "RSA", N: rsaVectorN, E: "AQAB"},
			"NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs",
		},
		"RFC 8037 A.3": {
			wireKey{Type: "OKP", X: "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"},
			"kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k",
		},
	} {
		got, err := Thumbprint(mustKey(t, tc.key))
		if err != nil || got != tc.want {
			t.Errorf("%s: got %s, %v; want %s", name, got, err, tc.want)
		}
	}
	if _, err := Thumbprint([]byte("secret")); err == nil {
		t.Error("a symmetric key got a thumbprint")
	}
}

func TestSignaturesOfTheSpecifications(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		alg   Algorithm
		key   wireKey
		token string
	}{
		"RFC 7515 A.3": {ES256, wireKey{
			Type: "EC",
			X:    "f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU",
			Y:    "x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0",
		}, "eyJhbGciOiJFUzI1NiJ9.eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ.DtEhU3ljbEg8L38VWAfUAqOyKAM6-Xx-F4GawxaepmXFCgfTjDxw5djxLa8ISlSApmWQxfKTUJqPP3-Kg6NU1Q"},
		"RFC 8037 A.4": {
			EdDSA,
			wireKey{Type: "OKP", X: "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"},
			"eyJhbGciOiJFZERTQSJ9.RXhhbXBsZSBvZiBFZDI1NTE5IHNpZ25pbmc.hgyY0il_MGCjP0JzlnLWG1PPOt7-09PGcvMg3AIbQR6dWbhijcNR4ki4iylGjg5BhVsPt9g7sVvpAr_MuM0KAg",
		},
	} {
		key := mustKey(t, tc.key)
		accept := VerifyConfig{
			Algorithms: []Algorithm{tc.alg},
			Types:      []string{""}, // the vectors carry no typ
			Keys:       func(string, Algorithm) (crypto.PublicKey, bool) { return key, true },
		}
		if _, _, err := Verify(tc.token, accept); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		if _, _, err := Verify(strings.Replace(tc.token, ".R", ".S", 1)[:len(tc.token)-2]+"BA", accept); err == nil {
			t.Errorf("%s: a changed token passed", name)
		}
	}
}

// r and s lie in [1, n-1]: zeros pass for every message where that is forgotten (CVE-2022-21449).
func TestPsychicSignaturesAreRefused(t *testing.T) {
	t.Parallel()
	private, err := GenerateKey(ES256)
	if err != nil {
		t.Fatal(err)
	}
	key := private.Public().(*ecdsa.PublicKey)
	n := elliptic.P256().Params().N
	one := big.NewInt(1)
	for name, rs := range map[string][2]*big.Int{
		"0 0":   {new(big.Int), new(big.Int)},
		"0 1":   {new(big.Int), one},
		"1 0":   {one, new(big.Int)},
		"n n":   {n, n},
		"n 1":   {n, one},
		"1 n":   {one, n},
		"n+1 1": {new(big.Int).Add(n, one), one},
	} {
		signature := make([]byte, 64)
		rs[0].FillBytes(signature[:32])
		rs[1].FillBytes(signature[32:])
		if goodECDSA(key, []byte("anything"), signature) {
			t.Errorf("%s: accepted", name)
		}
	}
	digest := sha256.Sum256([]byte("x"))
	der, err := private.Sign(rand.Reader, digest[:], crypto.SHA256)
	if err != nil {
		t.Fatal(err)
	}
	good, err := fixedLength(der)
	if err != nil || !goodECDSA(key, []byte("x"), good) {
		t.Fatalf("the genuine signature: %v", err)
	}
	if goodECDSA(key, []byte("x"), slices.Insert(slices.Clone(good), 32, 0)) || goodECDSA(key, []byte("x"), append(good, 0)) {
		t.Error("a longer spelling of the same signature was accepted")
	}
	for _, length := range []int{0, 32, 63, 65, 70, 128} {
		if goodECDSA(key, nil, make([]byte, length)) {
			t.Errorf("a signature of %d bytes was accepted", length)
		}
	}
}

func TestSignatureIsAlwaysOfFixedLength(t *testing.T) {
	t.Parallel()
	good := func(r, s string) []byte {
		body := append([]byte{2, byte(len(r))}, r...)
		body = append(append(body, 2, byte(len(s))), s...)
		return append([]byte{0x30, byte(len(body))}, body...)
	}
	long := strings.Repeat("\xff", 32)
	for name, tc := range map[string]struct {
		der  []byte
		want string
	}{
		"short numbers are padded":   {good("\x01", "\x02\x03"), strings.Repeat("\x00", 31) + "\x01" + strings.Repeat("\x00", 30) + "\x02\x03"},
		"the sign byte is dropped":   {good("\x00"+long, "\x00"+long), long + long},
		"empty":                      {nil, ""},
		"not a sequence":             {append([]byte{0x31}, good("\x01", "\x01")[1:]...), ""},
		"data after it":              {append(good("\x01", "\x01"), 0), ""},
		"data after it, inside":      {[]byte{0x30, 7, 2, 1, 1, 2, 1, 1, 0}, ""},
		"too long a number":          {good("\x01"+long, "\x01"), ""},
		"zero":                       {good("\x00", "\x01"), ""},
		"a number that runs over":    {[]byte{0x30, 6, 2, 1, 1, 2, 9, 1}, ""},
		"one number":                 {[]byte{0x30, 3, 2, 1, 1}, ""},
		"not an integer":             {[]byte{0x30, 6, 3, 1, 1, 2, 1, 1}, ""},
		"length in the longer form":  {append([]byte{0x30, 0x81, 6}, good("\x01", "\x01")[2:]...), ""},
		"length beyond what follows": {[]byte{0x30, 9, 2, 1, 1, 2, 1, 1}, ""},
	} {
		got, err := fixedLength(tc.der)
		if string(got) != tc.want || (err == nil) != (tc.want != "") {
			t.Errorf("%s: got %x, %v; want %x", name, got, err, tc.want)
		}
	}
}
