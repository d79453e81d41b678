package httpkit

import (
	"errors"
	"net/http"
	"strings"

	"github.com/daypass/daypass/internal/secret"
)

// ErrBearer tells of an Authorization header that cannot be read as one bearer token: answer 400 invalid_request
// (RFC 6750 §3.1).
var ErrBearer = errors.New("malformed bearer authorization")

// Bearer returns the token of `Authorization: Bearer …` (RFC 6750 §2.1), the scheme in any case. present is false when
// there is no such header or it is of another scheme. Two headers, two tokens, none, or characters outside
// b64token are ErrBearer. The query and the body are never looked at.
func Bearer(r *http.Request) (token secret.Token, present bool, err error) {
	values := r.Header.Values("Authorization")
	if len(values) == 0 {
		return secret.Token{}, false, nil
	}
	if len(values) > 1 {
		return secret.Token{}, false, ErrBearer
	}
	scheme, rest, _ := strings.Cut(values[0], " ")
	if !strings.EqualFold(scheme, "Bearer") {
		return secret.Token{}, false, nil
	}
	rest = strings.TrimLeft(rest, " ") // 1*SP
	if !isB64Token(rest) {
		return secret.Token{}, false, ErrBearer
	}
	return secret.FromString(rest), true, nil
}

// isB64Token matches 1*( ALPHA / DIGIT / "-" / "." / "_" / "~" / "+" / "/" ) *"=" of RFC 6750 §2.1.
func isB64Token(s string) bool {
	s = strings.TrimRight(s, "=")
	for i := range len(s) {
		if !isAlnum(s[i]) && !strings.ContainsRune("-._~+/", rune(s[i])) {
			return false
		}
	}
	return s != ""
}
