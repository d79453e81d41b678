package auth

import (
	"net/netip"
	"net/url"
	"slices"
	"strings"
)

// MatchesRedirect tells whether a redirect URI is one that the client registered: byte for byte, but for the port of
// http on a loopback address, which a native application takes as it comes (RFC 9700 §2.1, RFC 8252 §7.3). The name
// localhost gets no such grace (§8.3).
func (c Client) MatchesRedirect(uri string) bool {
	if slices.Contains(c.RedirectURIs, uri) {
		return true
	}
	asked, ok := loopbackParts(uri)
	return ok && slices.ContainsFunc(c.RedirectURIs, func(registered string) bool {
		r, ok := loopbackParts(registered)
		return ok && r == asked
	})
}

// loopback is an http URI on a loopback address without its port.
type loopbackURI struct {
	host netip.Addr
	rest string // path and query as they were written
}

func loopbackParts(uri string) (loopbackURI, bool) {
	after, found := strings.CutPrefix(uri, "http://")
	u, why := parseURI(uri)
	if !found || why != "" || u.Scheme != "http" {
		return loopbackURI{}, false
	}
	host, err := netip.ParseAddr(u.Hostname())
	if err != nil || !host.IsLoopback() || host.Zone() != "" {
		return loopbackURI{}, false
	}
	return loopbackURI{host, strings.TrimPrefix(after, u.Host)}, true
}

// RedirectHost is the host of a redirect URI for people, or the scheme of a native application.
func RedirectHost(uri string) string {
	u, err := url.Parse(uri)
	switch {
	case err != nil:
		return ""
	case u.Host != "":
		return u.Host
	}
	return u.Scheme + ":"
}
