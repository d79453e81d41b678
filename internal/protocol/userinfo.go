package protocol

import (
	"errors"
	"io"
	"net/http"

	"github.com/daypass/daypass/internal/auth"
	"github.com/daypass/daypass/internal/exchange"
	"github.com/daypass/daypass/internal/httpkit"
	"github.com/daypass/daypass/oauth"
)

// userInfo is OpenID Connect Core 1.0 §5.3. The token comes in the header, by GET and by POST alike.
func (p *Protocol) userInfo(w http.ResponseWriter, r *http.Request) {
	token, present, err := httpkit.Bearer(r)
	switch {
	case r.URL.Query().Has(oauth.ParamAccessToken), err != nil:
		challenge(w, http.StatusBadRequest, oauth.NewError(oauth.InvalidRequest, "one access token, in the Authorization header"))
		return
	case !present:
		challenge(w, http.StatusUnauthorized, nil) // RFC 6750 §3.1: who sent nothing is told no error
		return
	}
	info, err := p.c.Desk.UserInfo(r.Context(), token)
	switch {
	case errors.Is(err, exchange.ErrAccess):
		challenge(w, http.StatusUnauthorized, oauth.NewError(oauth.InvalidToken, "the access token is not good, or not any more"))
		return
	case errors.Is(err, exchange.ErrScope):
		challenge(w, http.StatusForbidden, oauth.NewError(oauth.InsufficientScope, "the scope openid is needed"))
		return
	case err != nil:
		writeError(w, r, err)
		return
	}
	httpkit.Annotate(r.Context(), "client_id", info.ClientID)
	signed, err := p.c.Desk.SignedUserInfo(r.Context(), info)
	if err != nil {
		writeError(w, r, err)
		return
	}
	httpkit.NoStore(w.Header())
	if !signed.IsZero() {
		w.Header().Set("Content-Type", "application/jwt")
		_, _ = io.WriteString(w, signed.Reveal())
		return
	}
	httpkit.WriteJSON(w, http.StatusOK, info.Claims)
}

// challenge answers as RFC 6750 §3 says.
func challenge(w http.ResponseWriter, status int, err *oauth.Error) {
	value := `Bearer realm="daypass"`
	if err != nil {
		value += `, error="` + string(err.Code) + `", error_description="` + err.Description + `"`
		if err.Code == oauth.InsufficientScope {
			value += `, scope="` + oauth.ScopeOpenID + `"`
		}
	}
	w.Header().Set("WWW-Authenticate", value)
	httpkit.NoStore(w.Header())
	if err == nil {
		w.WriteHeader(status)
		return
	}
	httpkit.WriteJSON(w, status, err)
}

func (p *Protocol) describeUserInfo(m *oauth.Metadata) {
	m.UserInfoEndpoint = p.c.Issuer + "/oauth/userinfo"
	m.UserInfoSigningAlgValuesSupported = algorithmNames(p.c.Keys.Algorithms())
	m.ClaimsSupported = append([]string{"iss", "aud", "exp", "iat", "auth_time", "nonce", "acr", "amr", "at_hash", "sid"}, auth.StandardClaims()...)
}
