package httpkit

import (
	"errors"
	"net/http"
	"strings"
	"time"

	"github.com/daypass/daypass/internal/secret"
)

// ErrDuplicateCookie tells that a request bears two cookies of one name. A browser sends only one of our own, so the
// other was planted, by a sibling domain or over plain HTTP, and nobody can tell which.
var ErrDuplicateCookie = errors.New("two cookies of one name")

// Cookies reads and writes the three cookies of design §5, the one that a browser is known again by, and the one of a
// sign-up under way. All are HttpOnly
// and SameSite=Lax, without Domain.
type Cookies struct {
	// Insecure is for plain-HTTP localhost alone: the names lose their __Host- and __Secure- prefix and the cookies
	// their Secure attribute, so that anybody on the network could read or plant them anywhere else.
	Insecure bool
}

type cookieSpec struct{ prefix, name, path string }

func accessCookie() cookieSpec  { return cookieSpec{"__Host-", "daypass-access", "/"} }
func refreshCookie() cookieSpec { return cookieSpec{"__Secure-", "daypass-refresh", "/v1"} }
func sessionCookie() cookieSpec { return cookieSpec{"__Host-", "daypass-session", "/"} }
func deviceCookie() cookieSpec  { return cookieSpec{"__Host-", "daypass-device", "/"} }

func signUpCookie() cookieSpec { return cookieSpec{"__Host-", "daypass-signup", "/"} }

// deviceAge is the longest that browsers keep a cookie (RFC 6265bis §5.5).
const deviceAge = 400 * 24 * time.Hour

// SetAccess sends the access token, readable by every path of this host. maxAge is how long the browser keeps it:
// zero until it closes; a negative value takes the cookie away.
func (c Cookies) SetAccess(w http.ResponseWriter, token secret.Token, maxAge time.Duration) {
	c.set(w, accessCookie(), token, maxAge)
}

// SetRefresh sends the refresh token, which the browser returns below /v1 alone; maxAge as in SetAccess.
func (c Cookies) SetRefresh(w http.ResponseWriter, token secret.Token, maxAge time.Duration) {
	c.set(w, refreshCookie(), token, maxAge)
}

// SetSession sends the SSO session; maxAge as in SetAccess.
func (c Cookies) SetSession(w http.ResponseWriter, token secret.Token, maxAge time.Duration) {
	c.set(w, sessionCookie(), token, maxAge)
}

// SetDevice sends what the browser is known again by. It is no credential: Clear leaves it, so that a browser keeps its
// own counters of failed log-ins when nobody is logged in.
func (c Cookies) SetDevice(w http.ResponseWriter, token secret.Token) {
	c.set(w, deviceCookie(), token, deviceAge)
}

// SetSignUp sends the token of a sign-up that waits for its code; maxAge as in SetAccess. It is no credential without
// the code.
func (c Cookies) SetSignUp(w http.ResponseWriter, token secret.Token, maxAge time.Duration) {
	c.set(w, signUpCookie(), token, maxAge)
}

// Clear takes the three credentials away, with the paths and attributes they were set with. Only log-out does this: a refused
// refresh leaves the cookies alone (design §2).
func (c Cookies) Clear(w http.ResponseWriter) {
	for _, spec := range []cookieSpec{accessCookie(), refreshCookie(), sessionCookie()} {
		c.set(w, spec, secret.Token{}, -1)
	}
}

// Access returns the access token's cookie and whether there is one; two of the name are ErrDuplicateCookie.
func (c Cookies) Access(r *http.Request) (secret.Token, bool, error) {
	return c.read(r, accessCookie())
}

// Refresh returns the refresh token's cookie, as Access does.
func (c Cookies) Refresh(r *http.Request) (secret.Token, bool, error) {
	return c.read(r, refreshCookie())
}

// Session returns the SSO session's cookie, as Access does.
func (c Cookies) Session(r *http.Request) (secret.Token, bool, error) {
	return c.read(r, sessionCookie())
}

// Device returns what the browser is known again by, as Access does.
func (c Cookies) Device(r *http.Request) (secret.Token, bool, error) {
	return c.read(r, deviceCookie())
}

// SignUp returns the token of a sign-up that waits for its code, as Access does.
func (c Cookies) SignUp(r *http.Request) (secret.Token, bool, error) {
	return c.read(r, signUpCookie())
}

// AccessName is the name of the access token's cookie, for a resource server on this host that reads it too.
func (c Cookies) AccessName() string { return c.nameOf(accessCookie()) }

func (c Cookies) nameOf(s cookieSpec) string {
	if c.Insecure {
		return s.name
	}
	return s.prefix + s.name
}

func (c Cookies) set(w http.ResponseWriter, s cookieSpec, token secret.Token, maxAge time.Duration) {
	value := token.Reveal()
	if !validCookieValue(value) {
		// net/http would cut bytes out and log them; a token of ours never has such bytes.
		panic("httpkit: a token that cannot stand in a cookie")
	}
	cookie := http.Cookie{ //nolint:gosec // G124: Secure is left out on plain-HTTP localhost alone
		Name: c.nameOf(s), Value: value, Path: s.path,
		HttpOnly: true, Secure: !c.Insecure, SameSite: http.SameSiteLaxMode,
	}
	switch {
	case maxAge < 0:
		cookie.MaxAge, cookie.Value = -1, ""
	case maxAge > 0:
		cookie.MaxAge = max(1, int(maxAge/time.Second))
	}
	// A second Set-Cookie of one name in a reply is left to the browser's taste (RFC 6265 §4.1.1): the last one wins here.
	lines := w.Header()["Set-Cookie"]
	kept := make([]string, 0, len(lines)+1)
	for _, line := range lines {
		if !strings.HasPrefix(line, cookie.Name+"=") {
			kept = append(kept, line)
		}
	}
	w.Header()["Set-Cookie"] = append(kept, cookie.String())
}

// read looks for one exact name in every Cookie header. It parses by hand, since net/http trims and unquotes: names
// are not trimmed at their end, so that no spelling a browser lets a stranger set can pass for a prefixed name.
func (c Cookies) read(r *http.Request, s cookieSpec) (secret.Token, bool, error) {
	name := c.nameOf(s)
	var found secret.Token
	seen := false
	for _, line := range r.Header.Values("Cookie") {
		for pair := range strings.SplitSeq(line, ";") {
			key, value, ok := strings.Cut(strings.TrimLeft(pair, " \t"), "=")
			if !ok || key != name {
				continue
			}
			if seen {
				return secret.Token{}, false, ErrDuplicateCookie
			}
			seen = true
			found = secret.FromString(strings.TrimRight(value, " \t"))
		}
	}
	if found.IsZero() {
		return secret.Token{}, false, nil
	}
	return found, true, nil
}

// validCookieValue tells whether s is made of cookie-octets (RFC 6265 §4.1.1).
func validCookieValue(s string) bool {
	for i := range len(s) {
		if c := s[i]; c <= ' ' || c >= 0x7f || c == '"' || c == ',' || c == ';' || c == '\\' {
			return false
		}
	}
	return true
}
