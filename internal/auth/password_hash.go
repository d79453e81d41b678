package auth

import (
	"encoding/base64"
	"fmt"
	"strconv"
	"strings"

	"github.com/daypass/daypass/internal/secret"
)

// Ceilings on what verifying one stored password hash may cost: the decoders have none, and one imported row that asks
// for terabytes would take the server down. The dearest costs a few seconds of one core.
const (
	MaxHashMemory = 256 << 10 // KiB, of argon2id
	MaxHashPasses = 16
	MaxHashLanes  = 16

	minBcryptCost    = 4         // what is less bcrypt does not have
	maxBcryptCost    = 14        // 2^14 key set-ups
	maxScryptMemory  = 128 << 20 // bytes: 128·N·r (RFC 7914 §2), OWASP's dearest
	maxScryptLanes   = 16
	maxScryptWork    = 4 << 20   // N·r·p
	maxPBKDF2Work    = 4_000_000 // iterations × blocks of output
	minPBKDF2Rounds  = 1000      // RFC 8018 §4.2
	maxPasswordHash  = 512       // characters
	bcryptCharacters = 22 + 31   // of salt and key, which stand without a $ between them
)

const (
	minHashSalt = 8  // bytes, RFC 9106 §3.1
	minHashKey  = 16 // bytes: a shorter one is found by trial
	maxHashPart = 64 // bytes, of salt and key
)

// PasswordHashFault says what is wrong with a password hash made elsewhere, "" when nothing is. It must be argon2id,
// scrypt or PBKDF2 in the PHC string format (PBKDF2 also as passlib writes it), or bcrypt in the modular crypt format,
// at a cost this server is willing to pay. The words repeat nothing of the hash.
func PasswordHashFault(hash secret.Token) string {
	if len(hash.Bytes()) > maxPasswordHash {
		return fmt.Sprintf("it is longer than %d characters", maxPasswordHash)
	}
	fields := strings.Split(hash.Reveal(), "$")
	if len(fields) >= 4 && fields[0] == "" {
		switch kind := fields[1]; {
		case kind == "argon2id" && len(fields) == 6:
			return argon2Fault(fields)
		case (kind == "2a" || kind == "2b" || kind == "2y") && len(fields) == 4:
			return bcryptFault(fields[2], fields[3])
		case kind == "bcrypt-sha256" && len(fields) == 5:
			return bcryptSHA256Fault(fields)
		case kind == "scrypt" && len(fields) == 5:
			return scryptFault(fields)
		case pbkdf2Block(kind) > 0 && len(fields) == 5:
			return pbkdf2Fault(fields)
		}
	}
	return "it is not an argon2id hash, nor one of bcrypt, scrypt or PBKDF2"
}

// argon2Fault reads $argon2id$v=19$m=…,t=…,p=…$salt$key.
func argon2Fault(fields []string) string {
	if fields[2] != "v=19" { // RFC 9106 §3.1, version 0x13
		return "it is not of argon2's version 19"
	}
	cost, ok := hashNumbers(fields[3], "m", "t", "p")
	if !ok {
		return "its cost is not written m=…,t=…,p=…"
	}
	m, t, p := cost[0], cost[1], cost[2]
	switch {
	case m > MaxHashMemory || t > MaxHashPasses || p > MaxHashLanes:
		return fmt.Sprintf("it costs more than %d KiB, %d passes or %d lanes", MaxHashMemory, MaxHashPasses, MaxHashLanes)
	case t < 1 || p < 1 || m < 8*p: // RFC 9106 §3.1
		return "its cost is less than argon2 has"
	}
	return partsFault(base64.RawStdEncoding, fields[4], fields[5])
}

// partsFault looks at salt and key.
func partsFault(encoding *base64.Encoding, salt, key string) string {
	s, saltErr := encoding.Strict().DecodeString(salt)
	k, keyErr := encoding.Strict().DecodeString(key)
	if saltErr != nil || keyErr != nil || len(s) < minHashSalt || len(k) < minHashKey || len(s) > maxHashPart || len(k) > maxHashPart {
		return fmt.Sprintf("its salt or key is not base64 of %d and %d to %d bytes", minHashSalt, minHashKey, maxHashPart)
	}
	return ""
}

// hashNumbers reads "m=19456,t=2,p=1": these names, in this order, with canonical decimals.
func hashNumbers(s string, names ...string) ([]int, bool) {
	parts := strings.Split(s, ",")
	if len(parts) != len(names) {
		return nil, false
	}
	numbers := make([]int, len(names))
	for i, name := range names {
		digits, found := strings.CutPrefix(parts[i], name+"=")
		n, ok := hashNumber(digits)
		if !found || !ok {
			return nil, false
		}
		numbers[i] = n
	}
	return numbers, true
}

func hashNumber(digits string) (int, bool) {
	n, err := strconv.Atoi(digits)
	return n, err == nil && strconv.Itoa(n) == digits
}
