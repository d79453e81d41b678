package protocol

import (
	"errors"
	"net/http"
	"strings"

	"github.com/daypass/daypass/internal/auth"
	"github.com/daypass/daypass/internal/exchange"
	"github.com/daypass/daypass/internal/httpkit"
	"github.com/daypass/daypass/oauth"
)

// token is the token endpoint (RFC 6749 §3.2).
func (p *Protocol) token(w http.ResponseWriter, r *http.Request) {
	request, err := p.tokenRequest(r)
	if err != nil {
		writeError(w, r, err)
		return
	}
	tokens, err := p.c.Exchange.Exchange(r.Context(), request)
	if known(err) {
		httpkit.Annotate(r.Context(), "client_id", request.Credentials.ID)
		httpkit.Annotate(r.Context(), "grant_type", string(request.Grant))
	}
	if err != nil {
		writeError(w, r, err)
		return
	}
	annotate(r, tokens)
	httpkit.NoStore(w.Header())
	httpkit.WriteJSON(w, http.StatusOK, oauth.TokenReply{
		AccessToken: tokens.Access.Reveal(), TokenType: oauth.Bearer, ExpiresIn: int64(tokens.ExpiresIn.Seconds()),
		RefreshToken: tokens.Refresh.Reveal(), IDToken: tokens.ID.Reveal(), Scope: strings.Join(tokens.Scopes, " "),
	})
}

// known tells that the client was recognised: before that its id is whatever somebody pasted, a password
// perhaps, and does not belong in a log.
func known(err error) bool {
	var wire *oauth.Error
	var throttled *auth.Throttled
	if errors.As(err, &throttled) {
		return false
	}
	return !errors.As(err, &wire) || wire.Code != oauth.InvalidClient && wire.Code != oauth.UnsupportedGrantType
}

func (p *Protocol) tokenRequest(r *http.Request) (exchange.Request, error) {
	arrived := p.c.Now()
	f, err := readForm(r)
	if err != nil {
		return exchange.Request{}, err
	}
	request := exchange.Request{Grant: oauth.GrantType(f.Get(oauth.ParamGrantType))}
	if request.Grant == "" {
		return request, oauth.NewError(oauth.InvalidRequest, "grant_type is missing")
	}
	if request.Credentials, err = credentials(r, f); err != nil {
		return request, err
	}
	request.Credentials.Caller = caller(r)
	scopes, err := oauth.ParseScope(f.Get(oauth.ParamScope))
	if err != nil {
		return request, err
	}
	request.Ask = auth.Ask{
		Scopes: scopes, Resources: f.All(oauth.ParamResource), Caller: caller(r), Arrived: arrived,
		Refresh: f.Secret(oauth.ParamRefreshToken),
		Code:    f.Secret(oauth.ParamCode), Verifier: f.Secret(oauth.ParamCodeVerifier), RedirectURI: f.Get(oauth.ParamRedirectURI),
	}
	return request, nil
}

func caller(r *http.Request) auth.Caller {
	return auth.NewCaller(httpkit.ClientIP(r.Context()), r.UserAgent())
}

func annotate(r *http.Request, t auth.Tokens) {
	if t.Verdict != "" {
		httpkit.Annotate(r.Context(), "verdict", string(t.Verdict))
	}
	if !t.GrantID.IsZero() {
		httpkit.Annotate(r.Context(), "grant_id", t.GrantID.String())
	}
}
