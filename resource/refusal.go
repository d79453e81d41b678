package resource

import (
	"encoding/json"
	"net/http"
	"strings"

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
	// Scopes are those the request needs; told to the caller with insufficient_scope.
	Scopes []string
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

func (p *Protector) refuse(w http.ResponseWriter, r *http.Request, refusal *Refusal) {
	if p.refused != nil {
		p.refused(r, refusal)
	}
	code, a := answerTo(refusal.Code)
	h := w.Header()
	h.Set("Cache-Control", "no-store")
	if a.challenge {
		h.Set("WWW-Authenticate", p.challenge(code, a, refusal.Scopes))
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

// challenge writes WWW-Authenticate, RFC 6750 §3. Nothing in it needs escaping: realm and scopes were checked when the
// Protector was made, codes and descriptions are constants, and scopes from Check are filtered here.
func (p *Protector) challenge(code oauth.ErrorCode, a answer, scopes []string) string {
	var b strings.Builder
	b.WriteString(`Bearer realm="` + p.realm + `"`)
	if code == "" {
		return b.String()
	}
	b.WriteString(`, error="` + string(code) + `", error_description="` + a.description + `"`)
	if code == oauth.InsufficientScope {
		var told []string
		for _, s := range scopes {
			if oauth.ValidScopeToken(s) {
				told = append(told, s)
			}
		}
		b.WriteString(`, scope="` + oauth.JoinScope(told) + `"`)
	}
	return b.String()
}
