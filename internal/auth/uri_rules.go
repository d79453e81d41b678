package auth

import (
	"fmt"
	"net/netip"
	"net/url"
	"strconv"
	"strings"

	"github.com/daypass/daypass/oauth"
)

const maxURI = 2048 // bytes

// RedirectURIFault says what is wrong with a redirect URI to register, "" when nothing is. It is absolute and without a
// fragment; https, or http on this very machine, or for a public client (a native application) a private-use scheme
// with a dot in it, as a reversed domain name has: so javascript:, data: and file: can never be registered (OAuth 2.1
// §2.3, RFC 8252 §7). It is compared byte for byte, so that a wildcard would match nothing.
func RedirectURIFault(s string, public bool) string {
	u, why := parseURI(s)
	switch {
	case why != "":
		return why
	case answers(u):
		return "it has a parameter that the answer has as well (code, state, iss or error)"
	case strings.Contains(s, "*"):
		return "there are no wildcards: write each address"
	case u.Scheme == "https" && u.Host != "":
		return ""
	case u.Scheme == "http" && u.Host != "":
		if !loopback(u.Hostname()) {
			return "plain http is for 127.0.0.1, [::1] and localhost only: use https"
		}
		return ""
	case strings.Contains(u.Scheme, "."):
		if !public {
			return "an application's own scheme is for public (native) clients only: use https"
		}
		if u.Opaque != "" { // app.example:443/cb lacks its https://; RFC 8252 §7.1 writes a slash after the scheme
			return "write a slash after the scheme, as in com.example.app:/callback"
		}
		return ""
	}
	return "use https, http on 127.0.0.1, or for a native application a scheme with a dot such as com.example.app:/callback"
}

// answers tells whether an address has a parameter of the authorization response, which the client would then find twice.
func answers(u *url.URL) bool {
	q := u.Query()
	return q.Has(oauth.ParamCode) || q.Has(oauth.ParamState) || q.Has(oauth.ParamIssuer) || q.Has(oauth.ParamError)
}

// ResourceFault says what is wrong with the name of a protected API, "" when nothing is: an absolute URI without a
// fragment (RFC 8707 §2), scheme and host in lower case, because resource servers compare it byte for byte.
func ResourceFault(s string) string {
	u, why := parseURI(s)
	if why == "" && u.Host == "" && (u.Scheme == "http" || u.Scheme == "https") {
		return "the host is missing"
	}
	return why
}

// WebURIFault says what is wrong with the address of a page or a document, "" when nothing is: https, or http on this
// very machine, and no fragment.
func WebURIFault(s string) string {
	u, why := parseURI(s)
	switch {
	case why != "":
		return why
	case u.Host == "" || u.Scheme != "https" && u.Scheme != "http":
		return "write an address that begins with https://"
	case u.Scheme == "http" && !loopback(u.Hostname()):
		return "plain http is for 127.0.0.1, [::1] and localhost only: use https"
	}
	return ""
}

// OriginFault says what is wrong with an origin, "" when nothing is. It is compared with the Origin header byte for
// byte, so it is written as browsers write it (RFC 6454 §6.2).
func OriginFault(s string) string {
	if why := WebURIFault(s); why != "" {
		return why
	}
	u, err := url.Parse(s)
	switch {
	case err != nil || u.Path != "" || strings.Contains(s, "?"):
		return "write scheme, host and port alone, as in https://app.example.com"
	case u.Scheme == "https" && u.Port() == "443", u.Scheme == "http" && u.Port() == "80":
		return "leave the default port out, as browsers do"
	}
	return ""
}

// parseURI accepts only what every browser and library reads alike: absolute, printable ASCII, scheme and host in
// lower case, no fragment, no user name.
func parseURI(s string) (*url.URL, string) {
	if s == "" || len(s) > maxURI {
		return nil, fmt.Sprintf("write 1 to %d characters", maxURI)
	}
	if strings.ContainsFunc(s, func(r rune) bool { return r <= ' ' || r >= 0x7f || strings.ContainsRune("\"<>\\^`{|}", r) }) {
		return nil, "it has characters that must be percent-encoded"
	}
	if strings.Contains(s, "#") {
		return nil, "no fragment (#) is allowed"
	}
	u, err := url.Parse(s)
	switch {
	case err != nil || u.Scheme == "" || u.Host == "" && u.Opaque == "" && u.Path == "":
		return nil, "it is not an absolute URI"
	case u.User != nil:
		return nil, "no user name is allowed"
	case !strings.HasPrefix(s, u.Scheme+":") || u.Host != strings.ToLower(u.Host):
		return nil, "write scheme and host in lower case"
	case u.Host != "" && !validHost(u):
		return nil, "the host must be complete, with a port from 1 to 65535 or none, and without wildcards"
	}
	return u, ""
}

// validHost refuses what some parser might read as another host than we do.
func validHost(u *url.URL) bool {
	if port := u.Port(); port != "" {
		if n, err := strconv.ParseUint(port, 10, 16); err != nil || n == 0 || strconv.FormatUint(n, 10) != port {
			return false
		}
	}
	host := u.Hostname()
	if strings.HasSuffix(u.Host, ":") || host == "" {
		return false
	}
	if u.Host[0] == '[' {
		a, err := netip.ParseAddr(host)
		return err == nil && a.Is6() && a.Zone() == ""
	}
	for label := range strings.SplitSeq(host, ".") {
		if label == "" || strings.Trim(label, "abcdefghijklmnopqrstuvwxyz0123456789_-") != "" {
			return false
		}
	}
	return true
}

func loopback(host string) bool {
	a, err := netip.ParseAddr(host)
	return host == "localhost" || err == nil && a.IsLoopback()
}
