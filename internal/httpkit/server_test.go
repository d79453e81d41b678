package httpkit

import (
	"context"
	"crypto/tls"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"
)

func TestTheServerHasItsLimits(t *testing.T) {
	t.Parallel()
	s := NewServer(http.NotFoundHandler(), slog.New(slog.DiscardHandler))
	if s.ReadHeaderTimeout != 5*time.Second || s.ReadTimeout != 10*time.Second || s.WriteTimeout != 30*time.Second ||
		s.IdleTimeout != time.Minute || s.MaxHeaderBytes != 32<<10 || s.ErrorLog == nil {
		t.Errorf("limits are %v %v %v %v %d, log %v", s.ReadHeaderTimeout, s.ReadTimeout, s.WriteTimeout, s.IdleTimeout, s.MaxHeaderBytes, s.ErrorLog)
	}
	if s.TLSConfig.MinVersion != tls.VersionTLS12 {
		t.Errorf("TLS from %x, want 1.2", s.TLSConfig.MinVersion)
	}
	for _, id := range s.TLSConfig.CipherSuites {
		if name := tls.CipherSuiteName(id); !strings.HasPrefix(name, "TLS_ECDHE_") || !strings.Contains(name, "_GCM_") {
			t.Errorf("suite %s is not ECDHE with GCM", name)
		}
	}
}

// serving starts Serve with a handler that waits for release, and has one request under way.
func serving(t *testing.T, drain time.Duration) (cancel func(), release chan struct{}, reply chan string, done chan error) {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	entered := make(chan struct{})
	release, reply, done = make(chan struct{}), make(chan string, 1), make(chan error, 1)
	server := NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		close(entered)
		<-release
		_, _ = io.WriteString(w, "whole")
	}), slog.New(slog.DiscardHandler))
	ctx, cancel := context.WithCancel(t.Context())
	go func() { done <- Serve(ctx, server, listener, drain) }()
	go func() {
		client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
		res, err := client.Get("http://" + listener.Addr().String())
		if err != nil {
			reply <- "cut"
			return
		}
		body, _ := io.ReadAll(res.Body)
		_ = res.Body.Close()
		reply <- string(body)
	}()
	<-entered
	return cancel, release, reply, done
}

func TestAStopLetsTheRequestUnderWayFinish(t *testing.T) {
	t.Parallel()
	cancel, release, reply, done := serving(t, time.Minute)
	cancel()
	close(release)
	if got := <-reply; got != "whole" {
		t.Errorf("reply = %q, want whole", got)
	}
	if err := <-done; err != nil {
		t.Errorf("Serve = %v, want nil", err)
	}
}

func TestAStopCutsWhatOutlastsTheDrain(t *testing.T) {
	t.Parallel()
	cancel, release, reply, done := serving(t, time.Millisecond)
	cancel()
	if err := <-done; err == nil {
		t.Error("Serve = nil, want an error that says requests were cut")
	}
	if got := <-reply; got != "cut" {
		t.Errorf("reply = %q, want cut", got)
	}
	close(release)
}

func TestAListenerThatFailsEndsServe(t *testing.T) {
	t.Parallel()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	_ = listener.Close()
	if err := Serve(t.Context(), NewServer(http.NotFoundHandler(), slog.New(slog.DiscardHandler)), listener, time.Second); err == nil {
		t.Error("Serve = nil on a closed listener")
	}
}

func TestServeSpeaksTLSWhenItHasACertificate(t *testing.T) {
	t.Parallel()
	donor := httptest.NewTLSServer(http.NotFoundHandler())
	defer donor.Close()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	server := NewServer(http.HandlerFunc(ok), slog.New(slog.DiscardHandler))
	server.TLSConfig.Certificates = donor.TLS.Certificates
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- Serve(ctx, server, listener, time.Minute) }()

	client := donor.Client()
	res, err := client.Get("https://" + listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	_ = res.Body.Close()
	if res.TLS == nil || res.StatusCode != http.StatusOK {
		t.Errorf("status %d, TLS %v", res.StatusCode, res.TLS != nil)
	}
	client.CloseIdleConnections()
	cancel()
	if err := <-done; err != nil {
		t.Errorf("Serve = %v, want nil", err)
	}
}
