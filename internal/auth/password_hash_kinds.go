package auth

import (
	"encoding/base64"
	"fmt"
	"strings"

	"github.com/daypass/daypass/internal/secret"
)

// What bcrypt and passlib write where base64 has its own letters. bcrypt's order differs too; here only the alphabet
// is judged.
const (
	bcryptAlphabet = "./ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"
	pbkdf2Alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789./"
)

// bcryptFault reads cost and salt-and-key of $2b$12$….
func bcryptFault(cost, rest string) string {
	// The cost has two digits always, the first may be 0.
	n, ok := hashNumber(strings.TrimPrefix(cost, "0"))
	switch {
	case !ok || len(cost) != 2:
		return "its cost is not written as two digits"
	case n > maxBcryptCost:
		return fmt.Sprintf("it costs more than 2^%d rounds of bcrypt", maxBcryptCost)
	case n < minBcryptCost:
		return "its cost is less than bcrypt has"
	case len(rest) != bcryptCharacters || strings.Trim(rest, bcryptAlphabet) != "":
		return fmt.Sprintf("its salt and key are not %d characters of bcrypt's alphabet", bcryptCharacters)
	}
	return ""
}

// bcryptSHA256Fault reads $bcrypt-sha256$v=2,t=2b,r=12$salt$key, as passlib writes it.
func bcryptSHA256Fault(fields []string) string {
	cost, found := strings.CutPrefix(fields[2], "v=2,t=2b,r=")
	if !found || len(fields[3]) != 22 {
		return "it is not written $bcrypt-sha256$v=2,t=2b,r=…$salt$key"
	}
	if len(cost) == 1 { // no leading zero here
		cost = "0" + cost
	}
	return bcryptFault(cost, fields[3]+fields[4])
}

// scryptFault reads $scrypt$ln=…,r=…,p=…$salt$key.
func scryptFault(fields []string) string {
	cost, ok := hashNumbers(fields[2], "ln", "r", "p")
	if !ok {
		return "its cost is not written ln=…,r=…,p=…"
	}
	ln, r, p := cost[0], cost[1], cost[2]
	switch {
	case ln < 1 || r < 1 || p < 1:
		return "its cost is less than scrypt has"
	case ln > 24 || r > 64 || p > maxScryptLanes || r<<ln > maxScryptMemory/128 || p*r<<ln > maxScryptWork:
		return fmt.Sprintf("it costs more than %d MiB, %d lanes or N·r·p of %d", maxScryptMemory>>20, maxScryptLanes, maxScryptWork)
	}
	return partsFault(base64.RawStdEncoding, fields[3], fields[4])
}

// pbkdf2Block is the size of the hash in bytes under PBKDF2, 0 for what is none of ours. The bare name is SHA-1.
func pbkdf2Block(kind string) int {
	switch kind {
	case "pbkdf2", "pbkdf2-sha1":
		return 20
	case "pbkdf2-sha256":
		return 32
	case "pbkdf2-sha512":
		return 64
	}
	return 0
}

// pbkdf2Fault reads $pbkdf2-sha256$ITERATIONS$salt$key as passlib writes it, or with i=ITERATIONS or
// i=ITERATIONS,l=LENGTH as the PHC string format has it.
func pbkdf2Fault(fields []string) string {
	rounds, ok := PBKDF2Rounds(fields[2])
	if !ok {
		return "its cost is not a number of iterations"
	}
	salt, key := strings.ReplaceAll(fields[3], "+", "."), strings.ReplaceAll(fields[4], "+", ".")
	if why := partsFault(base64.NewEncoding(pbkdf2Alphabet).WithPadding(base64.NoPadding), salt, key); why != "" {
		return why
	}
	// A key longer than the hash is made of several blocks, each at the full price (RFC 8018 §5.2).
	block := pbkdf2Block(fields[1])
	blocks := (len(key)*6/8 + block - 1) / block
	switch {
	case rounds > maxPBKDF2Work || rounds*blocks > maxPBKDF2Work:
		return fmt.Sprintf("it costs more than %d iterations of PBKDF2", maxPBKDF2Work)
	case rounds < minPBKDF2Rounds:
		return fmt.Sprintf("it has fewer than %d iterations", minPBKDF2Rounds)
	}
	return ""
}

// PBKDF2Rounds reads the number of iterations in either of the ways that PasswordHashFault knows.
func PBKDF2Rounds(field string) (int, bool) {
	if !strings.HasPrefix(field, "i=") {
		return hashNumber(field)
	}
	if numbers, ok := hashNumbers(field, "i"); ok {
		return numbers[0], true
	}
	numbers, ok := hashNumbers(field, "i", "l")
	if !ok {
		return 0, false
	}
	return numbers[0], true
}

// MadeElsewhere tells whether a stored hash is of a kind that this server verifies and never makes.
func MadeElsewhere(stored secret.Token) bool {
	return !stored.IsZero() && !strings.HasPrefix(stored.Reveal(), "$argon2")
}

// bcryptMost is how many bytes of a password bcrypt reads.
const bcryptMost = 72

// CutsPasswords tells whether a stored hash was made of less than the whole of a password: bcrypt reads 72 bytes. Such a
// hash matches whatever follows them, so a password that it matches may be another one than its owner's.
func CutsPasswords(stored, password secret.Token) bool {
	return strings.HasPrefix(stored.Reveal(), "$2") && len(password.Bytes()) > bcryptMost
}
