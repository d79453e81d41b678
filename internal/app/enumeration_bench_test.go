package app

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/daypass/daypass/internal/auth"
	"github.com/daypass/daypass/internal/config"
	"github.com/daypass/daypass/internal/secret"
	"github.com/daypass/daypass/internal/store"
)

const benchPassword = "a quiet brass lantern"

// BenchmarkEnumeration compares what a stranger can time: a log-in with a wrong password at an account that exists and at
// none, a sign-up with a taken and a free address, and a change of one's own address to a taken and to a free one, at the
// real cost of a hash. It prints the medians and their difference; -benchtime 1000x makes a thousand tries of each.
func BenchmarkEnumeration(b *testing.B) {
	for _, engine := range []string{"sqlite", "postgres"} {
		for _, path := range []string{"/v1/login", "/v1/signup", "/v1/email"} {
			b.Run(engine+path, func(b *testing.B) { benchEnumeration(b, engine, path) })
		}
		b.Run(engine+"/v1/signup,confirm", func(b *testing.B) {
			benchEnumeration(b, engine, "/v1/signup", func(c *config.Config) { c.SignUp = "confirm" })
		})
	}
}

func benchEnumeration(b *testing.B, engine, path string, adapt ...func(*config.Config)) {
	a, base := benchServer(b, engine, adapt...)
	defer spareThreads()()
	ctx, stop := context.WithCancel(b.Context())
	var running sync.WaitGroup
	running.Go(func() { _ = a.accounts.Run(ctx) }) // it always returns nil
	running.Go(func() { a.outbox.Run(ctx) })
	defer running.Wait()
	defer stop()
	exists := benchUsers(b, a, b.N)
	s := stranger{client: &http.Client{}, to: base + path}
	order := rand.New(rand.NewPCG(1, uint64(b.N)))
	var known, unknown []float64
	b.ResetTimer()
	for i := range b.N {
		if path == "/v1/email" {
			b.StopTimer()
			s.bearer = s.own(b, base, i)
			b.StartTimer()
		}
		tries := []func(){
			func() { known = append(known, s.try(b, exists[i])) },
			func() { unknown = append(unknown, s.try(b, fmt.Sprintf("nobody-%d@example.com", i))) },
		}
		// By chance, not in turns: the collector of garbage comes by in turns too, and would be taken for a difference.
		if order.IntN(2) == 1 {
			slices.Reverse(tries)
		}
		for _, try := range tries {
			try()
		}
	}
	b.StopTimer()
	k, u := quantile(known, 0.5), quantile(unknown, 0.5)
	b.ReportMetric(k, "ms/known")
	b.ReportMetric(u, "ms/unknown")
	b.ReportMetric(k-u, "ms/difference")
}

// stranger asks about addresses, perhaps with an account of their own.
type stranger struct {
	client     *http.Client
	to, bearer string
}

// try names an address once and returns how long the answer took, in milliseconds. The password is wrong for a log-in,
// good enough for a sign-up and the stranger's own for a change of address.
func (s stranger) try(b *testing.B, email string) float64 {
	b.Helper()
	body := map[string]string{"email": email, "password": "not the password of it"}
	if s.bearer != "" {
		body = map[string]string{"new_email": email, "current_password": benchPassword}
	}
	begin := time.Now()
	status, _ := s.post(b, s.to, body)
	took := time.Since(begin)
	if !slices.Contains([]int{http.StatusUnauthorized, http.StatusCreated, http.StatusConflict, http.StatusAccepted}, status) {
		b.Fatalf("%s: status %d", s.to, status)
	}
	return float64(took.Microseconds()) / 1000
}

// own signs the stranger up and returns an access token.
func (s stranger) own(b *testing.B, base string, i int) string {
	b.Helper()
	s.bearer = ""
	status, body := s.post(b, base+"/v1/signup", map[string]string{"email": fmt.Sprintf("stranger-%d@example.com", i), "password": benchPassword})
	var tokens struct {
		Access string `json:"access_token"`
	}
	if err := json.Unmarshal(body, &tokens); err != nil || status != http.StatusCreated {
		b.Fatalf("sign up: status %d, %v", status, err)
	}
	return tokens.Access
}

func (s stranger) post(b *testing.B, to string, body map[string]string) (int, []byte) {
	b.Helper()
	sent, _ := json.Marshal(body) // strings alone
	req, err := http.NewRequestWithContext(b.Context(), http.MethodPost, to, bytes.NewReader(sent))
	if err != nil {
		b.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/json")
	if s.bearer != "" {
		req.Header.Set("Authorization", "Bearer "+s.bearer)
	}
	resp, err := s.client.Do(req)
	if err != nil {
		b.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }()
	got, err := io.ReadAll(resp.Body)
	if err != nil {
		b.Fatal(err)
	}
	return resp.StatusCode, got
}

// benchUsers stores users who share one password hash.
func benchUsers(b *testing.B, a *App, n int) []string {
	b.Helper()
	phc, err := a.accounts.Hash(b.Context(), secret.FromString(benchPassword), "")
	if err != nil {
		b.Fatal(err)
	}
	emails := make([]string, n)
	err = a.db.Update(b.Context(), func(tx *store.Tx) error {
		for i := range emails {
			u := auth.User{ID: auth.NewID(a.now()), Password: phc, PasswordVersion: 1, CreatedAt: a.now()}
			u.Email = u.ID.String() + "@example.com"
			emails[i] = u.Email
			if _, err := tx.Users.Insert(b.Context(), u); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		b.Fatal(err)
	}
	return emails
}
