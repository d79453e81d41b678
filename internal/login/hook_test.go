package login

import (
	"context"
	"errors"
	"slices"
	"testing"
	"time"

	"github.com/daypass/daypass/internal/auth"
	"github.com/daypass/daypass/internal/secret"
	"github.com/daypass/daypass/internal/store"
	"github.com/daypass/daypass/internal/store/storetest"
	"github.com/daypass/daypass/oauth"
)

func TestLogInGivesASessionAndAGrantForAllTheClientMayHave(t *testing.T) {
	t.Parallel()
	storetest.Engines(t, func(t *testing.T, db *store.DB) {
		f := newFixture(t, db)
		g := f.logIn(t)
		if !slices.Equal(g.Scopes, f.client.Scopes) || !slices.Equal(g.Resources, f.client.Resources) || !slices.Equal(g.AMR, []string{"pwd"}) {
			t.Errorf("got scopes %v, resources %v, amr %v", g.Scopes, g.Resources, g.AMR)
		}
		if g.Subject != f.user.ID.String() || g.UserID != f.user.ID || g.ClientID != auth.FirstPartyClient || !g.AuthTime.Equal(f.clock.Now()) {
			t.Errorf("got subject %s, client %s, auth_time %v", g.Subject, g.ClientID, g.AuthTime)
		}
		if want := f.clock.Now().Add(auth.DefaultSessionLife); !g.SessionExpires.Equal(want) || !g.ExpiresAt.Equal(want) {
			t.Errorf("session ends %v, grant %v, want both %v: a grant ends with its session", g.SessionExpires, g.ExpiresAt, want)
		}
		if want := f.clock.Now().Add(auth.DefaultSessionIdle); !g.RefreshExpires.Equal(want) {
			t.Errorf("refresh token is good until %v, want %v: unused, it idles out with the session", g.RefreshExpires, want)
		}
		in, err := f.grants.Inspect(t.Context(), g.Refresh)
		if err != nil || in.Verdict != auth.Current || in.Facts.Grant.ID != g.GrantID || in.Facts.Grant.SessionID != g.SessionID || in.Facts.Grant.Offline {
			t.Errorf("refresh token: %v, %+v", err, in.Verdict)
		}
		if view, user, err := f.accounts.SessionByToken(t.Context(), g.Session); err != nil || view.ID != g.SessionID || user.ID != f.user.ID {
			t.Errorf("SSO cookie: %v", err)
		}
	})
}

func TestLogInRefusesUnknownWrongAndDisabledAlike(t *testing.T) {
	t.Parallel()
	f := onSQLite(t)
	gone := f.newUser(t, "gone@example.com")
	f.update(t, func(ctx context.Context, tx *store.Tx) error {
		_, err := tx.Users.SetDisabled(ctx, gone.ID, f.clock.Now())
		return err
	})
	var texts []string
	for _, ask := range []auth.Ask{f.ask("ann@example.com", "wrong"), f.ask("unknown@example.com", password), f.ask("gone@example.com", password)} {
		_, err := Hook{f.accounts, f.grants}.Redeem(t.Context(), f.client, ask)
		if !errors.Is(err, auth.ErrCredentials) {
			t.Fatalf("%s: got %v, want ErrCredentials", ask.Login.Email, err)
		}
		texts = append(texts, err.Error())
	}
	if len(slices.Compact(texts)) != 1 {
		t.Errorf("the errors differ: %q", texts)
	}
}

func TestLogInGivesNoMoreThanTheClientIsRegisteredFor(t *testing.T) {
	t.Parallel()
	f := onSQLite(t)
	hook := Hook{f.accounts, f.grants}
	for name, c := range map[string]struct {
		scopes, resources []string
		want              oauth.ErrorCode // "": granted as asked
	}{
		"fewer scopes":     {[]string{"openid"}, nil, ""},
		"no scopes":        {[]string{}, nil, ""},
		"one resource":     {nil, []string{"https://api.example"}, ""},
		"a foreign scope":  {[]string{"openid", "admin"}, nil, oauth.InvalidScope},
		"foreign resource": {nil, []string{"https://other.example"}, oauth.InvalidTarget},
	} {
		ask := f.ask("ann@example.com", password)
		ask.Scopes, ask.Resources = c.scopes, c.resources
		g, err := hook.Redeem(t.Context(), f.client, ask)
		var wire *oauth.Error
		switch {
		case c.want != "":
			if !errors.As(err, &wire) || wire.Code != c.want {
				t.Errorf("%s: got %v, want %s", name, err, c.want)
			}
		case err != nil:
			t.Errorf("%s: %v", name, err)
		case c.scopes != nil && !slices.Equal(g.Scopes, c.scopes), c.resources != nil && !slices.Equal(g.Resources, c.resources):
			t.Errorf("%s: got %v for %v", name, g.Scopes, g.Resources)
		}
	}
}

func TestOnlyTheBuiltInClientLogsUsersIn(t *testing.T) {
	t.Parallel()
	f := onSQLite(t)
	var wire *oauth.Error
	_, err := Hook{f.accounts, f.grants}.Redeem(t.Context(), auth.Client{ID: "other-app"}, f.ask("ann@example.com", password))
	if !errors.As(err, &wire) || wire.Code != oauth.UnauthorizedClient {
		t.Errorf("got %v, want %s", err, oauth.UnauthorizedClient)
	}
	if _, err := (Hook{f.accounts, f.grants}).Redeem(t.Context(), f.client, auth.Ask{}); err == nil {
		t.Error("an ask without a log-in was granted")
	}
}

func TestEveryLogInIsASessionOfItsOwn(t *testing.T) {
	t.Parallel()
	f := onSQLite(t)
	first := f.logIn(t)
	f.clock.advance(time.Second)
	second := f.logIn(t)
	if first.SessionID == second.SessionID || first.GrantID == second.GrantID || first.Session.Equal(second.Session) {
		t.Error("two log-ins share a session, a grant or a cookie")
	}
}

func TestSignUpIsALogInThatMakesItsUserFirst(t *testing.T) {
	t.Parallel()
	storetest.Engines(t, func(t *testing.T, db *store.DB) {
		f := newFixture(t, db)
		hook := Hook{f.accounts, f.grants}
		ask := f.ask("Bob@example.com", password)
		ask.Login.New = true
		g, err := hook.Redeem(t.Context(), f.client, ask)
		check(t, err)
		p, err := f.principals.Authenticate(t.Context(), f.mint(t, f.claims(g)))
		if err != nil || p.User.Email != "bob@example.com" || p.Session.ID != g.SessionID {
			t.Errorf("got %v, %v, want the new user", p.User.Email, err)
		}
		if _, err := hook.Redeem(t.Context(), f.client, ask); !errors.Is(err, auth.ErrEmailTaken) {
			t.Errorf("again: got %v, want ErrEmailTaken", err)
		}
		ask.Login.New = false
		if again, err := hook.Redeem(t.Context(), f.client, ask); err != nil || again.UserID != g.UserID {
			t.Errorf("log in: got %v, %v", again.UserID, err)
		}
	})
}

func TestSignUpThatFailsLaterLeavesNoUser(t *testing.T) {
	t.Parallel()
	f := onSQLite(t)
	first := f.logIn(t)
	ask := f.ask("bob@example.com", password)
	ask.Login.New = true
	// A grant of an id that is there already: the last statement of the transaction fails.
	hook := Hook{f.accounts, sameGrant{f.grants, first.GrantID}}
	if _, err := hook.Redeem(t.Context(), f.client, ask); err == nil {
		t.Fatal("want an error")
	}
	check(t, f.db.View(t.Context(), func(tx *store.Tx) error {
		if _, err := tx.Users.FindByEmail(t.Context(), "bob@example.com"); !errors.Is(err, auth.ErrNotFound) {
			t.Errorf("got %v, want no user", err)
		}
		return nil
	}))
	if _, err := (Hook{f.accounts, f.grants}).Redeem(t.Context(), f.client, ask); err != nil {
		t.Errorf("the second try: %v", err)
	}
}

// sameGrant issues every grant under one id.
type sameGrant struct {
	Grants
	id auth.ID
}

func (s sameGrant) Issue(g auth.Grant, end time.Time) (auth.Grant, secret.Token, error) {
	g, token, err := s.Grants.Issue(g, end)
	g.ID = s.id
	return g, token, err
}

func TestLogInKnowsTheDeviceAgain(t *testing.T) {
	t.Parallel()
	f := onSQLite(t)
	g := f.logIn(t)
	d, ok := auth.ReadDevice(g.Device, f.masters)
	ann := f.userOf(t, "ann@example.com")
	f.newUser(t, "bob@example.com")
	bob := f.userOf(t, "bob@example.com")
	if !ok || !d.Knows(ann, f.masters) || d.Knows(bob, f.masters) {
		t.Fatalf("device cookie: readable %v", ok)
	}
	ask := f.ask("bob@example.com", password)
	ask.Login.Device = g.Device
	second, err := Hook{f.accounts, f.grants}.Redeem(t.Context(), f.client, ask)
	check(t, err)
	both, ok := auth.ReadDevice(second.Device, f.masters)
	if !ok || both.ID != d.ID || !both.Knows(ann, f.masters) || !both.Knows(bob, f.masters) {
		t.Error("the browser is not the same, or has forgotten an account")
	}
}
