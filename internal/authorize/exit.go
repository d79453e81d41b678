package authorize

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"slices"

	"github.com/daypass/daypass/internal/auth"
	"github.com/daypass/daypass/internal/httpkit"
	"github.com/daypass/daypass/oauth"
)

// Exit is a log-out that a client begins (OpenID Connect RP-Initiated Logout 1.0 §2).
type Exit struct {
	Client  auth.Client // zero: it did not say who it is
	URI     string      // where the user goes afterwards; empty: nowhere
	State   string
	Locales []string // that it asks for
	subject string   // of the hint; empty: none came
	sid     string
}

// Known tells whether the client is known.
func (e Exit) Known() bool { return e.Client.ID != "" }

// Location is where the user goes afterwards, with the state (§3); empty: nowhere.
func (e Exit) Location() string {
	if e.URI == "" || e.State == "" {
		return e.URI
	}
	return withQuery(e.URI, url.Values{oauth.ParamState: {e.State}})
}

// ReadExit judges the parameters of a log-out. Where nobody proves to be a client that registered the address, nobody is
// sent anywhere (§3). A hint is good after its end. The error is a *Fault without an answer, or the store's.
func (s *Service) ReadExit(ctx context.Context, params httpkit.Params) (Exit, error) {
	for _, name := range params.Repeated() {
		return Exit{}, shown(name, "the parameter is repeated")
	}
	var e Exit
	id := params.Get(oauth.ParamClientID)
	if hint := params.Secret(oauth.ParamIDTokenHint); !hint.IsZero() {
		claims, err := s.needs.Keys.VerifyIDToken(hint)
		if err != nil || id != "" && !slices.Contains(claims.Audience, id) {
			return Exit{}, shown(oauth.ParamIDTokenHint, "it is no ID token that this server gave this application")
		}
		e.subject, e.sid, id = claims.Subject, claims.SessionID, claims.Audience[0]
	}
	if id != "" {
		client, err := s.needs.Clients.Find(ctx, id)
		if errors.Is(err, auth.ErrNotFound) || err == nil && client.Disabled() {
			return Exit{}, shown(oauth.ParamClientID, "this application is not registered here, or is switched off")
		}
		if err != nil {
			return Exit{}, fmt.Errorf("authorize: %w", err)
		}
		e.Client = client
	}
	e.Locales = locales(params.Get(oauth.ParamUILocales))
	e.URI, e.State = params.Get(oauth.ParamPostLogoutRedirectURI), params.Get(oauth.ParamState)
	switch {
	case e.URI != "" && !slices.Contains(e.Client.Metadata.PostLogoutRedirectURIs, e.URI):
		return Exit{}, shown(oauth.ParamPostLogoutRedirectURI, "the address to go to afterwards is not registered for it")
	case len(e.State) > auth.MaxState:
		return Exit{}, shown(oauth.ParamState, "it is too long")
	}
	return e, nil
}

// Sure tells whether the user need not be asked: the client proves by its ID token that it means this very session (§2).
func (s *Service) Sure(e Exit, session auth.Session) bool {
	return e.subject != "" && e.subject == s.needs.Keys.Subject(session.UserID, e.Client) && e.sid == s.needs.Keys.SessionRef(session.ID, e.Client.ID)
}
