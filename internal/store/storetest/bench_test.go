package storetest_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"database/sql"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/daypass/daypass/internal/auth"
	"github.com/daypass/daypass/internal/grants"
	"github.com/daypass/daypass/internal/secret"
	"github.com/daypass/daypass/internal/store"
	"github.com/daypass/daypass/internal/store/storetest"
)

// grantsPerCaller is how many grants each caller refreshes in turn.
const grantsPerCaller = 16

type oneKey struct{ key secret.Token }

func (k oneKey) TagKey(byte) (secret.Token, bool) { return k.key, true }
func (k oneKey) Active() byte                     { return 1 }

// BenchmarkRotate measures a refresh as internal/grants does it (parse, rotate, encode; no HTTP, no
// access token) on both engines, beside the least that could be asked: one UPDATE of one row by its
// primary key, alone in its transaction, through the same driver; and one bare ES256 signature.
func BenchmarkRotate(b *testing.B) {
	for _, callers := range []int{1, 16, 64} {
		for _, engine := range []string{"sqlite", "postgres"} {
			b.Run(fmt.Sprintf("engine=%s/callers=%d/rotate", engine, callers), func(b *testing.B) {
				db, _, _ := open(b, engine)
				rotations(b, db, callers)
			})
			b.Run(fmt.Sprintf("engine=%s/callers=%d/bare-update", engine, callers), func(b *testing.B) {
				db, driver, dsn := open(b, engine)
				bareUpdates(b, db, driver, dsn, callers)
			})
		}
	}
	b.Run("es256", signatures)
}

func open(b *testing.B, engine string) (db *store.DB, driver, dsn string) {
	b.Helper()
	if engine == "postgres" {
		dsn = storetest.Postgres(b)
		db, _ = storetest.OpenPostgres(b, dsn)
		separator := "?"
		if strings.Contains(dsn, "?") {
			separator = "&"
		}
		return db, "pgx", dsn + separator + "synchronous_commit=off"
	}
	path := filepath.Join(b.TempDir(), "daypass.db")
	db, _ = storetest.OpenSQLite(b, path)
	return db, "sqlite", "file:" + path + "?_pragma=busy_timeout(10000)&_pragma=journal_mode(WAL)&_pragma=synchronous(FULL)&_pragma=wal_autocheckpoint(10000)"
}

// issue stores n grants and returns their tokens.
func issue(b *testing.B, db *store.DB, svc *grants.Service, n int) (ids []auth.ID, tokens []secret.Token) {
	b.Helper()
	ctx := b.Context()
	now := time.Now()
	u := auth.User{ID: auth.NewID(now), Email: "demo@example.com"}
	err := db.Update(ctx, func(tx *store.Tx) error {
		ids, tokens = nil, nil
		if _, err := tx.Users.Insert(ctx, u); err != nil {
			return err
		}
		if _, err := tx.Clients.Insert(ctx, auth.Client{ID: "app", Public: true}); err != nil {
			return err
		}
		for range n {
			s := auth.Session{ID: auth.NewID(now), UserID: u.ID, LastUsedAt: now, ExpiresAt: now.Add(24 * time.Hour)}
			s.TokenHash = sha256.Sum256(s.ID[:])
			g, token, err := svc.Issue(auth.Grant{UserID: u.ID, SessionID: s.ID, ClientID: "app", Scopes: []string{"openid", "read"}}, s.ExpiresAt)
			if err != nil {
				return err
			}
			if err := tx.Sessions.Insert(ctx, s); err != nil {
				return err
			}
			if err := tx.Grants.Insert(ctx, g); err != nil {
				return err
			}
			ids, tokens = append(ids, g.ID), append(tokens, token)
		}
		return nil
	})
	if err != nil {
		b.Fatal(err)
	}
	return ids, tokens
}

func newService(b *testing.B, db *store.DB) *grants.Service {
	b.Helper()
	svc, err := grants.New(grants.Config{
		DB: db, Keys: oneKey{secret.New(secret.Random(32))}, Lifetime: 24 * time.Hour, Now: time.Now,
		Rules: auth.RefreshRules{Window: 30 * time.Second, Idle: 24 * time.Hour, SessionIdle: 24 * time.Hour, RevokeFor: time.Hour},
	})
	if err != nil {
		b.Fatal(err)
	}
	return svc
}

// spread runs b.N calls over callers and reports the latency that 99 of 100 calls keep.
func spread(b *testing.B, callers int, call func(caller, turn int) error) {
	b.Helper()
	took := make([][]time.Duration, callers)
	var next atomic.Int64
	var all sync.WaitGroup
	b.ReportAllocs()
	b.ResetTimer()
	for c := range callers {
		all.Go(func() {
			for turn := 0; next.Add(1) <= int64(b.N); turn++ {
				began := time.Now()
				if err := call(c, turn); err != nil {
					b.Error(err)
					return
				}
				took[c] = append(took[c], time.Since(began))
			}
		})
	}
	all.Wait()
	b.StopTimer()
	every := slices.Concat(took...)
	slices.Sort(every)
	if n := len(every); n > 0 {
		b.ReportMetric(float64(every[n*99/100].Microseconds()), "p99-µs")
		b.ReportMetric(float64(n)/b.Elapsed().Seconds(), "calls/s")
	}
}

func rotations(b *testing.B, db *store.DB, callers int) {
	svc := newService(b, db)
	client := auth.Client{ID: "app", Public: true}
	_, tokens := issue(b, db, svc, callers*grantsPerCaller)
	spread(b, callers, func(caller, turn int) error {
		at := caller*grantsPerCaller + turn%grantsPerCaller
		r, err := svc.Refresh(b.Context(), client, auth.Ask{Refresh: tokens[at]})
		if err != nil {
			return err
		}
		if r.Verdict != auth.Current {
			return fmt.Errorf("verdict %s", r.Verdict)
		}
		tokens[at] = r.Token
		return nil
	})
}

func bareUpdates(b *testing.B, db *store.DB, driver, dsn string, callers int) {
	ids, _ := issue(b, db, newService(b, db), callers*grantsPerCaller)
	raw, err := sql.Open(driver, dsn)
	if err != nil {
		b.Fatal(err)
	}
	defer func() { _ = raw.Close() }()
	connections := 16
	if driver == "sqlite" {
		connections = 1 // one writer; more would only wait for each other
	}
	raw.SetMaxOpenConns(connections)
	raw.SetMaxIdleConns(connections)
	update, err := raw.PrepareContext(b.Context(), "UPDATE grants SET current_gen = current_gen + 1 WHERE id = $1")
	if err != nil {
		b.Fatal(err)
	}
	defer func() { _ = update.Close() }()
	spread(b, callers, func(caller, turn int) error {
		_, err := update.ExecContext(b.Context(), ids[caller*grantsPerCaller+turn%grantsPerCaller][:])
		return err
	})
}

func signatures(b *testing.B) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		b.Fatal(err)
	}
	digest := sha256.Sum256([]byte("an access token"))
	spread(b, 1, func(int, int) error {
		_, err := ecdsa.SignASN1(rand.Reader, key, digest[:])
		return err
	})
}
