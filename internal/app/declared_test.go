package app

import (
	"errors"
	"testing"

	"github.com/daypass/daypass/internal/auth"
	"github.com/daypass/daypass/internal/config"
	"github.com/daypass/daypass/internal/secret"
	"github.com/daypass/daypass/internal/store"
)

func TestDeclaredUserWhoMovedDoesNotComeBack(t *testing.T) {
	t.Parallel()
	for name, u := range map[string]config.User{
		"with a password": {Email: "ann@example.com", Password: secret.FromString("a quiet brass lantern"), Roles: []string{"admin"}},
		"with a hash": {
			Email: "ann@example.com", Roles: []string{"admin"},
			PasswordHash: secret.FromString("$argon2id$v=19$m=19456,t=2,p=1$AAAAAAAAAAAAAAAAAAAAAA$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"),
		},
	} {
		n := start(t, load(t, t.TempDir()))
		n.config.Users = []config.User{u}
		restart := func() {
			t.Helper()
			if err := n.declare(t.Context()); err != nil {
				t.Fatal(err)
			}
		}
		restart()
		restart()
		first, ok := n.userAt(t, "ann@example.com")
		if !ok {
			t.Fatalf("%s: not made", name)
		}
		n.change(t, func(tx *store.Tx) error {
			_, err := tx.Users.SetEmail(t.Context(), first.ID, "ann@example.com", "moved@example.com")
			return err
		})
		restart()
		if _, back := n.userAt(t, "ann@example.com"); back {
			t.Errorf("%s: the old address is an account again", name)
		}
		if u, ok := n.userAt(t, "moved@example.com"); !ok || u.ID != first.ID {
			t.Errorf("%s: the user is lost", name)
		}
		n.change(t, func(tx *store.Tx) error {
			_, err := tx.Users.Delete(t.Context(), first.ID)
			return err
		})
		restart()
		if _, ok := n.userAt(t, "ann@example.com"); !ok {
			t.Errorf("%s: who was deleted is declared and does not exist", name)
		}
	}
}

func (n *node) userAt(t *testing.T, email string) (u auth.User, ok bool) {
	t.Helper()
	err := n.db.View(t.Context(), func(tx *store.Tx) (err error) {
		u, err = tx.Users.FindByEmail(t.Context(), email)
		return err
	})
	if err != nil && !errors.Is(err, auth.ErrNotFound) {
		t.Fatal(err)
	}
	return u, err == nil
}

func (n *node) change(t *testing.T, fn func(*store.Tx) error) {
	t.Helper()
	if err := n.db.Update(t.Context(), fn); err != nil {
		t.Fatal(err)
	}
}
