package httpkit

import (
	"maps"
	"net"
	"net/http"
	"strings"
)

// securityHeaders are the strictest that fit every reply, in canonical form. Their values are shared by all replies: a
// handler replaces one or adds to it, which copies.
var securityHeaders = http.Header{
	"X-Content-Type-Options":     noSniff,
	"Referrer-Policy":            {"no-referrer"},
	"X-Frame-Options":            {"DENY"},
	"Cross-Origin-Opener-Policy": {"same-origin"},
	"Permissions-Policy":         {"camera=(), geolocation=(), microphone=(), payment=(), usb=()"},
	"Content-Security-Policy":    {"default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"},
	"Cache-Control":              noStore,
}

// Values of headers that many replies share, as those of securityHeaders are.
var (
	noStore         = []string{"no-store"}
	noCache         = []string{"no-cache"}
	noSniff         = []string{"nosniff"}
	strictTransport = []string{"max-age=63072000; includeSubDomains"}
)

// setSecurityHeaders gives a reply securityHeaders. Pages replace the content security policy by their own, assets and
// public metadata replace Cache-Control; nobody has to remember to add one.
func setSecurityHeaders(h http.Header, hsts bool) {
	maps.Copy(h, securityHeaders)
	if hsts {
		h["Strict-Transport-Security"] = strictTransport
	}
}

// sendsHSTS leaves localhost out even over TLS: a browser would keep the rule for every port of that name and break
// the developer's other servers. Browsers ignore the header for IP addresses themselves (RFC 6797 §8.1.1).
func sendsHSTS(insecure bool, host string) bool {
	if insecure {
		return false
	}
	if name, _, err := net.SplitHostPort(host); err == nil {
		host = name
	}
	host = strings.ToLower(host)
	return host != "localhost" && !strings.HasSuffix(host, ".localhost")
}

// NoStore marks a reply that carries a credential or personal data. Wrap already sets Cache-Control; this adds Pragma,
// which RFC 6749 §5.1 demands of token replies, and holds where a handler runs outside Wrap.
func NoStore(h http.Header) {
	h["Cache-Control"] = noStore
	h["Pragma"] = noCache
}
