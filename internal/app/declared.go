package app

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/daypass/daypass/internal/admin"
	"github.com/daypass/daypass/internal/auth"
	"github.com/daypass/daypass/internal/config"
	"github.com/daypass/daypass/internal/secret"
	"github.com/daypass/daypass/internal/store"
	"github.com/daypass/daypass/oauth"
)

// declare applies the built-in client and the users and clients of the configuration. Clients become what the file says; a user
// that exists keeps the password that was chosen since. Nothing is deleted.
func (a *App) declare(ctx context.Context) error {
	if err := a.ensureFirstParty(ctx); err != nil {
		return err
	}
	for _, c := range a.config.Clients {
		if err := a.upsertClient(ctx, a.declaredClient(c)); err != nil {
			return err
		}
	}
	for _, u := range a.config.Users {
		if err := a.declareUser(ctx, u); err != nil {
			return fmt.Errorf("user %s: %w", u.Email, err)
		}
	}
	return nil
}

func (a *App) declaredClient(c config.Client) auth.Client {
	client := auth.Client{
		ID: c.ID, Name: c.Name, Public: c.Public, RedirectURIs: c.RedirectURIs, Scopes: c.Scopes, Resources: c.Resources,
		Refresh: auth.RefreshPolicy(c.Refresh), FirstParty: c.FirstParty, CreatedAt: a.now(),
	}
	if client.Name == "" {
		client.Name = c.ID
	}
	for _, g := range c.Grants {
		client.Grants = append(client.Grants, oauth.GrantType(g))
	}
	if len(client.Grants) == 0 {
		client.Grants = auth.DefaultGrants(c.Public, c.RedirectURIs)
	}
	if !c.Public {
		client.SecretHashes = [][32]byte{c.Secret.Hash()}
	}
	return client
}

// declaredSetting and an address name the user that was made for it, or found there, at an earlier start.
const declaredSetting = "declared user:"

// declareUser makes sure that a declared user exists, under whatever address by now: whoever moved away from the declared
// one must not come back there, with the roles and the first password that the configuration still tells.
func (a *App) declareUser(ctx context.Context, u config.User) error {
	email, err := auth.NormalizeEmail(u.Email)
	if err != nil {
		return err
	}
	if exists, err := a.declaredBefore(ctx, email); err != nil || exists {
		return err
	}
	if u.PasswordHash.IsZero() {
		err = a.addUser(ctx, email, u.Password, u.Roles)
	} else {
		err = a.importUser(ctx, email, u)
	}
	if err != nil {
		return err
	}
	return a.db.Update(ctx, func(tx *store.Tx) error {
		user, err := tx.Users.FindByEmail(ctx, email)
		if err != nil {
			return err
		}
		return tx.Settings.Set(ctx, declaredSetting+email, user.ID[:])
	})
}

// declaredBefore tells whether the user of a declared address was made at an earlier start and still exists.
func (a *App) declaredBefore(ctx context.Context, email string) (exists bool, err error) {
	err = a.db.View(ctx, func(tx *store.Tx) error {
		var id auth.ID
		v, err := tx.Settings.Get(ctx, declaredSetting+email)
		if err != nil {
			return err
		}
		copy(id[:], v)
		_, err = tx.Users.Find(ctx, id)
		exists = err == nil
		return err
	})
	if errors.Is(err, auth.ErrNotFound) {
		return false, nil
	}
	return exists, err
}

func (a *App) importUser(ctx context.Context, email string, u config.User) error {
	now := a.now()
	user := auth.User{ID: auth.NewID(now), Email: email, Roles: u.Roles, Password: u.PasswordHash, CreatedAt: now}
	return a.db.Update(ctx, func(tx *store.Tx) error {
		added, err := tx.Users.Insert(ctx, user)
		if err != nil || !added {
			return err
		}
		return tx.Events.Insert(ctx, auth.Event{At: now, Kind: auth.EventUserCreated, UserID: user.ID, Detail: byConfiguration})
	})
}

// addUser creates a user unless the address is there. It looks first: hashing a password costs more
// than a start should.
func (a *App) addUser(ctx context.Context, email string, password secret.Token, roles []string) error {
	normal, err := auth.NormalizeEmail(email)
	if err != nil {
		return err
	}
	err = a.db.View(ctx, func(tx *store.Tx) error {
		_, err := tx.Users.FindByEmail(ctx, normal)
		return err
	})
	if !errors.Is(err, auth.ErrNotFound) {
		return err
	}
	_, err = a.Admin.CreateUser(ctx, admin.NewUser{Email: email, Password: password, Roles: roles}, admin.Actor{Name: "configuration"})
	if errors.Is(err, auth.ErrConflict) {
		return nil
	}
	return err
}

func sameClient(a, b auth.Client) bool {
	return a.Name == b.Name && a.Public == b.Public && slices.Equal(a.SecretHashes, b.SecretHashes) && slices.Equal(a.Grants, b.Grants) &&
		slices.Equal(a.RedirectURIs, b.RedirectURIs) && slices.Equal(a.Scopes, b.Scopes) && slices.Equal(a.Resources, b.Resources) &&
		a.Refresh == b.Refresh && a.FirstParty == b.FirstParty
}
