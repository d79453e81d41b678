package main

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
)

func TestALoadEndsWithItsFirstFault(t *testing.T) {
	t.Parallel()
	fault := errors.New("refused")
	var calls atomic.Int64
	good := func() error { calls.Add(1); time.Sleep(time.Millisecond); return nil }
	began := time.Now()
	_, err := drive(t.Context(), []lane{good, func() error { return fault }, good}, time.Hour, watched{})
	if !errors.Is(err, fault) || time.Since(began) > time.Minute {
		t.Errorf("got %v after %v", err, time.Since(began))
	}
}

func TestALoadEndsWithItsContext(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	_, err := drive(ctx, []lane{func() error { cancel(); return nil }}, time.Hour, watched{})
	if !errors.Is(err, context.Canceled) {
		t.Errorf("got %v, want that it was cut off", err)
	}
}

func TestAnOutcomeIsToldPerRequest(t *testing.T) {
	t.Parallel()
	o := outcome{took: time.Second, server: 10 * time.Millisecond, latencies: []time.Duration{4e6, 1e6, 3e6, 2e6, 5e6}}
	o.add(outcome{took: time.Second, server: 10 * time.Millisecond, latencies: []time.Duration{6e6, 7e6, 8e6, 9e6, 10e6}})
	if o.perSecond() != 5 || o.each(o.server) != 2000 || o.quantile(0) != 1 || o.quantile(0.5) != 5 || o.quantile(1) != 10 {
		t.Errorf("got %v/s, %v µs, quantiles %v %v %v", o.perSecond(), o.each(o.server), o.quantile(0), o.quantile(0.5), o.quantile(1))
	}
	var none outcome
	if none.perSecond() != 0 || none.each(time.Second) != 0 || none.quantile(0.99) != 0 {
		t.Error("no requests: want zeros, not a division by nothing")
	}
}

func TestThePacerKeepsItsRate(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var p pacer
		p.set(100)
		began := time.Now()
		o, err := drive(t.Context(), []lane{
			func() error { p.wait(); return nil }, func() error { p.wait(); return nil },
		}, time.Second, watched{})
		if err != nil || len(o.latencies) < 99 || len(o.latencies) > 103 {
			t.Errorf("%d calls in %v, %v, want about 100", len(o.latencies), time.Since(began), err)
		}
	})
}

func TestTheWireReadsReplies(t *testing.T) {
	t.Parallel()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method != http.MethodPost || r.Host != "localhost" || r.Header.Get("Content-Type") != "application/json" {
			t.Errorf("got %s, host %s, %v", r.Method, r.Host, r.Header)
		}
		switch r.URL.Path {
		case "/long":
			w.Header().Set("Content-Length", "30000")
			_, _ = w.Write([]byte(strings.Repeat("x", 30000)))
		case "/chunked":
			_, _ = w.Write([]byte("a"))
			_ = http.NewResponseController(w).Flush()
		default:
			w.WriteHeader(http.StatusUnauthorized)
			_, _ = w.Write([]byte(`{"a":"1","refresh_token":"dpr_x"}`))
		}
	}))
	defer server.Close()
	post := func(path string) (int, string, error) {
		w, err := dial(server.Listener.Addr().String(), path)
		if err != nil {
			t.Fatal(err)
		}
		defer w.close()
		if _, _, err := w.post([]byte("{}")); err != nil {
			return 0, "", err
		}
		status, reply, err := w.post([]byte("{}")) // the second on the same connection
		return status, string(reply), err
	}
	if status, reply, err := post("/x"); err != nil || status != http.StatusUnauthorized || !strings.Contains(reply, "dpr_x") {
		t.Errorf("got %d, %q, %v", status, reply, err)
	}
	if status, reply, err := post("/long"); err != nil || status != http.StatusOK || len(reply) != 30000 {
		t.Errorf("long: got %d, %d bytes, %v", status, len(reply), err)
	}
	if _, _, err := post("/chunked"); err == nil {
		t.Error("a reply without a length: want an error")
	}
}

func TestAMemberIsFoundOrNot(t *testing.T) {
	t.Parallel()
	for object, want := range map[string]string{
		`{"access_token":"a","refresh_token":"b"}`: "b", `{"refresh_token":""}`: "", `{"refresh_token":"b`: "", `{}`: "", `{"refresh_token":7}`: "",
	} {
		if got, found := member([]byte(object), "refresh_token"); found != (want != "") || found && got != want {
			t.Errorf("%s: got %q, %v", object, got, found)
		}
	}
}
