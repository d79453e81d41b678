package auth

import (
	"strings"
	"testing"

	"github.com/daypass/daypass/internal/secret"
)

func TestOtherKindsOfHashAreImportedAtAnAcceptableCost(t *testing.T) {
	t.Parallel()
	const (
		salt, key = "c2FsdHNhbHRzYWx0c2FsdA", "a2V5a2V5a2V5a2V5a2V5a2V5a2V5a2V5a2V5a2V5a2U"
		blowfish  = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0"
		long      = "a2V5a2V5a2V5a2V5a2V5a2V5a2V5a2V5a2V5a2V5a2VrZXlrZXlrZXlrZXlrZXlrZXlrZXlrZXlrZXlrZXk" // 62 bytes
	)
	for hash, want := range map[string]string{
		"$2b$12$" + blowfish: "", "$2a$04$" + blowfish: "", "$2y$14$" + blowfish: "",
		"$2b$15$" + blowfish: "costs more", "$2b$31$" + blowfish: "costs more", "$2b$03$" + blowfish: "less than",
		"$2b$5$" + blowfish: "two digits", "$2b$-5$" + blowfish: "less than", "$2b$012$" + blowfish: "two digits",
		"$2b$12$" + blowfish + "0": "53 characters", "$2b$12$" + blowfish[1:] + "!": "53 characters", "$2b$12$": "53 characters",
		"$2x$12$" + blowfish: "not an argon2id hash", "$2$12$" + blowfish: "not an argon2id hash", "2b$12$" + blowfish: "not an argon2id hash",
		"$bcrypt-sha256$v=2,t=2b,r=12$" + blowfish[:22] + "$" + blowfish[22:]: "",
		"$bcrypt-sha256$v=2,t=2b,r=9$" + blowfish[:22] + "$" + blowfish[22:]:  "",
		"$bcrypt-sha256$v=2,t=2b,r=20$" + blowfish[:22] + "$" + blowfish[22:]: "costs more",
		"$bcrypt-sha256$v=1,t=2b,r=12$" + blowfish[:22] + "$" + blowfish[22:]: "not written",
		"$bcrypt-sha256$v=2,t=2b,r=12$" + blowfish[:20] + "$" + blowfish[20:]: "not written",

		"$scrypt$ln=17,r=8,p=1$" + salt + "$" + key: "", "$scrypt$ln=14,r=8,p=5$" + salt + "$" + key: "",
		"$scrypt$ln=18,r=8,p=1$" + salt + "$" + key: "costs more", "$scrypt$ln=58,r=8,p=1$" + salt + "$" + key: "costs more",
		"$scrypt$ln=17,r=8,p=8$" + salt + "$" + key: "costs more", "$scrypt$ln=1,r=1,p=1000000$" + salt + "$" + key: "costs more",
		"$scrypt$ln=1,r=9223372036854775807,p=1$" + salt + "$" + key: "costs more", "$scrypt$ln=10,r=0,p=1$" + salt + "$" + key: "less than",
		"$scrypt$ln=10,r=8$" + salt + "$" + key: "not written", "$scrypt$ln=10,r=8,p=1,r=8$" + salt + "$" + key: "not written",
		"$scrypt$ln=10,r=8,p=1$" + salt + "$": "salt or key", "$scrypt$ln=10,r=8,p=1$" + salt + "$" + strings.Repeat("k", 200): "salt or key",

		"$pbkdf2-sha256$600000$" + salt + "$" + key: "", "$pbkdf2-sha512$i=210000,l=32$" + salt + "$" + key: "", "$pbkdf2$i=1300000$" + salt + "$" + key: "",
		"$pbkdf2-sha256$600000$" + salt + "$./" + key[2:]: "", "$pbkdf2-sha256$600000$" + salt + "$+/" + key[2:]: "",
		"$pbkdf2-sha256$4000001$" + salt + "$" + key: "costs more", "$pbkdf2-sha256$9223372036854775807$" + salt + "$" + key: "costs more",
		"$pbkdf2$2000000$" + salt + "$" + long: "costs more", "$pbkdf2$1000000$" + salt + "$" + long: "", // four blocks
		"$pbkdf2-sha256$999$" + salt + "$" + key: "fewer", "$pbkdf2-sha256$-1$" + salt + "$" + key: "fewer", "$pbkdf2-sha256$1e9$" + salt + "$" + key: "number of iterations",
		"$pbkdf2-sha256$i=9,i=9$" + salt + "$" + key: "number of iterations", "$pbkdf2-md5$600000$" + salt + "$" + key: "not an argon2id hash",
		"$pbkdf2-sha256$600000$" + salt + "$": "salt or key", "$y$j9T$" + salt + "$" + key: "not an argon2id hash",
		"$scrypt$ln=10,r=8,p=1$" + strings.Repeat("s", 500) + "$" + key: "longer than",
	} {
		got := PasswordHashFault(secret.FromString(hash))
		if want == "" && got != "" || !strings.Contains(got, want) {
			t.Errorf("%s: got %q, want %q", hash, got, want)
		}
	}
}

// Whatever is said to be verifiable has a cost within the ceilings and does not panic; the words repeat nothing.
func FuzzPasswordHashFault(f *testing.F) {
	f.Add("$argon2id$v=19$m=19456,t=2,p=1$c2FsdHNhbHRzYWx0c2FsdA$a2V5a2V5a2V5a2V5a2V5a2V5a2V5a2V5a2V5a2V5a2U")
	f.Add("$2b$12$abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0")
	f.Add("$scrypt$ln=17,r=8,p=1$c2FsdHNhbHRzYWx0c2FsdA$a2V5a2V5a2V5a2V5a2V5a2V5a2V5a2V5a2V5a2V5a2U")
	f.Add("$pbkdf2-sha256$i=600000,l=32$c2FsdHNhbHRzYWx0c2FsdA$a2V5a2V5a2V5a2V5a2V5a2V5a2V5a2V5a2V5a2V5a2U")
	f.Add("$bcrypt-sha256$v=2,t=2b,r=12$abcdefghijklmnopqrstuv$wxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0")
	f.Fuzz(func(t *testing.T, s string) {
		why := PasswordHashFault(secret.FromString(s))
		if why == "" && (len(s) > maxPasswordHash || !strings.HasPrefix(s, "$")) {
			t.Errorf("accepted %q", s)
		}
	})
}
