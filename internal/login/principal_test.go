package login

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/daypass/daypass/internal/auth"
	"github.com/daypass/daypass/internal/secret"
	"github.com/daypass/daypass/internal/store"
	"github.com/daypass/daypass/internal/store/storetest"
)

func TestAccessTokenSpeaksForItsUserSessionAndGrant(t *testing.T) {
	t.Parallel()
	storetest.Engines(t, func(t *testing.T, db *store.DB) {
		f := newFixture(t, db)
		g := f.logIn(t)
		p, err := f.principals.Authenticate(t.Context(), f.mint(t, f.claims(g)))
		if err != nil {
			t.Fatal(err)
		}
		if p.User.ID != f.user.ID || p.User.Email != "ann@example.com" || p.Grant.ID != g.GrantID || p.Session.ID != g.SessionID ||
			!p.Session.Current || p.Claims.Subject != g.Subject || !p.Grant.AuthTime.Equal(g.AuthTime) {
			t.Errorf("got %+v", p)
		}
	})
}

// spoil makes an access token worthless that is about to be minted from c.
type spoil func(t *testing.T, f *fixture, g auth.Granted, c *auth.AccessClaims)

// refuseAll logs in, spoils and presents a token whose signature and times are good.
func refuseAll(t *testing.T, ways map[string]spoil) {
	t.Helper()
	for name, end := range ways {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := onSQLite(t)
			g := f.logIn(t)
			c := f.claims(g)
			end(t, f, g, &c)
			if _, err := f.principals.Authenticate(t.Context(), f.mint(t, c)); !errors.Is(err, ErrUnauthenticated) {
				t.Errorf("got %v, want ErrUnauthenticated", err)
			}
		})
	}
}

func TestAccessTokenDiesHereWithWhateverItStandsOn(t *testing.T) {
	t.Parallel()
	refuseAll(t, map[string]spoil{
		"grant revoked": func(t *testing.T, f *fixture, g auth.Granted, _ *auth.AccessClaims) {
			f.update(t, func(ctx context.Context, tx *store.Tx) error {
				_, err := tx.Grants.Revoke(ctx, store.Selector{Grant: g.GrantID}, auth.ReasonAdmin, f.clock.Now(), time.Hour)
				return err
			})
		},
		"grant expired": func(t *testing.T, f *fixture, g auth.Granted, _ *auth.AccessClaims) {
			f.update(t, func(ctx context.Context, tx *store.Tx) error { return tx.Grants.Expire(ctx, g.GrantID, f.clock.Now()) })
		},
		"session ended, grant forgotten": func(t *testing.T, f *fixture, g auth.Granted, _ *auth.AccessClaims) {
			f.update(t, func(ctx context.Context, tx *store.Tx) error {
				_, err := tx.Sessions.End(ctx, g.SessionID, auth.ReasonAdmin, f.clock.Now())
				return err
			})
		},
		"user disabled, grant forgotten": func(t *testing.T, f *fixture, _ auth.Granted, _ *auth.AccessClaims) {
			f.update(t, func(ctx context.Context, tx *store.Tx) error {
				_, err := tx.Users.SetDisabled(ctx, f.user.ID, f.clock.Now())
				return err
			})
		},
		"user deleted": func(t *testing.T, f *fixture, _ auth.Granted, _ *auth.AccessClaims) {
			f.update(t, func(ctx context.Context, tx *store.Tx) error {
				_, err := tx.Users.Delete(ctx, f.user.ID)
				return err
			})
		},
		"logged out": func(t *testing.T, f *fixture, g auth.Granted, _ *auth.AccessClaims) {
			check(t, f.accounts.LogOut(t.Context(), auth.Caller{}, g.SessionID))
		},
		"client's epoch raised": func(t *testing.T, f *fixture, _ auth.Granted, _ *auth.AccessClaims) {
			f.update(t, func(ctx context.Context, tx *store.Tx) error {
				return tx.Clients.Bump(ctx, auth.FirstPartyClient, f.clock.Now(), time.Hour)
			})
		},
	})
}

func TestAccessTokenOfAnotherClientUserOrResourceIsNotGoodHere(t *testing.T) {
	t.Parallel()
	refuseAll(t, map[string]spoil{
		"another client": func(t *testing.T, f *fixture, g auth.Granted, c *auth.AccessClaims) {
			grant, _ := f.otherApp(t, g)
			c.ClientID, c.GrantID = "other-app", grant.ID.String()
		},
		"another client's token for our grant": func(_ *testing.T, _ *fixture, _ auth.Granted, c *auth.AccessClaims) {
			c.ClientID = "other-app"
		},
		"grant over before its session": func(t *testing.T, f *fixture, g auth.Granted, c *auth.AccessClaims) {
			grant, _, err := f.grants.Issue(auth.Grant{UserID: g.UserID, SessionID: g.SessionID, ClientID: g.ClientID}, f.clock.Now().Add(time.Minute))
			check(t, err)
			f.update(t, func(ctx context.Context, tx *store.Tx) error { return tx.Grants.Insert(ctx, grant) })
			f.clock.advance(time.Minute)
			c.GrantID = grant.ID.String()
		},
		"another client's grant": func(t *testing.T, f *fixture, g auth.Granted, c *auth.AccessClaims) {
			grant, _ := f.otherApp(t, g)
			c.GrantID = grant.ID.String()
		},
		"another user's grant": func(_ *testing.T, f *fixture, _ auth.Granted, c *auth.AccessClaims) {
			c.Subject = auth.NewID(f.clock.Now()).String()
		},
		"no grant": func(_ *testing.T, _ *fixture, _ auth.Granted, c *auth.AccessClaims) { c.GrantID = "" },
		"unknown grant": func(_ *testing.T, f *fixture, _ auth.Granted, c *auth.AccessClaims) {
			c.GrantID = auth.NewID(f.clock.Now()).String()
		},
		"another audience": func(_ *testing.T, _ *fixture, _ auth.Granted, c *auth.AccessClaims) {
			c.Audience = auth.Audience{"https://api.example"}
		},
	})
}

func TestAccessTokenIsRefusedWhenItsTimeItsOwnIDOrItsSessionIsOver(t *testing.T) {
	t.Parallel()
	f := onSQLite(t)
	g := f.logIn(t)
	token := f.mint(t, f.claims(g))
	claims, err := f.ring.VerifyAccess(token, "", false)
	check(t, err)
	f.update(t, func(ctx context.Context, tx *store.Tx) error {
		return tx.Revocations.Insert(ctx, auth.Revocation{Kind: auth.RevokeToken, Subject: claims.ID, At: f.clock.Now(), Until: f.clock.Now().Add(time.Hour)})
	})
	refused := func(why string, token secret.Token) {
		if _, err := f.principals.Authenticate(t.Context(), token); !errors.Is(err, ErrUnauthenticated) {
			t.Errorf("%s: got %v, want ErrUnauthenticated", why, err)
		}
	}
	refused("jti revoked", token)
	other := f.mint(t, f.claims(g))
	f.clock.advance(auth.DefaultAccessLifetime + time.Minute)
	refused("expired", other)
	if id := f.principals.GrantOf(other); id != g.GrantID {
		t.Errorf("an expired token names grant %v, want %v", id, g.GrantID)
	}
	f.clock.advance(auth.DefaultSessionIdle)
	refused("session idle", f.mint(t, f.claims(g)))
	for _, garbage := range []string{"", "x", "a.b.c", token.Reveal() + "A", g.Refresh.Reveal()} {
		refused("garbage", secret.FromString(garbage))
		if id := f.principals.GrantOf(secret.FromString(garbage)); !id.IsZero() {
			t.Errorf("%.10q names grant %v", garbage, id)
		}
	}
}

func TestSSOCookieNamesItsUserUntilTheSessionEnds(t *testing.T) {
	t.Parallel()
	f := onSQLite(t)
	g := f.logIn(t)
	if u, err := f.principals.BySession(t.Context(), g.Session); err != nil || u.ID != f.user.ID {
		t.Errorf("got %v, %v", u.ID, err)
	}
	check(t, f.accounts.LogOut(t.Context(), auth.Caller{}, g.SessionID))
	if _, err := f.principals.BySession(t.Context(), g.Session); !errors.Is(err, ErrUnauthenticated) {
		t.Errorf("got %v, want ErrUnauthenticated", err)
	}
}

func TestPrincipalsWantAllTheirNeeds(t *testing.T) {
	t.Parallel()
	if _, err := NewPrincipals(Needs{}); err == nil {
		t.Error("want an error")
	}
}
