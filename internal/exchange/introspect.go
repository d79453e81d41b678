package exchange

import (
	"context"
	"errors"
	"slices"
	"strings"
	"time"

	"github.com/daypass/daypass/internal/auth"
	"github.com/daypass/daypass/internal/clients"
	"github.com/daypass/daypass/internal/grants"
	"github.com/daypass/daypass/internal/jose"
	"github.com/daypass/daypass/internal/secret"
	"github.com/daypass/daypass/internal/store"
	"github.com/daypass/daypass/oauth"
)

// Grants is internal/grants as introspection and revocation need it.
type Grants interface {
	Inspect(ctx context.Context, presented secret.Token) (auth.Inspection, error)
	Revoke(ctx context.Context, client string, presented secret.Token, caller auth.Caller) (bool, error)
}

// Signer signs replies, each type of JWT under its own name.
type Signer interface {
	SignAs(typ string, alg jose.Algorithm, claims any) (secret.Token, error)
}

// Desk answers questions about tokens and takes them back.
type Desk struct {
	Signer   Signer
	Pipeline *Pipeline
	DB       *store.DB
	Grants   Grants
	Issuer   string
	Rules    auth.RefreshRules
	Scopes   []auth.Scope // that the configuration describes
}

// Introspection is the answer of RFC 7662 §2.2. Inactive has no other member.
type Introspection struct {
	Active    bool            `json:"active"`
	Scope     string          `json:"scope,omitempty"`
	ClientID  string          `json:"client_id,omitempty"`
	TokenType oauth.TokenType `json:"token_type,omitempty"`
	Expires   int64           `json:"exp,omitempty"`
	IssuedAt  int64           `json:"iat,omitempty"`
	Subject   string          `json:"sub,omitempty"`
	Audience  auth.Audience   `json:"aud,omitempty"`
	Issuer    string          `json:"iss,omitempty"`
	ID        string          `json:"jti,omitempty"`
	AuthTime  int64           `json:"auth_time,omitempty"`
	ACR       string          `json:"acr,omitempty"`
	AMR       []string        `json:"amr,omitempty"`
	SessionID string          `json:"sid,omitempty"`
	GrantID   string          `json:"gid,omitempty"`
	Epoch     int64           `json:"cep,omitempty"`
	Roles     []string        `json:"roles,omitempty"`
}

// Introspect tells a confidential client about a token that concerns it: an access token for a resource that it speaks for, or which it holds itself, or its own refresh token (RFC 7662 §2). Whatever
// else is {"active": false}.
func (d *Desk) Introspect(ctx context.Context, c clients.Credentials, token secret.Token) (Introspection, error) {
	client, err := d.caller(ctx, c)
	if err != nil {
		return Introspection{}, err
	}
	return d.tell(ctx, client, token)
}

// IntrospectionType is the typ header of a signed reply (RFC 9701 §5); its media type is application/ and the same.
const IntrospectionType = "token-introspection+jwt"

// signedIntrospection are the claims of RFC 9701 §5; there is no sub and no exp beside the answer, so that it is taken for
// no other JWT.
type signedIntrospection struct {
	Issuer        string        `json:"iss"`
	Audience      string        `json:"aud"`
	IssuedAt      int64         `json:"iat"`
	Introspection Introspection `json:"token_introspection"`
}

// IntrospectSigned is Introspect with an answer that the caller can keep as proof, signed as it registered.
func (d *Desk) IntrospectSigned(ctx context.Context, c clients.Credentials, token secret.Token) (secret.Token, error) {
	client, err := d.caller(ctx, c)
	if err != nil {
		return secret.Token{}, err
	}
	answer, err := d.tell(ctx, client, token)
	if err != nil {
		return secret.Token{}, err
	}
	return d.Signer.SignAs(IntrospectionType, jose.Algorithm(client.Metadata.IntrospectionAlgorithm), signedIntrospection{
		Issuer: d.Issuer, Audience: client.ID, IssuedAt: d.Pipeline.c.Now().Unix(), Introspection: answer,
	})
}

// caller authenticates who asks: never anybody who cannot prove who it is (RFC 7662 §2.1).
func (d *Desk) caller(ctx context.Context, c clients.Credentials) (auth.Client, error) {
	client, err := d.Pipeline.authenticate(ctx, c)
	if err == nil && client.Public {
		err = oauth.NewError(oauth.InvalidClient, "introspection is for clients that authenticate")
	}
	return client, err
}

func (d *Desk) tell(ctx context.Context, client auth.Client, token secret.Token) (Introspection, error) {
	if strings.HasPrefix(token.Reveal(), auth.RefreshPrefix) {
		return d.refresh(ctx, client, token)
	}
	claims, alive, err := d.access(ctx, token)
	if err != nil || !alive || !d.concerns(client, &claims) {
		return Introspection{}, err
	}
	return Introspection{
		Active: true, Scope: claims.Scope, ClientID: claims.ClientID, TokenType: oauth.Bearer, Expires: claims.Expires,
		IssuedAt: claims.IssuedAt, Subject: claims.Subject, Audience: claims.Audience, Issuer: claims.Issuer, ID: claims.ID,
		AuthTime: claims.AuthTime, ACR: claims.ACR, AMR: claims.AMR, SessionID: claims.SessionID, GrantID: claims.GrantID,
		Roles: claims.Roles, Epoch: claims.Epoch,
	}, nil
}

// concerns tells whether a client may know of a token, and cuts it down to what is the client's business: whoever speaks for
// a resource hears of the audiences and scopes of that resource alone (RFC 7662 §2.2, IN-03).
func (d *Desk) concerns(client auth.Client, claims *auth.AccessClaims) bool {
	if claims.ClientID == client.ID {
		return true
	}
	known := d.Pipeline.c.Resources
	own := slices.DeleteFunc(slices.Clone(claims.Audience), func(aud string) bool {
		if r, registered := known.Find(aud); registered && len(r.Introspection) > 0 {
			return r.Disabled() || !slices.Contains(r.Introspection, client.ID)
		} else if registered && r.Disabled() {
			return true
		}
		return !slices.Contains(client.Resources, aud)
	})
	if len(own) == 0 {
		return false
	}
	plan, _ := auth.PlanToken(known, own, strings.Fields(claims.Scope), d.Pipeline.c.Lifetime)
	claims.Audience, claims.Scope = own, strings.Join(plan.Scopes, " ")
	return true
}

func (d *Desk) refresh(ctx context.Context, client auth.Client, token secret.Token) (Introspection, error) {
	in, err := d.Grants.Inspect(ctx, token)
	var refused *auth.Refused
	if errors.Is(err, auth.ErrMalformed) || errors.As(err, &refused) {
		return Introspection{}, nil
	}
	g := in.Facts.Grant
	if err != nil || !in.Verdict.Granted() || g.ClientID != client.ID {
		return Introspection{}, err
	}
	return Introspection{
		Active: true, Scope: strings.Join(g.Scopes, " "), ClientID: g.ClientID, Subject: g.UserID.String(), Issuer: d.Issuer,
		Expires: g.ExpiresAt.Unix(), IssuedAt: g.CreatedAt.Unix(), AuthTime: g.AuthTime.Unix(), ACR: g.ACR, AMR: g.AMR,
		GrantID: g.ID.String(),
	}, nil
}

// access verifies an access token and asks the store whether what it stands on is alive.
func (d *Desk) access(ctx context.Context, token secret.Token) (auth.AccessClaims, bool, error) {
	claims, err := d.Pipeline.c.Keys.VerifyAccess(token, "", false)
	if errors.Is(err, auth.ErrKeyUnknown) {
		return auth.AccessClaims{}, false, err // not now, rather than never again
	}
	if err != nil || !d.Pipeline.c.Now().Before(time.Unix(claims.Expires, 0)) { // our own clock needs no leeway
		return auth.AccessClaims{}, false, nil //nolint:nilerr // not a token of ours is an answer: inactive
	}
	alive := false
	err = d.DB.View(ctx, func(tx *store.Tx) (err error) {
		if alive, err = grants.Alive(ctx, tx, claims); err != nil || !alive || !auth.IsOpaque(token) {
			return err
		}
		claims.Roles, err = roles(ctx, tx, claims)
		return err
	})
	return claims, alive, err
}

// roles are those of the user behind an opaque token today; a client on its own behalf has none.
func roles(ctx context.Context, tx *store.Tx, c auth.AccessClaims) ([]string, error) {
	if c.GrantID == "" {
		return nil, nil
	}
	id, err := auth.ParseID(c.GrantID)
	if err != nil {
		return nil, nil //nolint:nilerr // Alive has judged it
	}
	_, user, err := tx.Grants.Facts(ctx, id)
	return user.Roles, err
}

// Revoke takes a token back at the wish of the client that holds it (RFC 7009 §2). A token that is
// unknown, already gone or another client's is no error and changes nothing. A refresh token takes the
// grant along; an access token dies alone.
func (d *Desk) Revoke(ctx context.Context, c clients.Credentials, token secret.Token, caller auth.Caller) error {
	client, err := d.Pipeline.authenticate(ctx, c)
	if err != nil {
		return err
	}
	if strings.HasPrefix(token.Reveal(), auth.RefreshPrefix) {
		_, err := d.Grants.Revoke(ctx, client.ID, token, caller)
		return err
	}
	claims, err := d.Pipeline.c.Keys.VerifyAccess(token, "", false)
	if err != nil || claims.ClientID != client.ID {
		return nil //nolint:nilerr // RFC 7009 §2.2: invalid tokens are answered with 200
	}
	return d.DB.Update(ctx, func(tx *store.Tx) error {
		known, err := tx.Revocations.Contains(ctx, auth.RevokeToken, claims.ID)
		if err != nil || known { // asked again: the table does not grow
			return err
		}
		now := d.Pipeline.c.Now()
		grant, _ := auth.ParseID(claims.GrantID) // zero for a client's own token
		if err := tx.Events.Insert(ctx, auth.Event{At: now, Kind: auth.EventTokenRevoked, GrantID: grant, ClientID: client.ID, Caller: caller}); err != nil {
			return err
		}
		return tx.Revocations.Insert(ctx, auth.Revocation{
			Kind: auth.RevokeToken, Subject: claims.ID, At: now, Until: time.Unix(claims.Expires, 0).Add(auth.RevocationSlack),
		})
	})
}
