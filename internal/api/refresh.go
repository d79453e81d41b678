package api

import (
	"errors"
	"net/http"

	"github.com/daypass/daypass/internal/auth"
	"github.com/daypass/daypass/internal/httpkit"
	"github.com/daypass/daypass/internal/secret"
	"github.com/daypass/daypass/oauth"
)

// headerVerdict names the verdict of a refresh under dev, for people and for the demo.
const headerVerdict = "Daypass-Verdict"

// refresh is POST /v1/refresh. A refusal leaves the cookies alone: only a log-out clears them.
func (a *API) refresh(w http.ResponseWriter, r *http.Request) error {
	ask := auth.Ask{Caller: caller(r), Arrived: a.needs.Now()}
	m, presented, err := a.readRefresh(r)
	if err != nil {
		return err
	}
	ask.Refresh = presented
	if m == cookieMode {
		if ask.ExpectGrant, err = a.neighbour(r, presented); err != nil {
			return err
		}
	}
	tokens, err := a.needs.Exchange.FirstParty(r.Context(), oauth.GrantRefreshToken, ask)
	a.tellVerdict(w, r, tokens, err)
	var refused *auth.Refused
	if errors.As(err, &refused) && refused.Verdict == auth.Misbound && !ask.ExpectGrant.IsZero() && refused.GrantID != ask.ExpectGrant {
		return errMismatch
	}
	if err != nil {
		return err
	}
	a.handOut(w, http.StatusOK, m, tokens)
	return nil
}

// readRefresh finds the refresh token and the mode, which must be the one it came in.
func (a *API) readRefresh(r *http.Request) (mode, secret.Token, error) {
	var body struct {
		Refresh hidden `json:"refresh_token"`
		Mode    mode   `json:"mode"`
	}
	if err := httpkit.ReadJSON(r, &body); err != nil {
		return "", secret.Token{}, err
	}
	m, err := a.modeOf(r, body.Mode)
	if err != nil {
		return "", secret.Token{}, err
	}
	cookie, present, err := a.needs.Cookies.Refresh(r)
	switch {
	case err != nil:
		return "", secret.Token{}, err
	case m == tokenMode && present:
		return "", secret.Token{}, refusal{httpkit.CodeModeMismatch, "A refresh token in a cookie is answered in cookie mode only."}
	case m == cookieMode && !body.Refresh.IsZero():
		return "", secret.Token{}, refusal{httpkit.CodeModeMismatch, "A refresh token in the body is answered in token mode only; send \"mode\":\"token\"."}
	case m == cookieMode && !present:
		return "", secret.Token{}, refusal{httpkit.CodeUnauthenticated, "No refresh cookie came with the request. Log in."}
	case m == tokenMode:
		return m, body.Refresh.Token, nil // a missing one is the pipeline's to refuse
	}
	return m, cookie, nil
}

// errMismatch refuses a refresh cookie that came from elsewhere than the cookies beside it.
var errMismatch error = refusal{httpkit.CodeCookieMismatch, "The cookies belong to different log-ins. Log in again."}

// neighbour is the grant that the refresh cookie must belong to: the access cookie's, so that a refresh moves nothing
// when it is not. A sibling domain can plant a refresh cookie, but neither an access nor an SSO cookie, whose names bind
// them to this host. Without an access cookie that is ours, the refresh cookie must be of the SSO cookie's session; without
// either there is nothing to compare with.
func (a *API) neighbour(r *http.Request, refresh secret.Token) (auth.ID, error) {
	access, _, err := a.needs.Cookies.Access(r)
	if err != nil {
		return auth.ID{}, err
	}
	if id := a.needs.Principals.GrantOf(access); !id.IsZero() { // zero for no cookie as well
		return id, nil
	}
	session, present, err := a.needs.Cookies.Session(r)
	if err != nil || !present {
		return auth.ID{}, err
	}
	same, err := a.needs.Principals.SameSession(r.Context(), refresh, session)
	if err == nil && !same {
		err = errMismatch
	}
	return auth.ID{}, err
}

// tellVerdict leaves the verdict in the request's event and, under dev, in the reply.
func (a *API) tellVerdict(w http.ResponseWriter, r *http.Request, tokens auth.Tokens, err error) {
	verdict, grant := tokens.Verdict, tokens.GrantID
	var refused *auth.Refused
	if errors.As(err, &refused) {
		verdict, grant = refused.Verdict, refused.GrantID
	}
	if verdict == "" {
		return
	}
	httpkit.Annotate(r.Context(), "verdict", string(verdict))
	if !grant.IsZero() {
		httpkit.Annotate(r.Context(), "grant_id", grant.String())
	}
	if a.needs.ShowVerdict {
		w.Header().Set(headerVerdict, string(verdict))
	}
}
