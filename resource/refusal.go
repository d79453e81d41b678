package resource

import (
	"encoding/json"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/daypass/daypass/oauth"
)

// Refusal says that a request may not pass, and why. Config.Check returns one to refuse; Config.Refused hears all.
type Refusal struct {
	// Code decides the answer (RFC 6750 §3.1):
	//
	//	""                                401 and a bare challenge: there were no credentials
	//	invalid_request                   400
	//	invalid_token                     401
	//	insufficient_user_authentication  401 (RFC 9470 §3)
	//	insufficient_scope                403
	//	access_denied                     403, without a challenge: no other token would help
	//	temporarily_unavailable           503, without a challenge
	//
	// Any other code is answered like invalid_token.
	Code oauth.ErrorCode
	// Scopes are those the request needs, told to the caller in the challenge. Nil: those of the route.
	Scopes []string
	// ACRValues are the authentication context classes that would do, the preferred first, and MaxAge is how old the log-in
	// may be, in whole seconds: told with insufficient_user_authentication (RFC 9470 §3), unless they are zero.
	ACRValues []string
	MaxAge    time.Duration
	// Cause is for logs. Callers never see it.
	Cause error
}

var _ error = (*Refusal)(nil)

// Error returns the code and the cause.
func (r *Refusal) Error() string {
	code := string(r.Code)
	if code == "" {
		code = "no credentials"
	}
	if r.Cause == nil {
		return code
	}
	return code + ": " + r.Cause.Error()
}

// Unwrap returns the cause.
func (r *Refusal) Unwrap() error { return r.Cause }

// answer is how one code is told. The words are fixed per code, so that all faults of a token look alike.
type answer struct {
	status      int
	challenge   bool
	description string
}

func answerTo(code oauth.ErrorCode) (oauth.ErrorCode, answer) {
	switch code {
	case "":
		return code, answer{http.StatusUnauthorized, true, ""}
	case oauth.InvalidRequest:
		return code, answer{http.StatusBadRequest, true, "the request must carry exactly one well-formed access token"}
	case oauth.InsufficientUserAuthentication:
		return code, answer{http.StatusUnauthorized, true, "a more recent or stronger log-in is needed"}
	case oauth.InsufficientScope:
		return code, answer{http.StatusForbidden, true, "the access token lacks a scope that is needed here"}
	case oauth.AccessDenied:
		return code, answer{http.StatusForbidden, false, "the request is not allowed"}
	case oauth.TemporarilyUnavailable:
		return code, answer{http.StatusServiceUnavailable, false, "access tokens cannot be verified at the moment"}
	}
	return oauth.InvalidToken, answer{http.StatusUnauthorized, true, "the access token is not valid here"}
}

const retryAfter = "5" // seconds; failed fetches of keys are repeated sooner than that

// refuse writes the answer. needed are the scopes of the route.
func (p *Protector) refuse(w http.ResponseWriter, r *http.Request, refusal *Refusal, needed []string) {
	if p.refused != nil {
		p.refused(r, refusal)
	}
	code, a := answerTo(refusal.Code)
	h := w.Header()
	h.Set("Cache-Control", "no-store")
	if a.challenge {
		h.Set("WWW-Authenticate", p.challenge(code, a, refusal, needed))
	}
	if a.status == http.StatusServiceUnavailable {
		h.Set("Retry-After", retryAfter)
	}
	if code == "" {
		http.Error(w, http.StatusText(a.status), a.status)
		return
	}
	// Neither call can fail in a way the caller could still be told about.
	body, _ := json.Marshal(oauth.NewError(code, a.description))
	h.Set("Content-Type", "application/json")
	h.Set("X-Content-Type-Options", "nosniff")
	w.WriteHeader(a.status)
	_, _ = w.Write(append(body, '\n'))
}

// challenge writes WWW-Authenticate, RFC 6750 §3. Nothing in it needs escaping: realm, metadata and the route's scopes
// were checked when they were configured, codes and descriptions are constants, and what Check says is filtered here.
func (p *Protector) challenge(code oauth.ErrorCode, a answer, refusal *Refusal, needed []string) string {
	var b strings.Builder
	b.WriteString(`Bearer realm="` + p.realm + `"`)
	if code != "" {
		b.WriteString(`, error="` + string(code) + `", error_description="` + a.description + `"`)
	}
	if code == oauth.InsufficientUserAuthentication {
		writeList(&b, "acr_values", refusal.ACRValues)
		if seconds := int64(refusal.MaxAge / time.Second); seconds > 0 {
			b.WriteString(`, max_age="` + strconv.FormatInt(seconds, 10) + `"`)
		}
	}
	if refusal.Scopes != nil {
		needed = refusal.Scopes
	}
	writeList(&b, oauth.ParamScope, needed)
	if p.metadata.address != "" {
		b.WriteString(`, resource_metadata="` + p.metadata.address + `"`) // RFC 9728 §5.1
	}
	return b.String()
}

// writeList writes what of list consists of safe characters, if anything.
func writeList(b *strings.Builder, name string, list []string) {
	var told []string
	for _, s := range list {
		if oauth.ValidScopeToken(s) {
			told = append(told, s)
		}
	}
	if told != nil {
		b.WriteString(`, ` + name + `="` + strings.Join(told, " ") + `"`)
	}
}
