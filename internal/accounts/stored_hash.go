package accounts

import (
	"errors"
	"strings"

	"github.com/go-crypt/crypt/algorithm"
	"github.com/go-crypt/crypt/algorithm/argon2"
	"github.com/go-crypt/crypt/algorithm/bcrypt"
	"github.com/go-crypt/crypt/algorithm/pbkdf2"
	"github.com/go-crypt/crypt/algorithm/scrypt"

	"github.com/daypass/daypass/internal/auth"
	"github.com/daypass/daypass/internal/secret"
)

// errHash tells that a stored hash is none that this server verifies.
var errHash = errors.New("accounts: stored password hash is of no known kind or costs too much")

// decode takes a stored hash apart, after its cost has been found acceptable.
func decode(stored secret.Token) (algorithm.Digest, error) {
	if auth.PasswordHashFault(stored) != "" {
		return nil, errHash
	}
	text := stored.Reveal()
	kind, _, _ := strings.Cut(text[1:], "$")
	read := bcrypt.Decode // 2a, 2b, 2y, bcrypt-sha256
	switch {
	case kind == "argon2id":
		read = argon2.DecodeVariant(argon2.VariantID)
	case kind == "scrypt":
		read = scrypt.DecodeVariant(scrypt.VariantScrypt)
	case strings.HasPrefix(kind, "pbkdf2"):
		read, text = pbkdf2.Decode, passlib(text)
	}
	digest, err := read(text)
	if err != nil {
		return nil, errHash // the cause quotes the hash
	}
	return digest, nil
}

// passlib writes a PBKDF2 hash of the PHC string format as the library reads it: the bare number of
// iterations, and . where base64 has +.
func passlib(text string) string {
	fields := strings.Split(text, "$")
	cost, _, _ := strings.Cut(strings.TrimPrefix(fields[2], "i="), ",")
	return strings.Join([]string{"", fields[1], cost, dotted(fields[3]), dotted(fields[4])}, "$")
}

func dotted(base64 string) string { return strings.ReplaceAll(base64, "+", ".") }

// current tells whether a stored hash was made as this server makes them today.
func (h *hasher) current(stored secret.Token) bool {
	return len(stored.Bytes()) == len(h.dummy.Bytes()) && strings.HasPrefix(stored.Reveal(), h.today)
}
