package exchange

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/daypass/daypass/internal/auth"
	"github.com/daypass/daypass/internal/jose"
	"github.com/daypass/daypass/internal/secret"
	"github.com/daypass/daypass/internal/store"
	"github.com/daypass/daypass/oauth"
)

// What UserInfo refuses (RFC 6750 §3.1).
var (
	ErrAccess = errors.New("exchange: the access token is not good")
	ErrScope  = errors.New("exchange: the access token lacks the scope openid")
)

// UserInfo is what a client may know about a user.
type UserInfo struct {
	ClientID string
	Claims   map[string]any // sub among them, always
}

// SignedUserInfo is UserInfo as a JWT, for a client that registered userinfo_signed_response_alg; zero for any other
// (OpenID Connect Core 1.0 §5.3.2).
func (d *Desk) SignedUserInfo(ctx context.Context, info UserInfo) (secret.Token, error) {
	client, err := d.Pipeline.c.Clients.Find(ctx, info.ClientID)
	if err != nil {
		return secret.Token{}, fmt.Errorf("exchange: UserInfo: %w", err)
	}
	if client.Metadata.UserInfoAlgorithm == "" {
		return secret.Token{}, nil
	}
	claims := maps.Clone(info.Claims)
	claims["iss"], claims["aud"] = d.Issuer, client.ID
	return d.Signer.SignAs(UserInfoType, jose.Algorithm(client.Metadata.UserInfoAlgorithm), claims)
}

// UserInfoType is the typ of a signed UserInfo reply. OpenID Connect names none; one of its own keeps the reply from being taken
// for an ID token (RFC 8725 §3.11).
const UserInfoType = "userinfo+jwt"

// UserInfo tells what the scopes of an access token, and the claims that its request named one by one, let its client
// know (OpenID Connect Core 1.0 §5.3). The errors are ErrAccess, ErrScope and the store's.
func (d *Desk) UserInfo(ctx context.Context, token secret.Token) (UserInfo, error) {
	claims, alive, err := d.access(ctx, token)
	if err != nil {
		return UserInfo{}, err
	}
	scopes := strings.Fields(claims.Scope)
	id, malformed := auth.ParseID(claims.GrantID)
	switch {
	case !alive || malformed != nil && slices.Contains(scopes, oauth.ScopeOpenID):
		return UserInfo{}, ErrAccess
	case !slices.Contains(scopes, oauth.ScopeOpenID):
		return UserInfo{}, ErrScope
	}
	info := UserInfo{ClientID: claims.ClientID}
	err = d.DB.View(ctx, func(tx *store.Tx) error {
		f, _, err := tx.Grants.Facts(ctx, id)
		if err != nil {
			return err
		}
		user, err := tx.Users.Find(ctx, f.Grant.UserID)
		info.Claims = user.ClaimsOf(scopes, append(d.claimsOf(scopes), f.Grant.Claims...))
		return err
	})
	if errors.Is(err, auth.ErrNotFound) {
		err = ErrAccess
	}
	if err != nil {
		return UserInfo{}, err
	}
	info.Claims["sub"] = claims.Subject
	return info, nil
}

// claimsOf returns the claims that scopes stand for by the configuration, by name.
func (d *Desk) claimsOf(scopes []string) (names []string) {
	for _, s := range d.Scopes {
		if slices.Contains(scopes, s.Name) {
			names = append(names, s.Claims...)
		}
	}
	return names
}
