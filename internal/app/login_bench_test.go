package app

import (
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
)

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
