package resource

import (
	"errors"
	"net/http"
	"strings"

	"github.com/daypass/daypass/oauth"
)

// credential is an access token that is not yet judged.
type credential struct {
	text string
	// inHeader: it must have the form of RFC 6750 §2.1, or the request is malformed.
	inHeader bool
}

// credential finds the one access token of a request, or refuses. The query is never looked at: what stands there
// belongs to the application (RFC 6750 §5.3).
func (p *Protector) credential(r *http.Request) (credential, *Refusal) {
	var none credential
	switch headers := r.Header["Authorization"]; {
	case len(headers) > 1:
		return none, &Refusal{Code: oauth.InvalidRequest, Cause: errors.New("more than one Authorization header")}
	case len(headers) == 1:
		// The header wins over the cookie, good or not: a client that sends one means it.
		return parseAuthorization(headers[0])
	case p.cookie == "":
		return none, &Refusal{Cause: errors.New("no Authorization header")}
	}
	cookies := cookiesNamed(r, p.cookie)
	switch {
	case len(cookies) == 0:
		return none, &Refusal{Cause: errors.New("neither an Authorization header nor the cookie")}
	case len(cookies) > 1:
		// Somebody who can set cookies from a neighbouring host put the second one there.
		return none, &Refusal{Code: oauth.InvalidRequest, Cause: errors.New("two cookies of one name")}
	}
	if err := p.checkOrigin(r); err != nil {
		return none, &Refusal{Code: oauth.AccessDenied, Cause: err}
	}
	return credential{text: cookies[0]}, nil
}

// cookiesNamed returns the values of the cookies with exactly that name. net/http trims names and takes quotes off
// values, so that a spelling which a neighbouring host may set could pass for a name with the __Host- prefix.
func cookiesNamed(r *http.Request, name string) []string {
	var values []string
	for _, line := range r.Header["Cookie"] {
		for pair := range strings.SplitSeq(line, ";") {
			key, value, ok := strings.Cut(strings.TrimLeft(pair, " \t"), "=")
			if ok && key == name {
				values = append(values, strings.TrimRight(value, " \t"))
			}
		}
	}
	return values
}

// checkOrigin refuses requests that another site made the browser send.
func (p *Protector) checkOrigin(r *http.Request) error {
	if r.Header.Get("Upgrade") != "" {
		// A WebSocket starts as a GET, which CrossOriginProtection takes for harmless, and then does what it likes.
		upgrade := *r
		upgrade.Method = http.MethodPost
		r = &upgrade
	}
	return p.crossOrigin.Check(r)
}

// parseAuthorization reads "Bearer" 1*SP b64token, the scheme without regard to case (RFC 6750 §2.1, RFC 9110 §11.1); the
// letters of the token are verify's to check. Another scheme is no credential for us, which is different from a malformed
// one.
func parseAuthorization(header string) (credential, *Refusal) {
	scheme, rest, _ := strings.Cut(header, " ")
	if strings.EqualFold(scheme, string(oauth.Bearer)) {
		return credential{text: strings.TrimLeft(rest, " "), inHeader: true}, nil
	}
	if scheme == "" || strings.ContainsAny(scheme, ",\t") {
		return credential{}, malformedHeader()
	}
	return credential{}, &Refusal{Cause: errors.New("the Authorization scheme is not Bearer")}
}

func malformedHeader() *Refusal {
	return &Refusal{Code: oauth.InvalidRequest, Cause: errors.New("the Authorization header is malformed")}
}

// isB64Token checks 1*( ALPHA / DIGIT / "-" / "." / "_" / "~" / "+" / "/" ) *"=", RFC 6750 §2.1.
func isB64Token(s string) bool {
	s = strings.TrimRight(s, "=")
	if s == "" {
		return false
	}
	for i := range len(s) {
		switch c := s[i]; {
		case c >= 'a' && c <= 'z', c >= 'A' && c <= 'Z', c >= '0' && c <= '9', strings.IndexByte("-._~+/", c) >= 0:
		default:
			return false
		}
	}
	return true
}
