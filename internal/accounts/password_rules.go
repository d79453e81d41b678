package accounts

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"

	"github.com/daypass/daypass/internal/auth"
	"github.com/daypass/daypass/internal/secret"
)

const (
	// DefaultMinPassword is the least number of characters of a new password, as a sole factor needs (NIST SP
	// 800-63B-4 §3.1.1.2).
	DefaultMinPassword = 15
	// maxPassword bounds the work of normalising and hashing, in bytes after normalisation.
	maxPassword = 1024
	// productName is tried first at every installation of it.
	productName = "daypass"
)

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
	switch {
	case !utf8.ValidString(text):
		return &auth.WeakPassword{Rule: auth.PasswordIsNoText, Reason: "The password must be text."}
	case tooLong(p):
		return &auth.WeakPassword{Rule: auth.PasswordTooLong, Limit: maxPassword, Reason: fmt.Sprintf("The password is longer than %d bytes.", maxPassword)}
	case utf8.RuneCountInString(text) < s.needs.MinPassword:
		return &auth.WeakPassword{Rule: auth.PasswordTooShort, Limit: s.needs.MinPassword, Reason: fmt.Sprintf("The password needs at least %d characters; a few unrelated words make a good one.", s.needs.MinPassword)}
	}
	switch folded := fold(text); {
	case different(folded) < minDifferent:
		return &auth.WeakPassword{Rule: auth.PasswordRepeats, Reason: "The password repeats a few characters; a few unrelated words make a good one."}
	case s.common.covers(folded), s.common.covers(bare(folded)), s.common.pair(bare(folded)):
		return &auth.WeakPassword{Rule: auth.PasswordCommon, Reason: "Many people use this password, so it is among the first to be tried; choose another one."}
	case s.obvious(folded, email):
		return &auth.WeakPassword{Rule: auth.PasswordObvious, Reason: "The password must not be the email address or the name of this service with little added."}
	}
	return nil
}

// obvious tells whether a folded password says little beside the address and the names of this service:
// most of its letters are theirs and few are its own, or what is left is common.
func (s *Service) obvious(folded, email string) bool {
	words := []string{email}
	if local, domain, found := strings.Cut(email, "@"); found {
		words = append(words, local, domain)
		words = append(words, strings.FieldsFunc(local+"."+domain, func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsDigit(r) })...)
	}
	rest := folded
	for _, word := range append(words, productName) { // the longest come first
		if utf8.RuneCountInString(word) >= minContextWord {
			rest = strings.ReplaceAll(rest, word, "")
		}
	}
	if rest == folded {
		return false
	}
	all, own := letters(folded), letters(rest)
	return own < minOwnLetters && 2*own <= all || s.common.covers(rest)
}

// different is how many different characters a folded password has, of those that can be seen.
func different(folded string) int {
	seen := map[rune]bool{}
	for _, r := range bare(folded) {
		seen[r] = true
	}
	return len(seen)
}

const (
	minDifferent   = 5 // characters
	minContextWord = 3 // characters; shorter names are in every other word
	minOwnLetters  = 6 // of a password beside the words of its context
)

func letters(s string) (n int) {
	for _, r := range s {
		if unicode.IsLetter(r) {
			n++
		}
	}
	return n
}
