package admin_test

import (
	"context"
	"errors"
	"strings"
	"testing"

	"github.com/daypass/daypass/internal/admin"
	"github.com/daypass/daypass/internal/auth"
	"github.com/daypass/daypass/internal/secret"
	"github.com/daypass/daypass/internal/store"
)

func TestWhateverTakesAUsersRightsEndsSessionsAndGrantsAndTellsIt(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		do     func(h *house, id auth.ID) (admin.Ended, error)
		kind   auth.EventKind
		reason string
	}{
		"disable": {func(h *house, id auth.ID) (admin.Ended, error) { return h.admin.DisableUser(h.t.Context(), id, by()) }, auth.EventUserDisabled, auth.ReasonUserDisabled},
		"delete":  {func(h *house, id auth.ID) (admin.Ended, error) { return h.admin.DeleteUser(h.t.Context(), id, by()) }, auth.EventUserDeleted, auth.ReasonUserDeleted},
		"set password": {func(h *house, id auth.ID) (admin.Ended, error) {
			return h.admin.SetPassword(h.t.Context(), id, secret.FromString("another long password"), by())
		}, auth.EventPasswordChanged, auth.ReasonPasswordChange},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			onBoth(t, func(t *testing.T, h *house) {
				u, other := h.user("ann@example.com"), h.user("bob@example.com")
				g1, _ := h.grant(u.ID, h.session(u.ID), auth.FirstPartyClient, false)
				g2, _ := h.grant(u.ID, h.session(u.ID), auth.FirstPartyClient, true)
				kept, _ := h.grant(other.ID, h.session(other.ID), auth.FirstPartyClient, false)
				done, err := c.do(h, u.ID)
				if err != nil || done != (admin.Ended{Changed: true, Sessions: 2, Grants: 2}) {
					t.Fatalf("got %+v, %v, want 2 sessions and 2 grants ended", done, err)
				}
				for _, g := range []auth.Grant{g1, g2} {
					if got := h.grantNow(g.ID); got.RevokedReason != c.reason || !h.revoked(auth.RevokeGrant, g.ID.String()) {
						t.Errorf("grant: got reason %q and no revocation, want %q and one", got.RevokedReason, c.reason)
					}
				}
				if h.grantNow(kept.ID).Revoked() {
					t.Error("somebody else's grant was ended")
				}
				e := h.events(u.ID)[0]
				if e.Kind != c.kind || !strings.Contains(e.Detail, "by test, alice") || !strings.Contains(e.Detail, "2 sessions and 2 grants") {
					t.Errorf("event: got %s %q", e.Kind, e.Detail)
				}
			})
		})
	}
}

func TestDisablingTwiceWritesOnce(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	u := h.user("ann@example.com")
	for i, want := range []bool{true, false} {
		if done, err := h.admin.DisableUser(t.Context(), u.ID, by()); err != nil || done.Changed != want {
			t.Errorf("disable %d: got %+v, %v", i, done, err)
		}
	}
	for i, want := range []bool{true, false} {
		if changed, err := h.admin.EnableUser(t.Context(), u.ID, by()); err != nil || changed != want {
			t.Errorf("enable %d: got %v, %v", i, changed, err)
		}
	}
	if got := kinds(h.events(u.ID)); got != "user.enabled user.disabled user.created" {
		t.Errorf("events: got %s", got)
	}
}

func TestWhoIsVouchedForByAnOperatorNeedNotWait(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	for email, vouch := range map[string]func(auth.User) error{
		"ann@example.com": func(u auth.User) error {
			_, err := h.admin.SetPassword(t.Context(), u.ID, secret.FromString("a password of another kind"), by())
			return err
		},
		"bob@example.com": func(u auth.User) error { // enabled already: the operator means the delay
			_, err := h.admin.EnableUser(t.Context(), u.ID, by())
			return err
		},
	} {
		if err := vouch(h.user(email)); err != nil {
			t.Fatal(err)
		}
		h.update(func(ctx context.Context, tx *store.Tx) error {
			if _, err := tx.Settings.Get(ctx, "forgiven "+email); err != nil {
				t.Errorf("%s: not forgiven: %v", email, err)
			}
			return nil
		})
	}
}

func TestAUserIsCreatedOnceAndOnlyWithGoodInput(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	good := secret.FromString("correct horse battery staple")
	u, err := h.admin.CreateUser(t.Context(), admin.NewUser{Email: " Ann@Example.COM", Password: good, Roles: []string{"admin", "admin", "dev"}}, by())
	if err != nil || u.Email != "ann@example.com" || len(u.Roles) != 2 || !u.Password.IsZero() {
		t.Fatalf("got %+v, %v", u, err)
	}
	for name, c := range map[string]struct {
		new  admin.NewUser
		want error
	}{
		"taken":        {admin.NewUser{Email: "ANN@example.com", Password: good}, auth.ErrConflict},
		"no address":   {admin.NewUser{Email: "ann", Password: good}, admin.ErrInvalid},
		"weak":         {admin.NewUser{Email: "bob@example.com", Password: secret.FromString("short")}, auth.ErrWeakPassword},
		"spaced role":  {admin.NewUser{Email: "bob@example.com", Password: good, Roles: []string{"a b"}}, admin.ErrInvalid},
		"empty role":   {admin.NewUser{Email: "bob@example.com", Password: good, Roles: []string{""}}, admin.ErrInvalid},
		"foreign role": {admin.NewUser{Email: "bob@example.com", Password: good, Roles: []string{"é"}}, admin.ErrInvalid},
	} {
		if _, err := h.admin.CreateUser(t.Context(), c.new, by()); !errors.Is(err, c.want) {
			t.Errorf("%s: got %v, want %v", name, err, c.want)
		}
	}
	_, err = h.admin.CreateUser(t.Context(), admin.NewUser{Email: "nobody", Roles: []string{"a b"}}, by())
	var bad *admin.Invalid
	if !errors.As(err, &bad) || len(bad.Faults) != 2 {
		t.Errorf("got %v, want both faults at once", err)
	}
}

func TestUsersAreListedInPages(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	for _, email := range []string{"a@example.com", "b@example.com", "c@example.com"} {
		h.user(email)
		h.now = h.now.Add(1e6)
	}
	first, next, err := h.admin.Users(t.Context(), auth.ID{}, 2)
	if err != nil || len(first) != 2 || next != first[1].ID {
		t.Fatalf("got %d users, next %s, %v", len(first), next, err)
	}
	rest, end, err := h.admin.Users(t.Context(), next, 2)
	if err != nil || len(rest) != 1 || rest[0].Email != "c@example.com" || !end.IsZero() {
		t.Errorf("got %+v, next %s, %v", rest, end, err)
	}
	for _, u := range append(first, rest...) {
		if !u.Password.IsZero() {
			t.Error("a list carries password hashes")
		}
	}
}

func TestAUserIsFoundByIDAndByAddress(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	u := h.user("ann@example.com")
	for _, ref := range []string{u.ID.String(), "ANN@example.com "} {
		if got, err := h.admin.FindUser(t.Context(), ref); err != nil || got.ID != u.ID {
			t.Errorf("%q: got %v, %v", ref, got.ID, err)
		}
	}
	if _, err := h.admin.FindUser(t.Context(), "bob@example.com"); !errors.Is(err, auth.ErrNotFound) || !strings.Contains(err.Error(), "bob@example.com") {
		t.Errorf("unknown: got %v", err)
	}
	if _, err := h.admin.FindUser(t.Context(), "x"); !errors.Is(err, admin.ErrInvalid) {
		t.Errorf("neither: got %v", err)
	}
	if _, err := h.admin.DisableUser(t.Context(), auth.ID{1}, by()); !errors.Is(err, auth.ErrNotFound) {
		t.Errorf("disable nobody: got %v", err)
	}
}
