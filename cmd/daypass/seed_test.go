package main

import (
	"cmp"
	"context"
	"os"
	"path/filepath"
	"strconv"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/daypass/daypass/internal/auth"
	"github.com/daypass/daypass/internal/jose"
	"github.com/daypass/daypass/internal/keys"
	"github.com/daypass/daypass/internal/secret"
	"github.com/daypass/daypass/internal/store"
	"github.com/daypass/daypass/internal/store/sqlite"
)

// seed DIR EMAIL: gives a user of the data folder a session and a grant, as a log-in would have an hour ago, whose
// refresh token is at generation 5 with 3 and 4 replayable. It sets $SESSION and $GRANT and writes refresh.0 to
// refresh.6, access.jwt (for $DAYPASS_ISSUER) and cookie.txt.
func seed(ts *testscript.TestScript, _ bool, args []string) {
	ctx, stop := context.WithCancel(context.Background())
	e, err := sqlite.Open(ctx, filepath.Join(ts.MkAbs(args[0]), "daypass.db"))
	ts.Check(err)
	done := make(chan struct{})
	go func() { defer close(done); _ = e.Run(ctx) }()
	defer func() { stop(); <-done; _ = e.Close() }()
	db := store.New(e)
	raw, err := os.ReadFile(filepath.Join(ts.MkAbs(args[0]), "master.key"))
	ts.Check(err)
	masters, err := keys.ParseMasters(secret.New(raw))
	ts.Check(err)

	now := time.Now().UTC()
	past := now.Add(-time.Hour)
	own, cookie := auth.NewGrantSecret(), secret.RandomToken(32)
	s := auth.Session{
		ID: auth.NewID(past), TokenHash: cookie.Hash(), AuthTime: past, AMR: []string{"pwd"},
		Device: auth.Caller{IP: "192.0.2.7", UserAgent: "Browser\x1b[2J/1"}, CreatedAt: past, LastUsedAt: past, ExpiresAt: now.Add(time.Hour),
	}
	g := auth.Grant{
		ID: auth.NewID(past), SecretHash: own.Hash(), SessionID: s.ID, ClientID: auth.FirstPartyClient, Scopes: []string{"openid"},
		AuthTime: past, CreatedAt: past, ExpiresAt: s.ExpiresAt,
		Chain: auth.Chain{Current: 5, CurrentKey: masters.Active(), First: 3, Last: 4, Since: past, LastUsedAt: past},
	}
	ts.Check(db.Update(ctx, func(tx *store.Tx) error {
		u, err := tx.Users.FindByEmail(ctx, args[1])
		if err != nil {
			return err
		}
		s.UserID, g.UserID = u.ID, u.ID
		_, err = tx.Clients.Insert(ctx, auth.Client{ID: auth.FirstPartyClient, Name: "Daypass", Public: true, FirstParty: true, CreatedAt: past})
		if err != nil {
			return err
		}
		if err := tx.Sessions.Insert(ctx, s); err != nil {
			return err
		}
		return tx.Grants.Insert(ctx, g)
	}))
	ts.Setenv("SESSION", s.ID.String())
	ts.Setenv("GRANT", g.ID.String())
	for m := range int64(7) {
		t, err := auth.RefreshToken{Key: masters.Active(), GrantID: g.ID, Generation: m, Secret: own}.Encode(masters)
		ts.Check(err)
		keep(ts, "refresh."+strconv.FormatInt(m, 10), t)
	}
	keep(ts, "cookie.txt", cookie)
	keep(ts, "access.jwt", mint(ctx, ts, db, masters, g))
}

func mint(ctx context.Context, ts *testscript.TestScript, db *store.DB, masters *keys.Masters, g auth.Grant) secret.Token {
	ring, err := keys.NewRing(keys.RingConfig{
		DB: db, Masters: masters, Issuer: cmp.Or(ts.Getenv("DAYPASS_ISSUER"), "https://id.example"), Algorithm: jose.ES256, Now: time.Now,
	})
	ts.Check(err)
	ts.Check(ring.Load(ctx))
	t, _, err := ring.MintAccess(auth.AccessClaims{
		Subject: g.UserID.String(), ClientID: g.ClientID, GrantID: g.ID.String(), Audience: auth.Audience{"https://api.example"}, Scope: "openid",
	}, 10*time.Minute)
	ts.Check(err)
	return t
}

func keep(ts *testscript.TestScript, name string, t secret.Token) {
	ts.Check(os.WriteFile(ts.MkAbs(name), []byte(t.Reveal()+"\n"), 0o600))
}
