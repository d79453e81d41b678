package login

import (
	"testing"
	"time"

	"github.com/daypass/daypass/internal/auth"
	"github.com/daypass/daypass/internal/secret"
	"github.com/daypass/daypass/internal/store"
	"github.com/daypass/daypass/internal/store/storetest"
)

func TestAnyCredentialOfASessionLogsOut(t *testing.T) {
	t.Parallel()
	storetest.Engines(t, func(t *testing.T, db *store.DB) {
		f := newFixture(t, db)
		for name, present := range map[string]func(auth.Granted) Presented{
			"access token":  func(g auth.Granted) Presented { return Presented{Access: []secret.Token{{}, f.mint(t, f.claims(g))}} },
			"refresh token": func(g auth.Granted) Presented { return Presented{Refresh: []secret.Token{{}, g.Refresh}} },
			"SSO cookie":    func(g auth.Granted) Presented { return Presented{Session: g.Session} },
			"expired access token": func(g auth.Granted) Presented {
				token := f.mint(t, f.claims(g))
				f.clock.advance(time.Hour)
				return Presented{Access: []secret.Token{token}}
			},
		} {
			g, bystander := f.logIn(t), f.logIn(t)
			check(t, f.principals.LogOut(t.Context(), present(g), auth.Caller{}))
			if f.alive(t, g.GrantID) {
				t.Errorf("%s: the session lives on", name)
			}
			if !f.alive(t, bystander.GrantID) {
				t.Errorf("%s: another session of the user was ended", name)
			}
		}
	})
}

func TestLogOutEndsEverySessionPresented(t *testing.T) {
	t.Parallel()
	f := onSQLite(t)
	a, b, c := f.logIn(t), f.logIn(t), f.logIn(t)
	check(t, f.principals.LogOut(t.Context(), Presented{
		Access: []secret.Token{f.mint(t, f.claims(a))}, Refresh: []secret.Token{b.Refresh}, Session: c.Session,
	}, auth.Caller{}))
	for _, g := range []auth.Granted{a, b, c} {
		if f.alive(t, g.GrantID) {
			t.Error("a session lives on")
		}
	}
}

func TestStrangersCredentialsLogNobodyOut(t *testing.T) {
	t.Parallel()
	f := onSQLite(t)
	g := f.logIn(t)
	grant, refresh := f.otherApp(t, g)
	foreign := f.claims(g)
	foreign.ClientID, foreign.GrantID = "other-app", grant.ID.String()
	forged := auth.RefreshToken{Key: 1, GrantID: g.GrantID, Secret: auth.NewGrantSecret()}
	masterKnown, err := forged.Encode(f.masters)
	check(t, err)
	check(t, f.principals.LogOut(t.Context(), Presented{
		Access:  []secret.Token{f.mint(t, foreign), secret.FromString("garbage")},
		Refresh: []secret.Token{refresh, masterKnown, secret.FromString("dpr_garbage")},
		Session: secret.RandomToken(32),
	}, auth.Caller{}))
	if !f.alive(t, g.GrantID) {
		t.Error("the session was ended")
	}
	check(t, f.principals.LogOut(t.Context(), Presented{}, auth.Caller{}))
}
