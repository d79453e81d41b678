package protocol

import (
	"errors"
	"net/http"
	"time"

	"github.com/daypass/daypass/internal/auth"
	"github.com/daypass/daypass/internal/authorize"
	"github.com/daypass/daypass/internal/httpkit"
	"github.com/daypass/daypass/oauth"
)

// pushReply is the answer of RFC 9126 §2.2.
type pushReply struct {
	RequestURI string `json:"request_uri"`
	ExpiresIn  int64  `json:"expires_in"` // seconds
}

// push is the endpoint of pushed authorization requests (RFC 9126 §2): the client authenticates as at the token endpoint,
// and hears of its mistakes itself.
func (p *Protocol) push(w http.ResponseWriter, r *http.Request) {
	uri, err := p.pushed(r)
	var fault *authorize.Fault
	if errors.As(err, &fault) {
		err = fault.Err
	}
	if err != nil {
		writeError(w, r, err)
		return
	}
	httpkit.NoStore(w.Header())
	httpkit.WriteJSON(w, http.StatusCreated, pushReply{RequestURI: uri, ExpiresIn: int64(auth.PushedLife / time.Second)})
}

func (p *Protocol) pushed(r *http.Request) (string, error) {
	f, err := readForm(r)
	if err != nil {
		return "", err
	}
	c, err := credentials(r, f)
	if err != nil {
		return "", err
	}
	if f.Get(oauth.ParamClientID) == "" {
		return "", oauth.NewError(oauth.InvalidRequest, "client_id is missing")
	}
	c.Caller = caller(r)
	client, err := p.c.Exchange.Authenticate(r.Context(), c)
	if err != nil {
		return "", err
	}
	httpkit.Annotate(r.Context(), "client_id", client.ID)
	return p.c.Authorize.Push(r.Context(), client, httpkit.Params{Form: f})
}
