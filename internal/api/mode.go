package api

import (
	"net/http"
	"time"

	"github.com/daypass/daypass/internal/auth"
	"github.com/daypass/daypass/internal/httpkit"
	"github.com/daypass/daypass/internal/secret"
	"github.com/daypass/daypass/oauth"
)

// mode is how tokens travel.
type mode string

const (
	cookieMode mode = "cookie"
	tokenMode  mode = "token"
)

// headerDevice carries in token mode what the device cookie carries in a browser: a program that keeps it from a log-in's
// reply and sends it with the next log-in is a known device, which no stranger's guesses can keep out. It is no credential.
const headerDevice = "Daypass-Device"

// device is what the sender is known again by: the cookie, or the header; empty for a stranger.
func (a *API) device(r *http.Request) (secret.Token, error) {
	cookie, present, err := a.needs.Cookies.Device(r)
	if err != nil || present {
		return cookie, err
	}
	return secret.FromString(r.Header.Get(headerDevice)), nil
}

// modeOf is the mode that the body asks for; without a word, cookie mode for whatever looks like a
// browser, and token mode otherwise where it is allowed.
func (a *API) modeOf(r *http.Request, asked mode) (mode, error) {
	switch asked {
	case cookieMode:
		return cookieMode, nil
	case tokenMode:
		if !a.needs.AllowTokenMode {
			return "", refusal{httpkit.CodeInvalidRequest, "Token mode is not open here. Use cookie mode."}
		}
		return tokenMode, nil
	case "":
		for _, name := range []string{"Origin", "Sec-Fetch-Site", "Cookie"} {
			if len(r.Header.Values(name)) > 0 {
				return cookieMode, nil
			}
		}
		if a.needs.AllowTokenMode {
			return tokenMode, nil
		}
		return cookieMode, nil
	}
	return "", refusal{httpkit.CodeInvalidRequest, "The member mode is \"cookie\" or \"token\"."}
}

// bare is the reply of cookie mode: what a page may know about tokens that it never sees.
type bare struct {
	TokenType oauth.TokenType `json:"token_type"`
	ExpiresIn int64           `json:"expires_in"`
	Scope     string          `json:"scope"`
}

// handOut answers with tokens in the mode given.
func (a *API) handOut(w http.ResponseWriter, status int, m mode, t auth.Tokens) {
	seconds, scope := int64(t.ExpiresIn/time.Second), oauth.JoinScope(t.Scopes)
	if m == tokenMode {
		if !t.Device.IsZero() {
			w.Header().Set(headerDevice, t.Device.Reveal())
		}
		httpkit.WriteJSON(w, status, oauth.TokenReply{
			AccessToken: t.Access.Reveal(), TokenType: oauth.Bearer, ExpiresIn: seconds,
			RefreshToken: t.Refresh.Reveal(), Scope: scope,
		})
		return
	}
	// The access cookie outlives its token: the expired one is what a refresh cookie is compared with.
	a.needs.Cookies.SetAccess(w, t.Access, a.lasting(t.RefreshExpires))
	a.needs.Cookies.SetRefresh(w, t.Refresh, a.lasting(t.RefreshExpires))
	if !t.Session.IsZero() {
		a.needs.Cookies.SetSession(w, t.Session, a.lasting(t.SessionExpires))
	}
	if !t.Device.IsZero() {
		a.needs.Cookies.SetDevice(w, t.Device)
	}
	httpkit.WriteJSON(w, status, bare{TokenType: oauth.Bearer, ExpiresIn: seconds, Scope: scope})
}

// lasting is a cookie's age; at least a second, since zero would mean "until the browser closes".
func (a *API) lasting(until time.Time) time.Duration {
	return max(until.Sub(a.needs.Now()), time.Second)
}
