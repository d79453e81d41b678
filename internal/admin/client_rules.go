package admin

import (
	"net/netip"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/daypass/daypass/internal/auth"
	"github.com/daypass/daypass/oauth"
)

const (
	maxClientID   = 128
	maxClientName = 100
	maxURI        = 2048
	maxURIs       = 64
)

// grantTypes are those a client may be registered for.
func grantTypes() []oauth.GrantType {
	return []oauth.GrantType{oauth.GrantAuthorizationCode, oauth.GrantRefreshToken, oauth.GrantClientCredentials}
}

// defaults fills in what was not said: an id; the code flow for a client that can be redirected to, and
// client credentials for one that cannot.
func (n *NewClient) defaults() {
	n.Name = strings.TrimSpace(n.Name)
	if n.ID == "" {
		n.ID = newClientID()
	}
	if n.Refresh == "" {
		n.Refresh = auth.RefreshFixed
		if n.Public {
			n.Refresh = auth.RefreshRotate
		}
	}
	switch {
	case len(n.Grants) > 0:
	case len(n.RedirectURIs) > 0 || n.Public:
		n.Grants = []oauth.GrantType{oauth.GrantAuthorizationCode, oauth.GrantRefreshToken}
	default:
		n.Grants = []oauth.GrantType{oauth.GrantClientCredentials}
	}
	slices.Sort(n.Grants)
	n.Grants = slices.Compact(n.Grants)
	n.RedirectURIs, n.Scopes, n.Resources = unique(n.RedirectURIs), unique(n.Scopes), unique(n.Resources)
}

// check finds all faults at once.
func (n *NewClient) check() error {
	var bad Invalid
	if !validClientID(n.ID) {
		bad.add("id", "%q: write 1 to %d letters, digits and . _ ~ -, beginning with a letter or digit", n.ID, maxClientID)
	}
	if n.Name == "" || utf8.RuneCountInString(n.Name) > maxClientName || !utf8.ValidString(n.Name) || strings.ContainsFunc(n.Name, unicode.IsControl) {
		bad.add("name", "%q: write 1 to %d characters", n.Name, maxClientName)
	}
	if n.Refresh != auth.RefreshFixed && n.Refresh != auth.RefreshRotate {
		bad.add("refresh", "%q: write %q or %q", n.Refresh, auth.RefreshFixed, auth.RefreshRotate)
	}
	n.checkGrants(&bad)
	for _, u := range n.RedirectURIs {
		if why := redirectFault(u, n.Public); why != "" {
			bad.add("redirect_uri", "%q: %s", u, why)
		}
	}
	for _, s := range n.Scopes {
		if !oauth.ValidScopeToken(s) {
			bad.add("scope", "%q: write printable ASCII without spaces, quotes and backslashes", s)
		}
	}
	for _, r := range n.Resources {
		if why := resourceFault(r); why != "" {
			bad.add("resource", "%q: %s", r, why)
		}
	}
	bad.most("redirect_uri", len(n.RedirectURIs), maxURIs)
	bad.most("resource", len(n.Resources), maxURIs)
	bad.most("scope", len(n.Scopes), oauth.MaxScopes)
	return bad.orNil()
}

func (n *NewClient) checkGrants(bad *Invalid) {
	for _, g := range n.Grants {
		if !slices.Contains(grantTypes(), g) {
			bad.add("grant", "%q: write one of %s", g, grantNames())
		}
	}
	if n.Public && slices.Contains(n.Grants, oauth.GrantClientCredentials) {
		bad.add("grant", "client_credentials is for confidential clients only (RFC 6749 §4.4)")
	}
	if slices.Contains(n.Grants, oauth.GrantAuthorizationCode) && len(n.RedirectURIs) == 0 {
		bad.add("redirect_uri", "a client that sends users to the log-in page needs at least one, for example https://app.example.com/callback")
	}
}

func grantNames() string {
	names := make([]string, len(grantTypes()))
	for i, g := range grantTypes() {
		names[i] = string(g)
	}
	return strings.Join(names, ", ")
}

func validClientID(id string) bool {
	if id == "" || len(id) > maxClientID {
		return false
	}
	for i, c := range []byte(id) {
		alnum := c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9'
		if !alnum && (i == 0 || !strings.ContainsRune("._~-", rune(c))) {
			return false
		}
	}
	return true
}

// redirectFault says what is wrong with a redirect URI to register; empty: nothing. Absolute, no fragment, and
// https, http on this very machine, or for a public client (a native application) a private-use scheme with
// a dot in it, as in a reversed domain name; so javascript:, data: and file: can never be registered
// (OAuth 2.1 §2.3, RFC 8252 §7).
func redirectFault(s string, public bool) string {
	u, why := parseURI(s)
	if why != "" {
		return why
	}
	switch {
	case u.Scheme == "https" && u.Host != "":
		return hostFault(u)
	case u.Scheme == "http" && u.Host != "":
		if !loopback(u.Hostname()) {
			return "plain http is for 127.0.0.1, [::1] and localhost only; use https"
		}
		return hostFault(u)
	case strings.Contains(u.Scheme, "."):
		if !public {
			return "an application's own scheme is for public (native) clients only; use https"
		}
		return ""
	}
	return "use https, http on 127.0.0.1, or for a native application a scheme with a dot such as com.example.app:/callback"
}

// resourceFault: the name of a protected API is an absolute URI without a fragment (RFC 8707 §2).
func resourceFault(s string) string {
	u, why := parseURI(s)
	if why != "" {
		return why
	}
	if u.Scheme == "http" || u.Scheme == "https" {
		if u.Host == "" {
			return "the host is missing"
		}
		return hostFault(u)
	}
	return ""
}

// parseURI accepts only what every browser and library reads alike: absolute, printable ASCII, lower-case
// scheme, no fragment, no user name.
func parseURI(s string) (*url.URL, string) {
	if s == "" || len(s) > maxURI {
		return nil, "write 1 to " + strconv.Itoa(maxURI) + " characters"
	}
	if strings.ContainsFunc(s, func(r rune) bool { return r <= ' ' || r >= 0x7f || strings.ContainsRune("\"<>\\^`{|}", r) }) {
		return nil, "it has characters that must be percent-encoded"
	}
	if strings.Contains(s, "#") {
		return nil, "no fragment (#) is allowed"
	}
	u, err := url.Parse(s)
	if err != nil || u.Scheme == "" || !strings.HasPrefix(s, u.Scheme+":") || len(s) == len(u.Scheme)+1 {
		return nil, "it is not an absolute URI"
	}
	if u.User != nil {
		return nil, "no user name is allowed"
	}
	return u, ""
}

func hostFault(u *url.URL) string {
	host := u.Hostname()
	if host == "" || strings.Contains(host, "*") || strings.HasSuffix(u.Host, ":") {
		return "the host must be complete, without wildcards"
	}
	if port := u.Port(); port != "" {
		if n, err := strconv.Atoi(port); err != nil || n < 1 || n > 65535 {
			return "the port is not a port"
		}
	}
	return ""
}

func loopback(host string) bool {
	a, err := netip.ParseAddr(host)
	return host == "localhost" || err == nil && a.IsLoopback()
}
