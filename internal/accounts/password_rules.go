package accounts

import (
	_ "embed"
	"fmt"
	"strings"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"

	"github.com/daypass/daypass/internal/auth"
	"github.com/daypass/daypass/internal/secret"
)

const (
	defaultMinPassword = 15
	// maxPassword bounds the work of normalising and hashing, in bytes after normalisation.
	maxPassword = 1024
)

// commonPasswords holds one password a line, in lower case, all of at least the default length: what
// is shorter is refused for its length anyway.
//
//go:embed common_passwords.txt
var commonPasswords string

// normalizePassword puts a password into the one form in which it is hashed and compared: NFC, because
// keyboards differ in how they compose the same letter. Nothing is cut or trimmed.
func normalizePassword(p secret.Token) secret.Token {
	if len(p.Bytes()) > 4*maxPassword { // refused below in any form; not worth the work
		return p
	}
	return secret.FromString(norm.NFC.String(p.Reveal()))
}

// tooLong tells whether a normalised password cannot be anybody's.
func tooLong(p secret.Token) bool { return len(p.Bytes()) > maxPassword }

// checkPassword judges a new, normalised password for the owner of an address. There are no rules of
// composition (NIST SP 800-63B-4 §3.1.1.2). A refusal is *auth.WeakPassword.
func (s *Service) checkPassword(p secret.Token, email string) error {
	text := p.Reveal()
	switch folded := strings.ToLower(text); {
	case !utf8.ValidString(text):
		return &auth.WeakPassword{Reason: "The password must be text."}
	case tooLong(p):
		return &auth.WeakPassword{Reason: fmt.Sprintf("The password is longer than %d bytes.", maxPassword)}
	case utf8.RuneCountInString(text) < s.needs.MinPassword:
		return &auth.WeakPassword{Reason: fmt.Sprintf("The password needs at least %d characters; a few unrelated words make a good one.", s.needs.MinPassword)}
	case folded == email || folded == strings.SplitN(email, "@", 2)[0]:
		return &auth.WeakPassword{Reason: "The password must not be the email address."}
	case common(folded):
		return &auth.WeakPassword{Reason: "Many people use this password, so it is among the first to be tried; choose another one."}
	}
	return nil
}

func common(folded string) bool {
	for line := range strings.Lines(commonPasswords) {
		if strings.TrimSuffix(line, "\n") == folded {
			return true
		}
	}
	return false
}
