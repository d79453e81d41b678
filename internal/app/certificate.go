package app

import (
	"context"
	"crypto/sha256"
	"crypto/tls"
	"fmt"
	"log/slog"
	"os"
	"os/signal"
	"sync/atomic"
	"syscall"
	"time"
)

// certificateEvery is how often the files are looked at. Certificates are renewed weeks before they end.
const certificateEvery = 10 * time.Second

// certificate is the server's chain and key, read again when the files change, so that a renewal needs no restart. What cannot
// be read keeps what was there: half-written files are met sooner or later.
type certificate struct {
	certFile, keyFile string
	log               *slog.Logger
	current           atomic.Pointer[tls.Certificate]
	seen              [sha256.Size]byte // of the last content that was judged
}

func loadCertificate(certFile, keyFile string, log *slog.Logger) (*certificate, error) {
	c := &certificate{certFile: certFile, keyFile: keyFile, log: log}
	if _, err := c.reload(); err != nil {
		return nil, fmt.Errorf("tls: %w", err)
	}
	return c, nil
}

// reload reads the files. changed is false when they hold what they held before.
func (c *certificate) reload() (changed bool, err error) {
	cert, err := os.ReadFile(c.certFile)
	if err != nil {
		return false, err
	}
	key, err := os.ReadFile(c.keyFile)
	if err != nil {
		return false, err
	}
	h := sha256.New()
	h.Write(cert)
	h.Write([]byte{0})
	h.Write(key)
	sum := [sha256.Size]byte(h.Sum(nil))
	if sum == c.seen {
		return false, nil
	}
	pair, err := tls.X509KeyPair(cert, key)
	c.seen = sum // a pair that does not fit is told once
	if err != nil {
		return false, err
	}
	c.current.Store(&pair)
	return true, nil
}

// get is tls.Config.GetCertificate.
func (c *certificate) get(*tls.ClientHelloInfo) (*tls.Certificate, error) {
	return c.current.Load(), nil
}

// watch reads the files again every ten seconds, and at once on SIGHUP, until ctx ends.
func (c *certificate) watch(ctx context.Context) {
	hangUp := make(chan os.Signal, 1)
	signal.Notify(hangUp, syscall.SIGHUP)
	defer signal.Stop(hangUp)
	tick := time.NewTicker(certificateEvery)
	defer tick.Stop()
	told := ""
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		case <-hangUp:
		}
		changed, err := c.reload()
		switch {
		case err != nil && err.Error() != told:
			told = err.Error()
			c.log.Error("the certificate cannot be read again; the one from before goes on", "error", err)
		case changed:
			told = ""
			c.log.Info("the certificate was read again", "not_after", c.current.Load().Leaf.NotAfter)
		}
	}
}
