package httpkit

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"time"
)

// NewServer returns a server with the limits of design §6 and DS-01: 5 s for the header, 10 s for the whole request,
// 30 s for the reply, 60 s of idleness, 32 KiB of header. A handler that streams extends its own deadline through
// http.ResponseController. Its TLS rules are those of HH-04; they matter once a certificate is added to TLSConfig.
func NewServer(handler http.Handler, logger *slog.Logger) *http.Server {
	return &http.Server{
		Handler:           handler,
		ReadHeaderTimeout: 5 * time.Second,
		ReadTimeout:       10 * time.Second,
		WriteTimeout:      30 * time.Second,
		IdleTimeout:       60 * time.Second,
		MaxHeaderBytes:    32 << 10,
		ErrorLog:          slog.NewLogLogger(logger.Handler(), slog.LevelWarn),
		TLSConfig: &tls.Config{
			MinVersion: tls.VersionTLS12,
			// For 1.2 only; the suites of 1.3 are not configurable. BCP 195: ECDHE with AES-GCM.
			CipherSuites: []uint16{
				tls.TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256, tls.TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256,
				tls.TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384, tls.TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384,
			},
		},
	}
}

// Serve answers on listener until ctx ends, then takes no new connection and gives the requests under way up to drain
// to finish; what is left is cut, and the error says so. It speaks TLS when server.TLSConfig holds a certificate. The
// listener is closed in every case. A stop without loss returns nil.
func Serve(ctx context.Context, server *http.Server, listener net.Listener, drain time.Duration) error {
	served := make(chan error, 1)
	go func() {
		if c := server.TLSConfig; c != nil && (len(c.Certificates) > 0 || c.GetCertificate != nil) {
			served <- server.ServeTLS(listener, "", "")
			return
		}
		served <- server.Serve(listener)
	}()
	select {
	case err := <-served:
		return servedFault(err, listener)
	case <-ctx.Done():
	}
	stop, cancel := context.WithTimeout(context.WithoutCancel(ctx), drain)
	defer cancel()
	if err := server.Shutdown(stop); err != nil {
		cut := fmt.Errorf("requests under way did not end within %s: %w", drain, err)
		return errors.Join(cut, server.Close(), servedFault(<-served, listener))
	}
	return servedFault(<-served, listener)
}

// servedFault is nil for the error that Shutdown and Close make Serve return.
func servedFault(err error, listener net.Listener) error {
	if err == nil || errors.Is(err, http.ErrServerClosed) {
		return nil
	}
	return fmt.Errorf("serve %s: %w", listener.Addr(), err)
}
