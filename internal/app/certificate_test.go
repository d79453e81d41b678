package app

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"io"
	"log/slog"
	"math/big"
	"net"
	"os"
	"os/signal"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"github.com/daypass/daypass/internal/httpkit"
)

// writePair writes a self-signed certificate with that serial number, and its key.
func writePair(t *testing.T, dir string, serial int64) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(serial), Subject: pkix.Name{CommonName: "localhost"}, DNSNames: []string{"localhost"},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	private, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	write(t, filepath.Join(dir, "cert.pem"), pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}))
	write(t, filepath.Join(dir, "key.pem"), pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: private}))
}

func write(t *testing.T, path string, content []byte) {
	t.Helper()
	if err := os.WriteFile(path, content, 0o600); err != nil {
		t.Fatal(err)
	}
}

func quiet() *slog.Logger { return slog.New(slog.NewTextHandler(io.Discard, nil)) }

// OP-02: a renewed certificate is served without a restart, a broken one changes nothing.
func TestARenewedCertificateIsServedWithoutARestart(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	writePair(t, dir, 1)
	c, err := loadCertificate(filepath.Join(dir, "cert.pem"), filepath.Join(dir, "key.pem"), quiet())
	if err != nil {
		t.Fatal(err)
	}
	server := httpkit.NewServer(nil, quiet())
	server.TLSConfig.GetCertificate = c.get
	listener, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	go func() { _ = httpkit.Serve(t.Context(), server, listener, time.Second) }()
	served := func() int64 {
		t.Helper()
		dialer := tls.Dialer{Config: &tls.Config{InsecureSkipVerify: true}} // the certificate is looked at below
		conn, err := dialer.DialContext(t.Context(), "tcp", listener.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = conn.Close() }()
		return conn.(*tls.Conn).ConnectionState().PeerCertificates[0].SerialNumber.Int64()
	}
	reload := func(wantChanged, wantError bool) {
		t.Helper()
		if changed, err := c.reload(); changed != wantChanged || (err != nil) != wantError {
			t.Errorf("reload: got %v, %v", changed, err)
		}
	}
	reload(false, false)
	writePair(t, dir, 2)
	if got := served(); got != 1 {
		t.Errorf("before it is read: got certificate %d", got)
	}
	reload(true, false)
	if got := served(); got != 2 {
		t.Errorf("got certificate %d, want the renewed one", got)
	}
	good, err := os.ReadFile(filepath.Join(dir, "key.pem"))
	if err != nil {
		t.Fatal(err)
	}
	for name, broken := range map[string][]byte{"half": good[:len(good)/2], "empty": {}} {
		write(t, filepath.Join(dir, "key.pem"), broken)
		reload(false, true)
		if got := served(); got != 2 {
			t.Errorf("%s: got certificate %d, want the last good one", name, got)
		}
	}
	if err := os.Remove(filepath.Join(dir, "key.pem")); err != nil {
		t.Fatal(err)
	}
	reload(false, true)
	writePair(t, dir, 3)
	reload(true, false)
	if got := served(); got != 3 {
		t.Errorf("after the mistake: got certificate %d", got)
	}
}

// Not parallel: the signal is the process's.
func TestAHangUpReadsTheCertificateAtOnce(t *testing.T) {
	caught := make(chan os.Signal, 1) // should watch not catch it, the test fails and the process lives
	signal.Notify(caught, syscall.SIGHUP)
	defer signal.Stop(caught)
	dir := t.TempDir()
	writePair(t, dir, 1)
	c, err := loadCertificate(filepath.Join(dir, "cert.pem"), filepath.Join(dir, "key.pem"), quiet())
	if err != nil {
		t.Fatal(err)
	}
	go c.watch(t.Context())
	writePair(t, dir, 2)
	self, err := os.FindProcess(os.Getpid())
	if err != nil {
		t.Fatal(err)
	}
	for deadline := time.Now().Add(5 * time.Second); time.Now().Before(deadline); time.Sleep(20 * time.Millisecond) {
		if err := self.Signal(syscall.SIGHUP); err != nil {
			t.Fatal(err)
		}
		if c.current.Load().Leaf.SerialNumber.Int64() == 2 {
			return
		}
	}
	t.Error("the renewed certificate was not read")
}

func TestACertificateThatCannotBeReadStopsTheStart(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	writePair(t, dir, 1)
	write(t, filepath.Join(dir, "key.pem"), []byte("no key"))
	if _, err := loadCertificate(filepath.Join(dir, "cert.pem"), filepath.Join(dir, "key.pem"), quiet()); err == nil {
		t.Error("started without a key")
	}
}
