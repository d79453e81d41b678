package app

import (
	"errors"
	"strings"
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

// OP-01: a second start changes nothing, another configuration what it tells; nobody is vouched for who was there before.
func TestDeclaredClaimsAndMetadataAreAppliedIdempotently(t *testing.T) {
	t.Parallel()
	n := start(t, load(t, t.TempDir()))
	password := secret.FromString("a quiet brass lantern")
	early, err := n.addUser(t.Context(), "early@example.com", password, nil)
	if err != nil || !early {
		t.Fatal(early, err)
	}
	claims := auth.Profile{Name: "Ann", EmailVerified: true, Address: &auth.Address{Country: "FR", Locality: "Lyon"}}
	n.config.Users = []config.User{
		{Email: "ann@example.com", Password: password, Profile: claims}, {Email: "early@example.com", Password: password, Profile: claims},
	}
	n.config.Clients = []config.Client{{
		ID: "web", Name: "Web", RedirectURIs: []string{"https://app.example/cb"},
		Metadata: auth.ClientMetadata{AuthMethod: "private_key_jwt", JWKSURI: "https://app.example/jwks?a=1&b=2", Verified: true, IDTokenAlgorithm: "PS256"},
	}}
	n.config.Resources = []config.Resource{{URI: "urn:mail", Name: "Mail", Scopes: []string{"send"}, Algorithm: "EdDSA"}, {URI: "urn:file", Name: "Files"}}
	declare := func() {
		t.Helper()
		if err := n.declare(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	declare()
	before := n.sequence(t)
	ann, _ := n.userAt(t, "ann@example.com")
	stranger, _ := n.userAt(t, "early@example.com")
	if ann.Profile.Name != "Ann" || !ann.Profile.EmailVerified || ann.Profile.Address.Locality != "Lyon" || ann.Profile.UpdatedAt == 0 {
		t.Errorf("got %+v", ann.Profile)
	}
	if stranger.Profile.Name != "Ann" || stranger.Profile.EmailVerified {
		t.Errorf("somebody who signed up before: got %+v, want the name and no verified address", stranger.Profile)
	}
	declare()
	again, _ := n.userAt(t, "ann@example.com")
	if after := n.sequence(t); after != before || !sameJSON(again.Profile, ann.Profile) {
		t.Errorf("a second start: sequence %d then %d, claims %+v then %+v", before, after, ann.Profile, again.Profile)
	}
	if r, ok := n.resources.Find("urn:mail"); !ok || r.Algorithm != "EdDSA" || !strings.Contains(string(n.ring.KeySet()), "Ed25519") {
		t.Errorf("got %+v, %v, and the keys %s", r, ok, n.ring.KeySet())
	}
	if _, err := n.ring.MintID(auth.IDTokenClaims{Subject: "x"}, secret.Token{}, nil, "PS256"); err != nil {
		t.Errorf("the ID token that a client registered: %v", err)
	}
	n.config.Resources[0].Name = "Post"
	n.config.Users[0].Profile = auth.Profile{Nickname: "A", Address: &auth.Address{Country: "BE"}}
	n.config.Clients[0].Metadata.JWKSURI = "https://app.example/keys"
	declare()
	if u, _ := n.userAt(t, "ann@example.com"); u.Profile.Name != "Ann" || u.Profile.Nickname != "A" || *u.Profile.Address != (auth.Address{Country: "BE"}) {
		t.Errorf("another configuration: got %+v", u.Profile)
	}
	if r, _ := n.resources.Find("urn:mail"); r.Name != "Post" {
		t.Errorf("another configuration: got %+v", r)
	}
	if c, err := n.clients.Find(t.Context(), "web"); err != nil || c.Metadata.JWKSURI != "https://app.example/keys" || len(c.SecretHashes) != 0 {
		t.Errorf("got %+v, %v", c, err)
	}
}

func (n *node) sequence(t *testing.T) (seq int64) {
	t.Helper()
	err := n.db.View(t.Context(), func(tx *store.Tx) (err error) {
		seq, err = tx.Settings.Sequence(t.Context())
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return seq
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
