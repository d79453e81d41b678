package auth

import (
	"fmt"
	"slices"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/daypass/daypass/oauth"
)

// TokenFormat says what the access tokens of a resource are.
type TokenFormat string

// The zero value is FormatJWT's.
const (
	FormatJWT    TokenFormat = "jwt"    // RFC 9068, verified by the resource itself
	FormatOpaque TokenFormat = "opaque" // dpa_…, told about by introspection alone
)

// MinAccessLifetime is the shortest that can be configured: below, clients would do nothing but refresh.
const MinAccessLifetime = time.Minute

// Resource is a protected API that somebody registered. APIs that only clients name work as well, with the defaults.
type Resource struct {
	ID            string // absolute URI: the aud of its tokens
	Name          string
	Scopes        []string      // that belong to it; none: whatever a client may ask for
	Lifetime      time.Duration // of its access tokens; 0: the default
	Algorithm     string        // that signs them; empty: the default
	Format        TokenFormat
	Introspection []string // ids of the clients that may ask about its tokens; none: every client that names it
	CreatedAt     time.Time
	DisabledAt    time.Time // zero: enabled
}

// Disabled tells whether no token is given for the resource.
func (r Resource) Disabled() bool { return !r.DisabledAt.IsZero() }

// Opaque tells whether its tokens are references.
func (r Resource) Opaque() bool { return r.Format == FormatOpaque }

// Faults judges a resource to be registered, by a command or the configuration; every fault is found at once. Fields are
// "uri", "name", "scopes", "lifetime", "algorithm", "format" and "introspection_clients".
func (r Resource) Faults() []Fault {
	var f clientFaults
	if why := ResourceFault(r.ID); why != "" {
		f.value("uri", -1, r.ID, why)
	}
	if r.Name == "" || utf8.RuneCountInString(r.Name) > maxURI || !utf8.ValidString(r.Name) || slices.ContainsFunc([]rune(r.Name), unicode.IsControl) {
		f.value("name", -1, r.Name, fmt.Sprintf("write 1 to %d characters", maxURI))
	}
	f.each("scopes", r.Scopes, oauth.MaxScopes, ScopeFault)
	if r.Lifetime != 0 && (r.Lifetime < MinAccessLifetime || r.Lifetime > MaxAccessLifetime || r.Lifetime%time.Second != 0) {
		f.value("lifetime", -1, r.Lifetime.String(), "write whole seconds, from 1m to 1h")
	}
	if why := AlgorithmFault(r.Algorithm); r.Algorithm != "" && why != "" {
		f.value("algorithm", -1, r.Algorithm, why)
	}
	if r.Format != "" && r.Format != FormatJWT && r.Format != FormatOpaque {
		f.value("format", -1, string(r.Format), fmt.Sprintf("write %s or %s", FormatJWT, FormatOpaque))
	}
	if r.Opaque() && r.Algorithm != "" {
		f.add("algorithm", -1, "opaque tokens have no signature: leave it out")
	}
	f.each("introspection_clients", r.Introspection, maxURIs, ClientIDFault)
	return f
}
