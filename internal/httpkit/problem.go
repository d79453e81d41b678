package httpkit

import (
	"encoding/json"
	"errors"
	"net/http"
)

// Code is the stable, machine-readable name of what went wrong, the extension member `code` of a Problem. Clients
// branch on it; titles and details may change between releases.
type Code string

// The codes of the first-party JSON API.
const (
	CodeInvalidCredentials   Code = "invalid_credentials"    //nolint:gosec // G101: the name of an error; one answer for a wrong address, a wrong password and no such user
	CodeInvalidGrant         Code = "invalid_grant"          // the refresh token buys nothing any more: log in again
	CodeInvalidRequest       Code = "invalid_request"        // malformed, incomplete or contradictory
	CodeUnauthenticated      Code = "unauthenticated"        // no credential, or one that is not good
	CodeFreshLoginRequired   Code = "fresh_login_required"   // the credential is good, but this needs a recent log-in
	CodeFactorRequired       Code = "factor_required"        // the password was right, a second factor is asked for
	CodeNotFound             Code = "not_found"              // no such thing, or not the caller's
	CodeMethodNotAllowed     Code = "method_not_allowed"     // see the Allow header
	CodeUnsupportedMediaType Code = "unsupported_media_type" // see the endpoint's reference for the one it reads
	CodeTooLarge             Code = "too_large"              // the body exceeds the limit
	CodeCrossOrigin          Code = "cross_origin"           // a browser sent this from another origin
	CodeModeMismatch         Code = "mode_mismatch"          // a cookie's credential asked to be answered as a token, or the reverse
	CodeDuplicateCookie      Code = "duplicate_cookie"       // two cookies of one name: one of them was planted
	CodeCookieMismatch       Code = "cookie_mismatch"        // the access and the refresh cookie belong to different grants
	CodeEmailTaken           Code = "email_taken"            // sign-up with an address in use
	CodeInvalidCode          Code = "invalid_code"           // the mailed code is not right, or not good any more
	CodeSignUpClosed         Code = "sign_up_closed"         // accounts are made by the operator, or by the other endpoint
	CodeNoMail               Code = "no_mail"                // this needs a mail, and the server sends none
	CodeWeakPassword         Code = "weak_password"          // too short, too long or too common
	CodeTooManyRequests      Code = "too_many_requests"      // throttled; see Retry-After
	CodeBusy                 Code = "busy"                   // the queue is full; see Retry-After
	CodeUnavailable          Code = "unavailable"            // cannot be answered now; nothing was changed
	CodeInternal             Code = "internal"               // a fault of ours; the instance finds it in the log
)

// Problem is a problem details object of RFC 9457 §3.
type Problem struct {
	// Type is a URI reference naming the kind of problem; empty means "about:blank", for which Title is the status phrase.
	Type string `json:"type,omitempty"`
	// Title is a short phrase; WriteProblem fills it from the status when empty.
	Title string `json:"title"`
	// Status is the HTTP status; WriteProblem fills it from Code when zero.
	Status int `json:"status"`
	// Detail is one sentence for people. It must not carry a cause, a credential or a stranger's text.
	Detail string `json:"detail,omitempty"`
	// Code is the stable name; WriteProblem takes CodeInternal when empty.
	Code Code `json:"code"`
	// Instance is the id of the request, under which the log has the cause; filled by WriteProblem.
	Instance string `json:"instance,omitempty"`
}

// Status returns the HTTP status that goes with the code when the handler names no other.
func (c Code) Status() int {
	switch c {
	case CodeInvalidRequest, CodeModeMismatch, CodeDuplicateCookie, CodeCookieMismatch:
		return http.StatusBadRequest
	case CodeInvalidCredentials, CodeInvalidGrant, CodeUnauthenticated, CodeFactorRequired:
		return http.StatusUnauthorized
	case CodeFreshLoginRequired, CodeCrossOrigin, CodeSignUpClosed:
		return http.StatusForbidden
	case CodeNotFound, CodeNoMail:
		return http.StatusNotFound
	case CodeMethodNotAllowed:
		return http.StatusMethodNotAllowed
	case CodeEmailTaken:
		return http.StatusConflict
	case CodeTooLarge:
		return http.StatusRequestEntityTooLarge
	case CodeUnsupportedMediaType:
		return http.StatusUnsupportedMediaType
	case CodeWeakPassword, CodeInvalidCode:
		return http.StatusUnprocessableEntity
	case CodeTooManyRequests:
		return http.StatusTooManyRequests
	case CodeBusy, CodeUnavailable:
		return http.StatusServiceUnavailable
	case CodeInternal:
	}
	return http.StatusInternalServerError
}

// WriteProblem answers with p as application/problem+json, never stored by caches. Missing members are filled from
// p.Code; Instance is always the request's own id. 401 gets a bare Bearer challenge unless the handler set one
// (RFC 9110 §15.5.2 demands one), 429 and 503 a Retry-After of one second. The code is added to the request's event.
func WriteProblem(w http.ResponseWriter, r *http.Request, p Problem) {
	if p.Code == "" {
		p.Code = CodeInternal
	}
	if p.Status == 0 {
		p.Status = p.Code.Status()
	}
	if p.Title == "" {
		p.Title = http.StatusText(p.Status)
	}
	p.Instance = RequestID(r.Context())
	Annotate(r.Context(), "problem", string(p.Code))

	h := w.Header()
	switch p.Status {
	case http.StatusUnauthorized:
		setDefault(h, "WWW-Authenticate", `Bearer realm="daypass"`)
	case http.StatusTooManyRequests, http.StatusServiceUnavailable:
		setDefault(h, "Retry-After", "1")
	}
	writeProblem(w, p)
}

func writeProblem(w http.ResponseWriter, p Problem) {
	body, err := json.Marshal(p)
	if err != nil { // strings and an int always encode; an empty body still tells the truth by its status
		body = nil
	}
	writeBody(w, p.Status, "application/problem+json", body)
}

// ProblemFor maps the errors of this package's readers to a Problem; any other error is CodeInternal, and the caller
// logs its cause. The details name what to change and never repeat what was sent.
func ProblemFor(err error) Problem {
	var dup ErrDuplicate
	switch {
	case errors.Is(err, ErrContentType):
		return Problem{Code: CodeUnsupportedMediaType, Detail: "Send the body with the media type this endpoint reads."}
	case errors.Is(err, ErrTooLarge):
		return Problem{Code: CodeTooLarge, Detail: "The body is larger than this server reads."}
	case errors.As(err, &dup):
		return Problem{Code: CodeInvalidRequest, Detail: "A parameter or member was sent twice."}
	case errors.Is(err, ErrDuplicateCookie):
		return Problem{Code: CodeDuplicateCookie, Detail: "Two cookies of one name were sent; clear this site's cookies."}
	case errors.Is(err, ErrBearer):
		return Problem{Code: CodeInvalidRequest, Detail: "Send one Authorization header with one bearer token."}
	case errors.Is(err, ErrMalformed):
		return Problem{Code: CodeInvalidRequest, Detail: "The body could not be read."}
	}
	return Problem{Code: CodeInternal}
}

// NotFound answers 404 in problem details, for the catch-all of a route table.
func NotFound(w http.ResponseWriter, r *http.Request) {
	WriteProblem(w, r, Problem{Code: CodeNotFound})
}

func setDefault(h http.Header, name, value string) {
	if h.Get(name) == "" {
		h.Set(name, value)
	}
}
