package api

import (
	"errors"
	"net/http"
	"strconv"

	"github.com/daypass/daypass/internal/auth"
	"github.com/daypass/daypass/internal/httpkit"
	"github.com/daypass/daypass/internal/login"
	"github.com/daypass/daypass/internal/store"
	"github.com/daypass/daypass/oauth"
)

// refusal is what this package itself refuses: a code, and a sentence for the developer of the client.
type refusal struct {
	code   httpkit.Code
	detail string
}

// Error names the code, for logs.
func (r refusal) Error() string { return "api: " + string(r.code) }

// fail answers with the problem of an error. The cause of what is not the caller's doing goes to the
// request's event alone.
func fail(w http.ResponseWriter, r *http.Request, err error) {
	p := problemOf(err)
	var throttled *auth.Throttled
	if errors.As(err, &throttled) {
		w.Header().Set("Retry-After", strconv.FormatInt(throttled.Seconds(), 10))
	}
	switch p.Code {
	case httpkit.CodeInternal, httpkit.CodeUnavailable:
		httpkit.Annotate(r.Context(), "cause", err.Error())
	case httpkit.CodeBusy:
		w.Header().Set("Retry-After", "5")
	case httpkit.CodeUnauthenticated:
		if _, sent, _ := httpkit.Bearer(r); sent { // RFC 6750 §3.1
			w.Header().Set("WWW-Authenticate", `Bearer realm="daypass", error="invalid_token"`)
		}
	}
	var refused *auth.Refused
	if errors.As(err, &refused) {
		httpkit.Raise(r.Context(), refused.Verdict.Level())
	}
	httpkit.WriteProblem(w, r, p)
}

// problemOf is the one table from what the floors below return to what a client sees.
func problemOf(err error) httpkit.Problem {
	var own refusal
	var refused *auth.Refused
	var weak *auth.WeakPassword
	var wire *oauth.Error
	var throttled *auth.Throttled
	switch {
	case errors.As(err, &throttled):
		return httpkit.Problem{Code: httpkit.CodeTooManyRequests, Detail: "Too many tries. Wait as long as Retry-After says."}
	case errors.As(err, &own):
		return httpkit.Problem{Code: own.code, Detail: own.detail}
	case errors.As(err, &refused):
		return httpkit.Problem{Code: httpkit.CodeInvalidGrant, Detail: "The refresh token is not good any more. Log in again."}
	case errors.As(err, &weak):
		return httpkit.Problem{Code: httpkit.CodeWeakPassword, Detail: weak.Reason}
	case errors.As(err, &wire):
		return httpkit.Problem{Code: httpkit.CodeInvalidRequest, Detail: wire.Description}
	}
	for _, row := range []struct {
		is     error
		code   httpkit.Code
		detail string
	}{
		{login.ErrUnauthenticated, httpkit.CodeUnauthenticated, "No credential that is good here came with the request."},
		{auth.ErrSessionOver, httpkit.CodeUnauthenticated, "The session has ended meanwhile. Log in again."},
		{auth.ErrCredentials, httpkit.CodeInvalidCredentials, "Email or password is not right."},
		{auth.ErrEmailTaken, httpkit.CodeEmailTaken, "This email address cannot be used."},
		{auth.ErrEmail, httpkit.CodeInvalidRequest, "This is not an email address."},
		{auth.ErrEmailSame, httpkit.CodeInvalidRequest, "This is the email address already."},
		{auth.ErrCode, httpkit.CodeInvalidCode, "The code is not right, or not good any more."},
		{auth.ErrSignUpClosed, httpkit.CodeSignUpClosed, "Nobody can sign up here by this endpoint."},
		{auth.ErrNoMail, httpkit.CodeNoMail, "This server sends no mail, so nobody can prove a new address."},
		{auth.ErrNotFound, httpkit.CodeNotFound, ""},
		{auth.ErrBusy, httpkit.CodeBusy, "Many log-ins are under way. Try again in a moment."},
		{auth.ErrKeyUnknown, httpkit.CodeUnavailable, "This node cannot judge the token yet. Keep it and try again."},
		{store.ErrUnavailable, httpkit.CodeUnavailable, "Try again in a moment."},
	} {
		if errors.Is(err, row.is) {
			return httpkit.Problem{Code: row.code, Detail: row.detail}
		}
	}
	return httpkit.ProblemFor(err)
}
