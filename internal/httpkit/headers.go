package httpkit

import (
	"net"
	"net/http"
	"strings"
)

// setSecurityHeaders gives every reply the strictest headers that fit all of them. Pages replace the content security
// policy by their own, assets and public metadata replace Cache-Control; nobody has to remember to add one.
func setSecurityHeaders(h http.Header, hsts bool) {
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Referrer-Policy", "no-referrer")
	h.Set("X-Frame-Options", "DENY")
	h.Set("Cross-Origin-Opener-Policy", "same-origin")
	h.Set("Permissions-Policy", "camera=(), geolocation=(), microphone=(), payment=(), usb=()")
	h.Set("Content-Security-Policy", "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'")
	h.Set("Cache-Control", "no-store")
	if hsts {
		h.Set("Strict-Transport-Security", "max-age=63072000; includeSubDomains")
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
	h.Set("Cache-Control", "no-store")
	h.Set("Pragma", "no-cache")
}
