package login

import (
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
	gone, err := f.accounts.SignUp(t.Context(), "gone@example.com", secret.FromString(password), auth.Caller{})
	check(t, err)
	check(t, f.accounts.Disable(t.Context(), gone.ID, auth.Caller{}))
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
