package auth

import (
	"errors"
	"net/mail"
	"strings"
	"time"
	"unicode"

	"github.com/daypass/daypass/internal/secret"
	"golang.org/x/text/unicode/norm"
)

// User is a person who can log in.
type User struct {
	ID       ID
	Email    string // as NormalizeEmail returns it; unique
	Roles    []string
	Password secret.Token // PHC string; empty: cannot log in by password
	// PasswordVersion grows with each change of the password. A log-in that verified an older
	// password is refused when it comes to create the session (accounts, login).
	PasswordVersion int64
	Profile         Profile
	CreatedAt       time.Time
	DisabledAt      time.Time // zero: enabled
}

// Disabled tells whether the user may not log in nor refresh.
func (u User) Disabled() bool { return !u.DisabledAt.IsZero() }

// Outcomes of log-in and sign-up that a caller must map; their texts are safe to show.
var (
	ErrCredentials  = errors.New("email or password is not right")
	ErrEmail        = errors.New("not an email address")
	ErrEmailTaken   = errors.New("this email address cannot be used")
	ErrWeakPassword = errors.New("password refused")
	ErrBusy         = errors.New("too many log-ins at once; try again in a moment")
	ErrNotFound     = errors.New("not found")
	ErrConflict     = errors.New("already exists")
	ErrEmailSame    = errors.New("this is the email address already")
	ErrCode         = errors.New("the code is not right, or not good any more")
	ErrSessionOver  = errors.New("the session is over")
	ErrSignUpClosed = errors.New("nobody can sign up here")
	ErrNoMail       = errors.New("this server sends no mail")
)

// WeakPassword says why a new password is refused, in words for the person who chose it.
// errors.Is(err, ErrWeakPassword) holds.
type WeakPassword struct {
	Rule   PasswordRule // that it breaks; zero: only the reason is known
	Limit  int          // of the rules of length
	Reason string       // in English
}

// PasswordRule is what a new password has to hold to.
type PasswordRule int

// The rules, by how they are broken.
const (
	PasswordIsNoText PasswordRule = iota + 1
	PasswordTooLong               // Limit in bytes
	PasswordTooShort              // Limit in characters
	PasswordRepeats
	PasswordCommon
	PasswordObvious
)

// Error returns the reason.
func (w *WeakPassword) Error() string { return w.Reason }

// Is makes a WeakPassword equal to ErrWeakPassword.
func (w *WeakPassword) Is(target error) bool { return target == ErrWeakPassword }

const maxEmail = 254 // RFC 5321 §4.5.3.1.3, less the brackets

// NormalizeEmail returns the form in which addresses are compared and stored: NFC, lower case,
// no display name. It returns ErrEmail for what is no single address of the form local@domain.
func NormalizeEmail(s string) (string, error) {
	s = norm.NFC.String(strings.TrimSpace(s))
	if len(s) == 0 || len(s) > maxEmail || strings.ContainsFunc(s, func(r rune) bool {
		return unicode.IsSpace(r) || unicode.IsControl(r) || r == '<' || r == '>' || r == '"'
	}) {
		return "", ErrEmail
	}
	a, err := mail.ParseAddress(s)
	if err != nil || a.Name != "" || a.Address != s || !strings.Contains(s[strings.LastIndexByte(s, '@')+1:], ".") && !strings.HasSuffix(s, "@localhost") {
		return "", ErrEmail
	}
	// Lower case may compose what upper case cannot (J with caron), and may be longer.
	if s = norm.NFC.String(strings.ToLower(s)); len(s) > maxEmail {
		return "", ErrEmail
	}
	return s, nil
}
