package app

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/daypass/daypass/internal/auth"
	"github.com/daypass/daypass/internal/config"
	"github.com/daypass/daypass/internal/secret"
	"github.com/daypass/daypass/internal/store"
	"github.com/daypass/daypass/internal/store/storetest"
	"github.com/daypass/daypass/internal/telemetry"
)

// BenchmarkSign is the limit beside which a refresh is read: each one signs an access token.
func BenchmarkSign(b *testing.B) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		b.Fatal(err)
	}
	digest := sha256.Sum256([]byte("payload"))
	for b.Loop() {
		if _, err := ecdsa.SignASN1(rand.Reader, key, digest[:]); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkRefreshHTTP is a whole refresh over a loopback connection, each caller rotating a grant of its
// own, client and server in this process.
func BenchmarkRefreshHTTP(b *testing.B) {
	for _, engine := range []string{"sqlite", "postgres"} {
		for _, callers := range []int{1, 16, 64} {
			b.Run(fmt.Sprintf("%s/%d", engine, callers), func(b *testing.B) { benchRefresh(b, engine, callers) })
		}
	}
}

func benchRefresh(b *testing.B, engine string, callers int) {
	a, base := benchServer(b, engine)
	tokens := make([]string, callers)
	for i := range tokens {
		tokens[i] = benchGrant(b, a)
	}
	client := &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: callers}}
	var left atomic.Int64
	left.Store(int64(b.N))
	b.ResetTimer()
	var wg sync.WaitGroup
	for i := range callers {
		wg.Go(func() {
			for token := tokens[i]; left.Add(-1) >= 0; {
				next, err := rotateOnce(client, base, token)
				if err != nil {
					b.Error(err)
					return
				}
				token = next
			}
		})
	}
	wg.Wait()
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "refresh/s")
}

func benchServer(b *testing.B, engine string, adapt ...func(*config.Config)) (*App, string) {
	b.Helper()
	dir := b.TempDir()
	c, err := config.Load(config.Options{Data: dir, Dev: true, Flags: map[string]string{"listen": "127.0.0.1:0"}})
	if err != nil {
		b.Fatal(err)
	}
	c.Issuer, c.Database = "http://localhost:8080", config.Database{Path: filepath.Join(dir, "d.db")}
	if engine == "postgres" {
		c.Database = config.Database{URL: secret.FromString(storetest.Postgres(b))}
		if err := os.WriteFile(c.MasterKeyFile, []byte("1:"+strings.Repeat("A", 43)+"=\n"), 0o600); err != nil {
			b.Fatal(err)
		}
	}
	c.PrintMail = true // to a log that nobody keeps
	for _, change := range adapt {
		change(&c)
	}
	a, err := Open(b.Context(), c, telemetry.NewLogger(io.Discard, telemetry.FormatJSON, c.Log.Level), ForServe)
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { _ = a.Close() })
	if err := a.declare(b.Context()); err != nil {
		b.Fatal(err)
	}
	if err := a.mount(nil); err != nil {
		b.Fatal(err)
	}
	server := httptest.NewServer(a.handler)
	b.Cleanup(server.Close)
	return a, server.URL
}

// benchGrant makes a grant without the cost of a password.
func benchGrant(b *testing.B, a *App) string {
	b.Helper()
	ctx, now := b.Context(), a.now()
	user := auth.User{ID: auth.NewID(now), CreatedAt: now}
	user.Email = user.ID.String() + "@example.com"
	session, _ := a.accounts.NewSession(user, auth.Caller{}, "pwd")
	g, token, err := a.grants.Issue(auth.Grant{
		UserID: user.ID, SessionID: session.ID, ClientID: auth.FirstPartyClient,
		Scopes: []string{"openid"}, Resources: []string{a.firstPartyAudience()}, AuthTime: now, AMR: []string{"pwd"},
	}, session.ExpiresAt)
	if err != nil {
		b.Fatal(err)
	}
	err = a.db.Update(ctx, func(tx *store.Tx) error {
		if _, err := tx.Users.Insert(ctx, user); err != nil {
			return err
		}
		if err := tx.Sessions.Insert(ctx, session); err != nil {
			return err
		}
		return tx.Grants.Insert(ctx, g)
	})
	if err != nil {
		b.Fatal(err)
	}
	return token.Reveal()
}

func rotateOnce(client *http.Client, base, token string) (string, error) {
	resp, err := client.PostForm(base+"/oauth/token", url.Values{
		"grant_type": {"refresh_token"}, "client_id": {auth.FirstPartyClient}, "refresh_token": {token},
	})
	if err != nil {
		return "", err
	}
	defer func() { _ = resp.Body.Close() }()
	var m struct {
		Refresh string `json:"refresh_token"`
	}
	if err := json.NewDecoder(resp.Body).Decode(&m); err != nil || m.Refresh == "" {
		return "", fmt.Errorf("refresh: status %d, %w", resp.StatusCode, err)
	}
	return m.Refresh, nil
}
