package admin

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode"

	"github.com/daypass/daypass/internal/auth"
	"github.com/daypass/daypass/internal/secret"
	"github.com/daypass/daypass/internal/store"
)

// NewUser is a user to be created.
type NewUser struct {
	Email    string
	Password secret.Token
	Roles    []string
}

// UserView is a user with what hangs on it. The password is not filled in.
type UserView struct {
	auth.User
	Sessions []auth.SessionView
	Grants   int // alive
	Events   []auth.Event
}

// Ended counts what an order ended, or would end.
type Ended struct {
	Changed  bool // false: it was so already, and nothing was written
	Sessions int
	Grants   int
}

const (
	maxRoles    = 64
	maxRoleSize = 64
	eventLimit  = 20
	countLimit  = 10_000 // beyond that nobody counts sessions by hand
)

// CreateUser adds a user. It returns *Invalid, auth.ErrWeakPassword, auth.ErrBusy, or auth.ErrConflict
// when the address is taken.
func (s *Service) CreateUser(ctx context.Context, u NewUser, by Actor) (auth.User, error) {
	var bad Invalid
	email, err := auth.NormalizeEmail(u.Email)
	if err != nil {
		bad.add("email", "%q is not an email address", u.Email)
	}
	roles := unique(u.Roles)
	checkRoles(&bad, roles)
	if err := bad.orNil(); err != nil {
		return auth.User{}, err
	}
	phc, err := s.n.Hash.Hash(ctx, u.Password, email)
	if err != nil {
		return auth.User{}, err
	}
	now := s.n.Now()
	user := auth.User{ID: auth.NewID(now), Email: email, Roles: roles, Password: phc, CreatedAt: now}
	err = s.n.DB.Update(ctx, func(tx *store.Tx) error {
		inserted, err := tx.Users.Insert(ctx, user)
		if err != nil {
			return err
		}
		if !inserted {
			return fmt.Errorf("a user with the address %s: %w", email, auth.ErrConflict)
		}
		e := s.tell(by, auth.EventUserCreated, now, "roles: "+words(roles))
		e.UserID = user.ID
		return tx.Events.Insert(ctx, e)
	})
	user.Password = secret.Token{}
	return user, err
}

// UpdateUser lets edit change the roles and the standard claims of a user, and tells whether anything had to change. It returns
// *Invalid when the rules for them forbid it.
func (s *Service) UpdateUser(ctx context.Context, id auth.ID, edit func(*auth.User), by Actor) (auth.User, bool, error) {
	var user auth.User
	changed := false
	now := s.n.Now()
	err := s.n.DB.Update(ctx, func(tx *store.Tx) (err error) {
		if user, err = tx.Users.Find(ctx, id); err != nil {
			return missing(err, "user", id.String())
		}
		before := userMembers(user)
		edit(&user)
		if err := checkUser(&user); err != nil {
			return err
		}
		told := differences(before, userMembers(user))
		if changed = len(told) > 0; !changed {
			return nil
		}
		user.Profile.UpdatedAt = now.Unix()
		if _, err := tx.Users.SetProfile(ctx, id, user.Profile); err != nil {
			return err
		}
		if _, err := tx.Users.SetRoles(ctx, id, user.Roles); err != nil {
			return err
		}
		e := s.tell(by, auth.EventUserUpdated, now, "changed: "+strings.Join(told, ", ")) // not to what: that is personal
		e.UserID = id
		return tx.Events.Insert(ctx, e)
	})
	user.Password = secret.Token{}
	return user, changed, err
}

func userMembers(u auth.User) map[string]any {
	all := membersOf(u.Profile)
	delete(all, "updated_at")
	all["roles"] = u.Roles
	return all
}

func checkUser(u *auth.User) error {
	var bad Invalid
	u.Roles = unique(u.Roles)
	checkRoles(&bad, u.Roles)
	for _, f := range u.Profile.Faults() {
		bad.add(f.Field, "%s", f.Problem)
	}
	return bad.orNil()
}

// FindUser finds a user by sub or by address.
func (s *Service) FindUser(ctx context.Context, ref string) (auth.User, error) {
	var u auth.User
	err := s.n.DB.View(ctx, func(tx *store.Tx) (err error) {
		u, err = findUser(ctx, tx, ref)
		return err
	})
	u.Password = secret.Token{}
	return u, err
}

// Users lists up to limit users in the order of their creation, after the one given (zero: from the start),
// and the id to go on after (zero: that was all).
func (s *Service) Users(ctx context.Context, after auth.ID, limit int) (users []auth.User, next auth.ID, err error) {
	err = s.n.DB.View(ctx, func(tx *store.Tx) (err error) {
		users, err = tx.Users.List(ctx, after, limit+1)
		return err
	})
	if len(users) > limit {
		users = users[:limit]
		next = users[limit-1].ID
	}
	for i := range users {
		users[i].Password = secret.Token{}
	}
	return users, next, err
}

// ShowUser tells all about a user, by sub or by address.
func (s *Service) ShowUser(ctx context.Context, ref string) (UserView, error) {
	var v UserView
	now := s.n.Now()
	err := s.n.DB.View(ctx, func(tx *store.Tx) (err error) {
		if v.User, err = findUser(ctx, tx, ref); err != nil {
			return err
		}
		if v.Sessions, err = s.liveSessions(ctx, tx, v.ID, now); err != nil {
			return err
		}
		grants, err := tx.Grants.List(ctx, store.Selector{User: v.ID}, countLimit)
		if err != nil {
			return err
		}
		v.Grants = alive(grants, now)
		v.Events, err = tx.Events.OfUser(ctx, v.ID, eventLimit)
		return err
	})
	v.Password = secret.Token{}
	return v, err
}

// DisableUser ends all sessions and grants of a user, who can log in no more.
func (s *Service) DisableUser(ctx context.Context, id auth.ID, by Actor) (Ended, error) {
	return s.endUser(ctx, id, auth.ReasonUserDisabled, auth.EventUserDisabled, by, func(tx *store.Tx, now time.Time) (bool, error) {
		return tx.Users.SetDisabled(ctx, id, now)
	})
}

// EnableUser lets a disabled user log in again, and whoever has to wait after failed log-ins at the account; what was
// ended stays ended.
func (s *Service) EnableUser(ctx context.Context, id auth.ID, by Actor) (changed bool, err error) {
	now := s.n.Now()
	err = s.n.DB.Update(ctx, func(tx *store.Tx) error {
		user, err := tx.Users.Find(ctx, id)
		if err != nil {
			return missing(err, "user", id.String())
		}
		if err := s.n.Hash.Forgive(ctx, tx, user.Email); err != nil {
			return err
		}
		if changed, err = tx.Users.SetDisabled(ctx, id, time.Time{}); err != nil || !changed {
			return err
		}
		e := s.tell(by, auth.EventUserEnabled, now, "")
		e.UserID = id
		return tx.Events.Insert(ctx, e)
	})
	return changed, err
}

// DeleteUser ends all sessions and grants of a user and removes the user. Its events stay.
func (s *Service) DeleteUser(ctx context.Context, id auth.ID, by Actor) (Ended, error) {
	return s.endUser(ctx, id, auth.ReasonUserDeleted, auth.EventUserDeleted, by, func(tx *store.Tx, _ time.Time) (bool, error) {
		if err := tx.Consents.DeleteOf(ctx, id, ""); err != nil {
			return false, err
		}
		return tx.Users.Delete(ctx, id)
	})
}

// SetPassword gives a user a new password and ends all sessions and grants: whoever knew the old one is out.
// It returns auth.ErrConflict when the password was changed by somebody else meanwhile.
func (s *Service) SetPassword(ctx context.Context, id auth.ID, password secret.Token, by Actor) (Ended, error) {
	user, err := s.FindUser(ctx, id.String())
	if err != nil {
		return Ended{}, err
	}
	phc, err := s.n.Hash.Hash(ctx, password, user.Email) // slow, so before the transaction
	if err != nil {
		return Ended{}, err
	}
	return s.endUser(ctx, id, auth.ReasonPasswordChange, auth.EventPasswordChanged, by, func(tx *store.Tx, _ time.Time) (bool, error) {
		changed, err := tx.Users.SetPassword(ctx, id, user.PasswordVersion, phc)
		if err == nil && !changed {
			err = fmt.Errorf("the password was changed by somebody else at the same time: %w", auth.ErrConflict)
		}
		if err == nil { // the guesses were at the old one
			err = s.n.Hash.Forgive(ctx, tx, user.Email)
		}
		return changed, err
	})
}

// endUser changes the user's row first, which serialises with a log-in that claims it, and then ends all that
// hangs on it.
func (s *Service) endUser(ctx context.Context, id auth.ID, reason string, kind auth.EventKind, by Actor,
	change func(*store.Tx, time.Time) (bool, error),
) (Ended, error) {
	var done Ended
	now := s.n.Now()
	err := s.n.DB.Update(ctx, func(tx *store.Tx) error {
		done = Ended{}
		user, err := tx.Users.Find(ctx, id)
		if err != nil {
			return missing(err, "user", id.String())
		}
		if done.Changed, err = change(tx, now); err != nil || !done.Changed {
			return err
		}
		if err := tx.AddressChanges.Delete(ctx, id); err != nil {
			return err
		}
		sessions, err := tx.Sessions.EndByUser(ctx, id, auth.ID{}, reason, now)
		if err != nil {
			return err
		}
		grants, err := tx.Grants.Revoke(ctx, store.Selector{User: id}, reason, now, s.n.Rules.RevokeFor)
		if err != nil {
			return err
		}
		done.Sessions, done.Grants = len(sessions), len(grants)
		e := s.tell(by, kind, now, fmt.Sprintf("%s: %s ended", user.Email, done))
		e.UserID = id
		return tx.Events.Insert(ctx, e)
	})
	return done, err
}

// UserStake counts what ending a user would end.
func (s *Service) UserStake(ctx context.Context, id auth.ID) (Ended, error) {
	v, err := s.ShowUser(ctx, id.String())
	return Ended{Sessions: len(v.Sessions), Grants: v.Grants}, err
}

// findUser takes a sub when the reference has the form of one, otherwise an address.
func findUser(ctx context.Context, tx *store.Tx, ref string) (auth.User, error) {
	if id, err := auth.ParseID(ref); err == nil {
		u, err := tx.Users.Find(ctx, id)
		return u, missing(err, "user", ref)
	}
	email, err := auth.NormalizeEmail(ref)
	if err != nil {
		return auth.User{}, &Invalid{[]Fault{{"user", fmt.Sprintf("%q is neither an id nor an email address", ref)}}}
	}
	u, err := tx.Users.FindByEmail(ctx, email)
	return u, missing(err, "user", ref)
}

// checkRoles: roles are kept space-separated and travel in a claim.
func checkRoles(bad *Invalid, roles []string) {
	bad.most("role", len(roles), maxRoles)
	for _, r := range roles {
		if r == "" || len(r) > maxRoleSize || strings.ContainsFunc(r, func(c rune) bool {
			return c > unicode.MaxASCII || c <= ' ' || c == 0x7f || c == '"' || c == '\\'
		}) {
			bad.add("role", "%q: write 1 to %d ASCII characters without spaces and quotes", r, maxRoleSize)
		}
	}
}

// unique keeps the first of each.
func unique[T comparable](list []T) []T {
	var out []T
	for _, v := range list {
		if !slices.Contains(out, v) {
			out = append(out, v)
		}
	}
	return out
}

func words(list []string) string {
	if len(list) == 0 {
		return "none"
	}
	return strings.Join(list, " ")
}

func alive(grants []auth.Grant, now time.Time) int {
	n := 0
	for _, g := range grants {
		if !g.Revoked() && now.Before(g.ExpiresAt) {
			n++
		}
	}
	return n
}
