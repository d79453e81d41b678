package app

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"

	"github.com/daypass/daypass/internal/admin"
	"github.com/daypass/daypass/internal/auth"
	"github.com/daypass/daypass/internal/config"
	"github.com/daypass/daypass/internal/jose"
	"github.com/daypass/daypass/internal/secret"
	"github.com/daypass/daypass/internal/store"
	"github.com/daypass/daypass/oauth"
)

// declare applies the built-in client and the users, clients and resources of the configuration. Clients and resources become what the file says; a user
// that exists keeps the password that was chosen since. Nothing is deleted.
func (a *App) declare(ctx context.Context) error {
	if err := a.ensureFirstParty(ctx); err != nil {
		return err
	}
	if err := a.declareResources(ctx); err != nil {
		return err
	}
	for _, c := range a.config.Clients {
		client := a.declaredClient(c)
		for _, alg := range client.SigningAlgorithms() { // before anything is signed
			if err := a.ring.EnsureFor(ctx, jose.Algorithm(alg)); err != nil {
				return err
			}
		}
		if err := a.upsertClient(ctx, client); err != nil {
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
		Refresh: auth.RefreshPolicy(c.Refresh), FirstParty: c.FirstParty, Metadata: c.Metadata, CreatedAt: a.now(),
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
	if !c.Secret.IsZero() {
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
	if user, err := a.declaredBefore(ctx, email); err == nil {
		return a.declareProfile(ctx, user, u.Profile, false)
	} else if !errors.Is(err, auth.ErrNotFound) {
		return err
	}
	made := false
	if u.PasswordHash.IsZero() {
		made, err = a.addUser(ctx, email, u.Password, u.Roles)
	} else {
		made, err = a.importUser(ctx, email, u)
	}
	if err != nil {
		return err
	}
	var user auth.User
	err = a.db.Update(ctx, func(tx *store.Tx) error {
		if user, err = tx.Users.FindByEmail(ctx, email); err != nil {
			return err
		}
		return tx.Settings.Set(ctx, declaredSetting+email, user.ID[:])
	})
	if err != nil {
		return err
	}
	return a.declareProfile(ctx, user, u.Profile, made)
}

// declaredBefore finds the user that was made for a declared address at an earlier start, or auth.ErrNotFound.
func (a *App) declaredBefore(ctx context.Context, email string) (user auth.User, err error) {
	err = a.db.View(ctx, func(tx *store.Tx) error {
		var id auth.ID
		v, err := tx.Settings.Get(ctx, declaredSetting+email)
		if err != nil {
			return err
		}
		copy(id[:], v)
		user, err = tx.Users.Find(ctx, id)
		return err
	})
	return user, err
}

// declareProfile gives a user the standard claims that the configuration tells; what it does not tell stays as it is. That
// address or number were verified is believed of a user whom the configuration made: a stranger may have signed up with
// the address before, or the user may have moved to another one since.
func (a *App) declareProfile(ctx context.Context, user auth.User, declared auth.Profile, made bool) error {
	declared.EmailVerified, declared.PhoneVerified = declared.EmailVerified && made, declared.PhoneVerified && made
	told, err := json.Marshal(declared)
	if err != nil {
		return fmt.Errorf("claims: %w", err)
	}
	want := user.Profile
	want.Address = nil // a declared address replaces all of the old one
	if err := json.Unmarshal(told, &want); err != nil {
		return fmt.Errorf("claims: %w", err)
	}
	if want.Address == nil {
		want.Address = user.Profile.Address
	}
	if sameJSON(want, user.Profile) {
		return nil
	}
	want.UpdatedAt = a.now().Unix()
	return a.db.Update(ctx, func(tx *store.Tx) error {
		if _, err := tx.Users.SetProfile(ctx, user.ID, want); err != nil {
			return err
		}
		return tx.Events.Insert(ctx, auth.Event{At: a.now(), Kind: auth.EventUserUpdated, UserID: user.ID, Detail: byConfiguration})
	})
}

func (a *App) importUser(ctx context.Context, email string, u config.User) (made bool, err error) {
	now := a.now()
	user := auth.User{ID: auth.NewID(now), Email: email, Roles: u.Roles, Password: u.PasswordHash, CreatedAt: now}
	err = a.db.Update(ctx, func(tx *store.Tx) error {
		if made, err = tx.Users.Insert(ctx, user); err != nil || !made {
			return err
		}
		return tx.Events.Insert(ctx, auth.Event{At: now, Kind: auth.EventUserCreated, UserID: user.ID, Detail: byConfiguration})
	})
	return made, err
}

// addUser creates a user unless the address is there. It looks first: hashing a password costs more
// than a start should.
func (a *App) addUser(ctx context.Context, email string, password secret.Token, roles []string) (made bool, err error) {
	normal, err := auth.NormalizeEmail(email)
	if err != nil {
		return false, err
	}
	err = a.db.View(ctx, func(tx *store.Tx) error {
		_, err := tx.Users.FindByEmail(ctx, normal)
		return err
	})
	if !errors.Is(err, auth.ErrNotFound) {
		return false, err
	}
	_, err = a.Admin.CreateUser(ctx, admin.NewUser{Email: email, Password: password, Roles: roles}, admin.Actor{Name: "configuration"})
	if errors.Is(err, auth.ErrConflict) {
		return false, nil
	}
	return err == nil, err
}

func sameClient(a, b auth.Client) bool {
	return a.Name == b.Name && a.Public == b.Public && slices.Equal(a.SecretHashes, b.SecretHashes) && slices.Equal(a.Grants, b.Grants) &&
		slices.Equal(a.RedirectURIs, b.RedirectURIs) && slices.Equal(a.Scopes, b.Scopes) && slices.Equal(a.Resources, b.Resources) &&
		a.Refresh == b.Refresh && a.FirstParty == b.FirstParty && sameJSON(a.Metadata, b.Metadata)
}

// sameJSON compares two records by what the store keeps of them.
func sameJSON(a, b any) bool {
	x, errX := json.Marshal(a)
	y, errY := json.Marshal(b)
	return errX == nil && errY == nil && bytes.Equal(x, y)
}
