package app

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"runtime"
	"runtime/debug"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/daypass/daypass/internal/auth"
	"github.com/daypass/daypass/internal/secret"
	"github.com/daypass/daypass/internal/store"
)

const benchPassword = "a quiet brass lantern"

// BenchmarkEnumeration compares what a stranger can time: a log-in with a wrong password at an account that exists and at
// none, and a sign-up with a taken and a free address, at the real cost of a hash. It prints the medians and their
// difference; -benchtime 1000x makes a thousand tries of each.
func BenchmarkEnumeration(b *testing.B) {
	for _, engine := range []string{"sqlite", "postgres"} {
		for _, path := range []string{"/v1/login", "/v1/signup"} {
			b.Run(engine+path, func(b *testing.B) { benchEnumeration(b, engine, path) })
		}
	}
}

func benchEnumeration(b *testing.B, engine, path string) {
	a, base := benchServer(b, engine)
	defer spareThreads()()
	ctx, stop := context.WithCancel(b.Context())
	var running sync.WaitGroup
	running.Go(func() { _ = a.accounts.Run(ctx) }) // it always returns nil
	defer running.Wait()
	defer stop()
	exists := benchUsers(b, a, b.N)
	client := &http.Client{}
	var known, unknown []float64
	b.ResetTimer()
	for i := range b.N {
		tries := []func(){
			func() { known = append(known, post(b, client, base+path, exists[i], "not the password of it")) },
			func() {
				unknown = append(unknown, post(b, client, base+path, fmt.Sprintf("nobody-%d@example.com", i), "not the password of it"))
			},
		}
		if i%2 == 1 { // neither is always the first
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

// post tries once and returns how long it took, in milliseconds.
func post(b *testing.B, client *http.Client, to, email, password string) float64 {
	body, _ := json.Marshal(map[string]string{"email": email, "password": password})
	begin := time.Now()
	resp, err := client.Post(to, "application/json", bytes.NewReader(body))
	if err != nil {
		b.Fatal(err)
	}
	_, _ = io.Copy(io.Discard, resp.Body)
	_ = resp.Body.Close()
	took := time.Since(begin)
	if s := resp.StatusCode; s != http.StatusUnauthorized && s != http.StatusCreated && s != http.StatusConflict {
		b.Fatalf("%s: status %d", to, s)
	}
	return float64(took.Microseconds()) / 1000
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

// BenchmarkLogInStorm lets many log in at once while others go on refreshing, looking at pages and asking who they are.
// It prints how many came in and how many were sent away with 503 and Retry-After, how long the others' requests took
// meanwhile, and the most memory the process had (client and server in one).
func BenchmarkLogInStorm(b *testing.B) {
	for _, engine := range []string{"sqlite", "postgres"} {
		for _, at := range []int{100, 400} {
			b.Run(fmt.Sprintf("%s/%d", engine, at), func(b *testing.B) { benchStorm(b, engine, at) })
		}
	}
}

func benchStorm(b *testing.B, engine string, at int) {
	defer debug.SetMemoryLimit(debug.SetMemoryLimit(memoryGoal)) // as serve does
	a, base := benchServer(b, engine)
	defer spareThreads()()
	emails := benchUsers(b, a, at)
	client := &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: 2 * at}}
	var in, away atomic.Int64
	var others []float64
	runtime.GC()
	resetPeak()
	b.ResetTimer()
	for range b.N {
		calm := make(chan struct{})
		var bystanders, storm sync.WaitGroup
		times := make([][]float64, 4)
		for i := range times {
			token := benchGrant(b, a)
			bystanders.Go(func() { times[i] = bystander(b, client, base, token, calm) })
		}
		for i := range at {
			storm.Go(func() {
				if knock(b, client, base, emails[i]) {
					in.Add(1)
				} else {
					away.Add(1)
				}
			})
		}
		storm.Wait()
		close(calm)
		bystanders.Wait()
		others = slices.Concat(append(times, others)...)
	}
	b.StopTimer()
	b.ReportMetric(float64(in.Load())/float64(b.N), "in/storm")
	b.ReportMetric(float64(away.Load())/float64(b.N), "503/storm")
	b.ReportMetric(quantile(others, 0.5), "ms/others-p50")
	b.ReportMetric(quantile(others, 0.99), "ms/others-p99")
	b.ReportMetric(peak(), "MiB/peak")
}

// knock logs in once; false when it was sent away as it should be.
func knock(b *testing.B, client *http.Client, base, email string) bool {
	resp, err := client.Post(base+"/v1/login", "application/json", strings.NewReader(`{"email":"`+email+`","password":"`+benchPassword+`"}`))
	if err != nil {
		b.Error(err)
		return false
	}
	defer func() { _ = resp.Body.Close() }()
	_, _ = io.Copy(io.Discard, resp.Body)
	if resp.StatusCode == http.StatusServiceUnavailable && resp.Header.Get("Retry-After") == "" {
		b.Error("503 without Retry-After")
	}
	if s := resp.StatusCode; s != http.StatusOK && s != http.StatusServiceUnavailable {
		b.Errorf("log in: status %d", s)
	}
	return resp.StatusCode == http.StatusOK
}

// bystander refreshes, and looks at a page, until the storm is over; it returns how long each took in milliseconds.
func bystander(b *testing.B, client *http.Client, base, token string, calm chan struct{}) (times []float64) {
	for {
		select {
		case <-calm:
			return times
		case <-time.After(5 * time.Millisecond): // people do not hammer
		}
		begin := time.Now()
		next, err := rotateOnce(client, base, token)
		times = append(times, float64(time.Since(begin).Microseconds())/1000)
		if err != nil {
			b.Error(err)
			return times
		}
		token = next
		begin = time.Now()
		resp, err := client.Get(base + "/login?" + url.Values{"n": {strconv.Itoa(len(times))}}.Encode())
		if err != nil {
			b.Error(err)
			return times
		}
		_, _ = io.Copy(io.Discard, resp.Body)
		_ = resp.Body.Close()
		times = append(times, float64(time.Since(begin).Microseconds())/1000)
	}
}

func quantile(values []float64, q float64) float64 {
	if len(values) == 0 {
		return 0
	}
	slices.Sort(values)
	return values[int(q*float64(len(values)-1))]
}

// resetPeak and peak are the most resident memory since, in MiB; 0 where the system does not tell.
func resetPeak() { _ = os.WriteFile("/proc/self/clear_refs", []byte("5"), 0) }

func peak() float64 {
	status, _ := os.ReadFile("/proc/self/status")
	for line := range strings.Lines(string(status)) {
		if kib, found := strings.CutPrefix(line, "VmHWM:"); found {
			n, _ := strconv.ParseFloat(strings.TrimSpace(strings.TrimSuffix(strings.TrimSpace(kib), "kB")), 64)
			return n / 1024
		}
	}
	return 0
}
