package auth

import (
	"strings"
	"testing"

	"github.com/daypass/daypass/internal/secret"
)

func TestArgon2idIsImportedAtAnAcceptableCost(t *testing.T) {
	t.Parallel()
	const salt, key = "c2FsdHNhbHRzYWx0c2FsdA", "a2V5a2V5a2V5a2V5a2V5a2V5a2V5a2V5a2V5a2V5a2U"
	for hash, want := range map[string]string{
		"$argon2id$v=19$m=19456,t=2,p=1$" + salt + "$" + key:    "",
		"$argon2id$v=19$m=262144,t=16,p=16$" + salt + "$" + key: "",
		"$argon2id$v=19$m=8,t=1,p=1$" + salt + "$" + key:        "",
		"":       "not an argon2id hash",
		"canary": "not an argon2id hash",
		"$2b$12$canarycanarycanarycanarycanarycanarycanarycanarycanary.": "53 characters",
		"$argon2i$v=19$m=19456,t=2,p=1$" + salt + "$" + key:              "not an argon2id hash",
		"$argon2id$m=19456,t=2,p=1$" + salt + "$" + key:                  "not an argon2id hash",
		"$argon2id$v=16$m=19456,t=2,p=1$" + salt + "$" + key:             "version",
		"$argon2id$v=19$m=262145,t=2,p=1$" + salt + "$" + key:            "costs more",
		"$argon2id$v=19$m=19456,t=17,p=1$" + salt + "$" + key:            "costs more",
		"$argon2id$v=19$m=19456,t=2,p=17$" + salt + "$" + key:            "costs more",
		"$argon2id$v=19$m=4294967296,t=2,p=1$" + salt + "$" + key:        "costs more",
		"$argon2id$v=19$m=0,t=2,p=1$" + salt + "$" + key:                 "less than",
		"$argon2id$v=19$m=19456,t=0,p=1$" + salt + "$" + key:             "less than",
		"$argon2id$v=19$m=16,t=2,p=4$" + salt + "$" + key:                "less than",
		"$argon2id$v=19$m=-8,t=2,p=-1$" + salt + "$" + key:               "less than",
		"$argon2id$v=19$t=2,m=19456,p=1$" + salt + "$" + key:             "not written",
		"$argon2id$v=19$m=019456,t=2,p=1$" + salt + "$" + key:            "not written",
		"$argon2id$v=19$m=19456,t=2$" + salt + "$" + key:                 "not written",
		"$argon2id$v=19$m=19456,t=2,p=1$c2FsdA$" + key:                   "salt or key",
		"$argon2id$v=19$m=19456,t=2,p=1$" + salt + "$a2V5":               "salt or key",
		"$argon2id$v=19$m=19456,t=2,p=1$" + salt + "==$" + key:           "salt or key",
		"$argon2id$v=19$m=19456,t=2,p=1$" + salt + "$" + key + "$":       "not an argon2id hash",
	} {
		got := PasswordHashFault(secret.FromString(hash))
		if want == "" && got != "" || !strings.Contains(got, want) {
			t.Errorf("%s: got %q, want %q", hash, got, want)
		}
		if strings.Contains(got, "canary") || hash != "" && strings.Contains(got, hash) {
			t.Errorf("the hash is repeated: %s", got)
		}
	}
}
