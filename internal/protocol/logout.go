package protocol

import (
	"net/http"

	"github.com/daypass/daypass/internal/auth"
	"github.com/daypass/daypass/internal/authorize"
	"github.com/daypass/daypass/internal/httpkit"
	"github.com/daypass/daypass/oauth"
)

// logout is the end-session endpoint (OpenID Connect RP-Initiated Logout 1.0 §2). It ends nothing unasked, unless the client
// proves that it means the session at hand.
func (p *Protocol) logout(w http.ResponseWriter, r *http.Request) {
	httpkit.NoStore(w.Header())
	params, err := httpkit.ReadParams(r)
	var exit authorize.Exit
	if err == nil {
		exit, err = p.c.Authorize.ReadExit(r.Context(), params)
	}
	var here authorize.Visit
	if err == nil {
		err = p.identify(r, &here)
	}
	if err != nil {
		p.refuseVisit(w, r, err)
		return
	}
	if exit.Known() {
		httpkit.Annotate(r.Context(), "client_id", exit.Client.ID)
	}
	var session auth.Session
	if here.Session != nil {
		session = *here.Session
	}
	p.c.Screens.Exit(w, r, exit, p.c.Authorize.Sure(exit, session))
}

func (p *Protocol) describeLogout(m *oauth.Metadata) {
	m.EndSessionEndpoint = p.c.Issuer + "/oauth/logout"
	m.BackChannelLogoutSupported, m.BackChannelLogoutSessionSupported = true, true
}
