package auth

import (
	"fmt"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/daypass/daypass/oauth"
)

const (
	maxClientID   = 128
	maxClientName = 100 // characters
	maxURIs       = 64
)

// Fault is one thing wrong with what somebody wants to register, and what to write instead.
type Fault struct {
	// Field is the name of a member. Of a client: "id", "name", "grants", "redirect_uris", "scopes", "resources", "refresh", or the name of a member of
	// ClientMetadata without its daypass_.
	Field   string
	Index   int    // of the item in its list; -1: the field as a whole
	Problem string // repeats no part of a URI that may hold a password
}

// ClientFault is a [Fault] of a client.
type ClientFault = Fault

// Faults judges a client to be registered, whoever registers it: a command, the configuration, later a request. Every
// fault is found at once. Secrets and whether the id is taken are the caller's to check.
func (c Client) Faults() []ClientFault {
	var f clientFaults
	if why := ClientIDFault(c.ID); why != "" {
		f.value("id", -1, c.ID, why)
	}
	if c.Name == "" || utf8.RuneCountInString(c.Name) > maxClientName || !utf8.ValidString(c.Name) || strings.ContainsFunc(c.Name, unicode.IsControl) {
		f.value("name", -1, c.Name, fmt.Sprintf("write 1 to %d characters", maxClientName))
	}
	f.grants(c)
	f.each("redirect_uris", c.RedirectURIs, maxURIs, func(s string) string { return RedirectURIFault(s, c.Public) })
	f.each("scopes", c.Scopes, oauth.MaxScopes, ScopeFault)
	f.each("resources", c.Resources, maxURIs, ResourceFault)
	switch {
	case c.Refresh != "" && c.Refresh != RefreshFixed && c.Refresh != RefreshRotate:
		f.value("refresh", -1, string(c.Refresh), fmt.Sprintf("write %s or %s", RefreshFixed, RefreshRotate))
	case c.Public && c.Refresh == RefreshFixed: // RFC 9700 §4.14.2
		f.add("refresh", -1, "the refresh tokens of a public client always rotate: write rotate, or nothing")
	}
	f.metadata(c)
	return f
}

// ClientGrants are the grant types a client may be registered for.
func ClientGrants() []oauth.GrantType {
	return []oauth.GrantType{oauth.GrantAuthorizationCode, oauth.GrantRefreshToken, oauth.GrantClientCredentials}
}

// DefaultGrants are the grant types of a client that names none: the code flow for one that can be redirected to or
// has no secret, and client credentials for any other.
func DefaultGrants(public bool, redirectURIs []string) []oauth.GrantType {
	if public || len(redirectURIs) > 0 {
		return []oauth.GrantType{oauth.GrantAuthorizationCode, oauth.GrantRefreshToken}
	}
	return []oauth.GrantType{oauth.GrantClientCredentials}
}

// ClientIDFault says what is wrong with a client id, "" when nothing is. An id in the form of a UUID is refused: a
// client's own token has its id as sub, and a resource server must never take it for a user (RFC 9700 §4.15). The
// characters keep out colons and slashes as well, so that no id is a URL, which would name a client by its metadata
// document.
func ClientIDFault(id string) string {
	well := id != "" && len(id) <= maxClientID
	for i, c := range []byte(id) {
		alnum := c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9'
		well = well && (alnum || i > 0 && strings.ContainsRune("._~-", rune(c)))
	}
	if !well {
		return fmt.Sprintf("write 1 to %d letters, digits and . _ ~ -, beginning with a letter or digit", maxClientID)
	}
	if _, err := ParseID(strings.ToLower(id)); err == nil {
		return "a UUID could be taken for a user: write another id"
	}
	return ""
}

// ScopeFault says what is wrong with one scope, "" when nothing is (RFC 6749 §3.3).
func ScopeFault(s string) string {
	if !oauth.ValidScopeToken(s) {
		return "write printable ASCII without spaces, quotes and backslashes"
	}
	return ""
}

type clientFaults []ClientFault

func (f *clientFaults) add(field string, index int, problem string) {
	*f = append(*f, ClientFault{Field: field, Index: index, Problem: problem})
}

// value adds a fault that shows what stands there, unless that may hold a password, as https://user:password@host does.
func (f *clientFaults) value(field string, index int, value, why string) {
	if !strings.Contains(value, "@") {
		why = fmt.Sprintf("%.80q: %s", value, why)
	}
	f.add(field, index, why)
}

func (f *clientFaults) each(field string, list []string, most int, fault func(string) string) {
	if len(list) > most {
		f.add(field, -1, fmt.Sprintf("%d given, at most %d", len(list), most))
	}
	for i, s := range list {
		if why := fault(s); why != "" {
			f.value(field, i, s, why)
		}
	}
}

func (f *clientFaults) grants(c Client) {
	for i, g := range c.Grants {
		if !slices.Contains(ClientGrants(), g) {
			f.value("grants", i, string(g), fmt.Sprintf("write %s, %s or %s", oauth.GrantAuthorizationCode, oauth.GrantRefreshToken, oauth.GrantClientCredentials))
		}
	}
	if c.Public && c.MayUse(oauth.GrantClientCredentials) { // RFC 6749 §4.4
		f.add("grants", -1, "client_credentials is for confidential clients only")
	}
	if c.MayUse(oauth.GrantAuthorizationCode) && len(c.RedirectURIs) == 0 {
		f.add("redirect_uris", -1, "a client that sends users to the log-in page needs at least one, for example https://app.example.com/callback")
	}
}
