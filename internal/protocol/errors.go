package protocol

import (
	"errors"
	"net/http"
	"strconv"
	"strings"

	"github.com/daypass/daypass/internal/auth"
	"github.com/daypass/daypass/internal/httpkit"
	"github.com/daypass/daypass/internal/store"
	"github.com/daypass/daypass/oauth"
)

// writeError is the one place that answers an OAuth error (RFC 6749 §5.2). A cause never leaves: it goes
// to the request's log event.
func writeError(w http.ResponseWriter, r *http.Request, err error) {
	status, body := mapError(r, err)
	httpkit.Annotate(r.Context(), "oauth_error", string(body.Code))
	var refused *auth.Refused
	switch {
	case errors.As(err, &refused):
		httpkit.Annotate(r.Context(), "verdict", string(refused.Verdict))
		httpkit.Raise(r.Context(), refused.Verdict.Level())
		if !refused.GrantID.IsZero() {
			httpkit.Annotate(r.Context(), "grant_id", refused.GrantID.String())
		}
	case status >= http.StatusInternalServerError:
		httpkit.Annotate(r.Context(), "cause", err.Error())
	}
	var throttled *auth.Throttled
	switch {
	case errors.As(err, &throttled):
		w.Header().Set("Retry-After", strconv.FormatInt(throttled.Seconds(), 10))
	case status == http.StatusServiceUnavailable:
		w.Header().Set("Retry-After", "1")
	case status == http.StatusUnauthorized && r.Header.Get("Authorization") != "":
		// RFC 6749 §5.2: only a client that used the header is challenged.
		w.Header().Set("WWW-Authenticate", `Basic realm="daypass", charset="UTF-8"`)
	}
	httpkit.NoStore(w.Header())
	httpkit.WriteJSON(w, status, body)
}

func mapError(r *http.Request, err error) (int, *oauth.Error) {
	var wire *oauth.Error
	var refused *auth.Refused
	var twice httpkit.ErrDuplicate
	var throttled *auth.Throttled
	switch {
	case errors.As(err, &throttled):
		return http.StatusTooManyRequests, oauth.NewError(oauth.InvalidClient, "client authentication failed too often: wait as long as Retry-After says")
	case errors.As(err, &wire):
		return statusOf(wire.Code), wire
	case errors.As(err, &refused):
		// The client hears only this, whatever the verdict (design §2).
		return http.StatusBadRequest, oauth.NewError(oauth.InvalidGrant, "the refresh token is not good any more: log in again (error id "+httpkit.RequestID(r.Context())+")")
	case errors.Is(err, store.ErrUnavailable), errors.Is(err, auth.ErrKeyUnknown), errors.Is(err, auth.ErrBusy):
		return http.StatusServiceUnavailable, oauth.NewError(oauth.TemporarilyUnavailable, "try again in a moment with the same request")
	case errors.Is(err, httpkit.ErrContentType):
		return http.StatusBadRequest, oauth.NewError(oauth.InvalidRequest, "the body must be application/x-www-form-urlencoded")
	case errors.Is(err, httpkit.ErrTooLarge):
		return http.StatusRequestEntityTooLarge, oauth.NewError(oauth.InvalidRequest, "the body is too large")
	case errors.As(err, &twice):
		return http.StatusBadRequest, oauth.NewError(oauth.InvalidRequest, "a parameter is repeated: "+twice.Name)
	case errors.Is(err, httpkit.ErrMalformed):
		return http.StatusBadRequest, oauth.NewError(oauth.InvalidRequest, "the body cannot be read")
	}
	return http.StatusInternalServerError, oauth.NewError(oauth.ServerError, "error id "+httpkit.RequestID(r.Context()))
}

func statusOf(code oauth.ErrorCode) int {
	switch code {
	case oauth.InvalidClient:
		return http.StatusUnauthorized
	case oauth.ServerError:
		return http.StatusInternalServerError
	case oauth.TemporarilyUnavailable:
		return http.StatusServiceUnavailable
	}
	return http.StatusBadRequest
}

func writeMethodNotAllowed(w http.ResponseWriter, methods []string) {
	w.Header().Set("Allow", strings.Join(methods, ", "))
	httpkit.WriteJSON(w, http.StatusMethodNotAllowed, oauth.NewError(oauth.InvalidRequest, "the method is not allowed here"))
}
