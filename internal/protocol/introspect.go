package protocol

import (
	"net/http"

	"github.com/daypass/daypass/internal/clients"
	"github.com/daypass/daypass/internal/httpkit"
	"github.com/daypass/daypass/internal/secret"
	"github.com/daypass/daypass/oauth"
)

// introspect is RFC 7662 §2. The hint is read by nobody: what a token is can be seen at its beginning.
func (p *Protocol) introspect(w http.ResponseWriter, r *http.Request) {
	c, token, err := tokenForm(r)
	if err != nil {
		writeError(w, r, err)
		return
	}
	answer, err := p.c.Desk.Introspect(r.Context(), c, token)
	if err != nil {
		writeError(w, r, err)
		return
	}
	httpkit.NoStore(w.Header())
	httpkit.WriteJSON(w, http.StatusOK, answer)
}

// tokenForm reads the form that introspection and revocation share.
func tokenForm(r *http.Request) (clients.Credentials, secret.Token, error) {
	f, err := readForm(r)
	if err != nil {
		return clients.Credentials{}, secret.Token{}, err
	}
	c, err := credentials(r, f)
	if err != nil {
		return c, secret.Token{}, err
	}
	c.Caller = caller(r)
	token := f.Secret(oauth.ParamToken)
	if token.IsZero() {
		return c, token, oauth.NewError(oauth.InvalidRequest, "token is missing")
	}
	return c, token, nil
}
