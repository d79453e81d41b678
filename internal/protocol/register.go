package protocol

import (
	"context"
	"errors"
	"net/http"
	"strings"

	"github.com/daypass/daypass/internal/admin"
	"github.com/daypass/daypass/internal/auth"
	"github.com/daypass/daypass/internal/httpkit"
	"github.com/daypass/daypass/internal/secret"
	"github.com/daypass/daypass/oauth"
)

const registerPath = "/oauth/register"

// Registrar lets clients register themselves.
type Registrar interface {
	Register(ctx context.Context, r auth.Registration, initial secret.Token, caller auth.Caller) (admin.Registered, error)
	Read(ctx context.Context, id string, token secret.Token) (admin.Registered, error)
	Replace(ctx context.Context, id string, token secret.Token, r auth.Registration, caller auth.Caller) (admin.Registered, error)
	Remove(ctx context.Context, id string, token secret.Token, caller auth.Caller) error
}

var _ Registrar = (*admin.Registrar)(nil)

// registeredReply is what a client hears of itself (RFC 7591 §3.2.1): the values that hold, defaults among them.
type registeredReply struct {
	ClientID        string            `json:"client_id"`
	IssuedAt        int64             `json:"client_id_issued_at"`
	Secret          string            `json:"client_secret,omitempty"`
	SecretExpires   *int64            `json:"client_secret_expires_at,omitempty"` // 0: never; there when the secret is
	Token           string            `json:"registration_access_token,omitempty"`
	URI             string            `json:"registration_client_uri"`
	Name            string            `json:"client_name"`
	RedirectURIs    []string          `json:"redirect_uris,omitempty"`
	GrantTypes      []oauth.GrantType `json:"grant_types"`
	ResponseTypes   []string          `json:"response_types"`
	ApplicationType string            `json:"application_type"`
	Scope           string            `json:"scope"`
	auth.ClientMetadata
}

// register is the client registration endpoint (RFC 7591 §3).
func (p *Protocol) register(w http.ResponseWriter, r *http.Request) {
	token, _, err := httpkit.Bearer(r)
	var asked auth.Registration
	if err == nil {
		asked, err = readRegistration(r)
	}
	var made admin.Registered
	if err == nil {
		made, err = p.c.Registrar.Register(r.Context(), asked, token, caller(r))
	}
	if err != nil {
		refuseRegistration(w, r, err)
		return
	}
	p.tellRegistered(w, r, http.StatusCreated, made)
}

// registered is the client configuration endpoint (RFC 7592 §2): a client reads, replaces or removes itself.
func (p *Protocol) registered(w http.ResponseWriter, r *http.Request) {
	id := r.PathValue("id")
	token, _, err := httpkit.Bearer(r)
	var now admin.Registered
	switch {
	case err != nil:
	case r.Method == http.MethodGet:
		now, err = p.c.Registrar.Read(r.Context(), id, token)
	case r.Method == http.MethodDelete:
		if err = p.c.Registrar.Remove(r.Context(), id, token, caller(r)); err == nil {
			httpkit.NoStore(w.Header())
			w.WriteHeader(http.StatusNoContent)
			return
		}
	default:
		var asked auth.Registration
		if asked, err = readRegistration(r); err == nil {
			now, err = p.c.Registrar.Replace(r.Context(), id, token, asked, caller(r))
		}
	}
	if err != nil {
		refuseRegistration(w, r, err)
		return
	}
	p.tellRegistered(w, r, http.StatusOK, now)
}

func readRegistration(r *http.Request) (auth.Registration, error) {
	var asked auth.Registration
	err := httpkit.ReadJSON(r, &asked)
	switch {
	case errors.Is(err, httpkit.ErrContentType):
		err = oauth.NewError(oauth.InvalidClientMetadata, "the body must be application/json")
	case errors.Is(err, httpkit.ErrMalformed):
		err = oauth.NewError(oauth.InvalidClientMetadata, "the body must be one JSON object, its members of the right types")
	}
	return asked, err
}

// refuseRegistration answers as RFC 7591 §3.2.2, or for a bad token as RFC 6750 §3.1.
func refuseRegistration(w http.ResponseWriter, r *http.Request, err error) {
	switch {
	case errors.Is(err, admin.ErrRegistrationToken):
		challenge(w, http.StatusUnauthorized, oauth.NewError(oauth.InvalidToken, "a token for this registration is needed"))
	case errors.Is(err, httpkit.ErrBearer):
		challenge(w, http.StatusBadRequest, oauth.NewError(oauth.InvalidRequest, "one token, in the Authorization header"))
	default:
		writeError(w, r, err)
	}
}

func (p *Protocol) tellRegistered(w http.ResponseWriter, r *http.Request, status int, now admin.Registered) {
	c := now.Client
	httpkit.Annotate(r.Context(), "client_id", c.ID)
	reply := registeredReply{
		ClientID: c.ID, IssuedAt: c.CreatedAt.Unix(), Secret: now.Secret.Reveal(), Token: now.Token.Reveal(), URI: p.c.Issuer + registerPath + "/" + c.ID,
		Name: c.Name, RedirectURIs: c.RedirectURIs, GrantTypes: c.Grants, ResponseTypes: []string{}, ApplicationType: c.ApplicationType(),
		Scope: strings.Join(c.Scopes, " "), ClientMetadata: c.Metadata.Published(),
	}
	if c.MayUse(oauth.GrantAuthorizationCode) {
		reply.ResponseTypes = []string{oauth.ResponseTypeCode}
	}
	if reply.Secret != "" {
		reply.SecretExpires = new(int64)
	}
	httpkit.NoStore(w.Header())
	httpkit.WriteJSON(w, status, reply)
}
