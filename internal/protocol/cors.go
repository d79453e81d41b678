package protocol

import (
	"net/http"
	"slices"
	"strings"
)

// scripts is how the scripts of other origins may ask an endpoint. The zero value is not at all, as it has to be where a
// browser is sent with its cookies: the authorization endpoint above all (RFC 9700 §2.6).
type scripts struct {
	// Listed lets scripts of the origins in Config.Origins read the answers.
	Listed bool
	// Headers are those that a preflight allows; a form needs none.
	Headers []string
}

// What the answers of an endpoint for scripts show beyond their body, and for how long a browser remembers a preflight.
const (
	exposedHeaders  = "WWW-Authenticate, Retry-After"
	preflightMaxAge = "600" // seconds. An origin that is taken away reads nothing from then on, whatever is remembered
)

// share writes the CORS headers of a route, and the whole answer to a preflight, for which it returns true. An origin that
// is not listed gets what a program gets, and its browser keeps it from its scripts. There are no credentials: these
// endpoints know no cookies.
func (p *Protocol) share(w http.ResponseWriter, r *http.Request, route Route) (answered bool) {
	if !route.Scripts.Listed {
		return false
	}
	h := w.Header()
	h.Add("Vary", "Origin") // also where there is none: a cache must not keep that answer for a browser
	origin := r.Header.Values("Origin")
	if len(origin) != 1 || !p.c.Origins.Allowed(origin[0]) {
		return false
	}
	h.Set("Access-Control-Allow-Origin", origin[0])
	if r.Method != http.MethodOptions {
		h.Set("Access-Control-Expose-Headers", exposedHeaders)
		return false
	}
	if !slices.Contains(route.Methods, r.Header.Get("Access-Control-Request-Method")) {
		return false // not a preflight, or for a method that is refused anyway
	}
	h.Set("Access-Control-Allow-Methods", strings.Join(route.Methods, ", "))
	if len(route.Scripts.Headers) > 0 {
		h.Set("Access-Control-Allow-Headers", strings.Join(route.Scripts.Headers, ", "))
	}
	h.Set("Access-Control-Max-Age", preflightMaxAge)
	w.WriteHeader(http.StatusNoContent)
	return true
}
