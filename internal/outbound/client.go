package outbound

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"os"
	"strings"
	"syscall"
	"time"
)

const (
	timeout   = 5 * time.Second // of a whole call
	maxHeader = 32 << 10        // bytes
	maxIdle   = 32              // connections kept
	idleFor   = 30 * time.Second
	maxDrain  = 4 << 10 // bytes of a reply that nobody reads
)

// What a call reports; compare with errors.Is.
var (
	// ErrForbidden: an address that is not to be called, by its form or by where its name leads.
	ErrForbidden = errors.New("outbound: this address is not called")
	// ErrTooLarge: the reply is larger than the caller reads.
	ErrTooLarge = errors.New("outbound: the reply is too large")
)

// StatusError is a reply that is no success. A redirect is one: none is followed.
type StatusError struct{ Status int }

// Error names the status and nothing that the other side wrote.
func (e *StatusError) Error() string {
	return fmt.Sprintf("outbound: the reply has status %d", e.Status)
}

// Config says what may be called besides the public internet.
type Config struct {
	Allow  []netip.Prefix // ranges of a private network
	CAFile string         // PEM file of authorities that are trusted as well as the system's; empty: none
	// Loopback lets it call this machine, and by plain HTTP too: for development alone.
	Loopback bool
}

// Client calls others. It is safe for concurrent use.
type Client struct {
	http *http.Client
	c    Config
}

// New returns a Client; an error when the file of authorities cannot be read or holds none.
func New(c Config) (*Client, error) {
	roots, err := authorities(c.CAFile)
	if err != nil {
		return nil, err
	}
	client := &Client{c: c}
	dialer := &net.Dialer{Timeout: timeout, ControlContext: client.control}
	client.http = &http.Client{
		Timeout: timeout,
		Transport: &http.Transport{
			Proxy: nil, DialContext: dialer.DialContext, TLSClientConfig: &tls.Config{RootCAs: roots, MinVersion: tls.VersionTLS12},
			TLSHandshakeTimeout: timeout, ResponseHeaderTimeout: timeout, MaxResponseHeaderBytes: maxHeader, MaxIdleConns: maxIdle,
			IdleConnTimeout: idleFor, DisableCompression: true, ForceAttemptHTTP2: true,
		},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
	return client, nil
}

func authorities(file string) (*x509.CertPool, error) {
	if file == "" {
		return nil, nil //nolint:nilnil // nil stands for the system's
	}
	pem, err := os.ReadFile(file) //nolint:gosec // the operator names it
	if err != nil {
		return nil, fmt.Errorf("outbound.ca_file: %w", err)
	}
	pool, err := x509.SystemCertPool()
	if err != nil {
		pool = x509.NewCertPool()
	}
	if !pool.AppendCertsFromPEM(pem) {
		return nil, fmt.Errorf("outbound.ca_file: no certificate in %s", file)
	}
	return pool, nil
}

// Get reads a document of at most most bytes; a status other than 200 is a *StatusError.
func (c *Client) Get(ctx context.Context, address string, most int64) ([]byte, error) {
	reply, err := c.do(ctx, http.MethodGet, address, "", nil)
	if err != nil {
		return nil, err
	}
	defer closeReply(reply)
	if reply.StatusCode != http.StatusOK {
		return nil, &StatusError{reply.StatusCode}
	}
	body, err := io.ReadAll(io.LimitReader(reply.Body, most+1))
	switch {
	case err != nil:
		return nil, fmt.Errorf("outbound: the reply broke off: %w", err)
	case int64(len(body)) > most:
		return nil, ErrTooLarge
	}
	return body, nil
}

// PostForm sends a form; a status other than 200 to 299 is a *StatusError. What the other side answers is not read.
func (c *Client) PostForm(ctx context.Context, address string, form url.Values) error {
	reply, err := c.do(ctx, http.MethodPost, address, "application/x-www-form-urlencoded", []byte(form.Encode()))
	if err != nil {
		return err
	}
	defer closeReply(reply)
	if reply.StatusCode < http.StatusOK || reply.StatusCode >= http.StatusMultipleChoices {
		return &StatusError{reply.StatusCode}
	}
	return nil
}

func (c *Client) do(ctx context.Context, method, address, media string, body []byte) (*http.Response, error) {
	if err := c.judge(address); err != nil {
		return nil, err
	}
	r, err := http.NewRequestWithContext(ctx, method, address, bytes.NewReader(body))
	if err != nil {
		return nil, ErrForbidden
	}
	r.Header.Set("User-Agent", "Daypass")
	if media != "" {
		r.Header.Set("Content-Type", media)
	}
	reply, err := c.http.Do(r)
	var wrapped *url.Error
	if errors.As(err, &wrapped) { // its text repeats the address, which may hold a secret of the client's
		err = fmt.Errorf("outbound: call %s: %w", r.URL.Hostname(), wrapped.Err)
	}
	return reply, err
}

// judge looks at the form of an address. Where its name leads is looked at when it is dialled.
func (c *Client) judge(address string) error {
	u, err := url.Parse(address)
	switch {
	case err != nil || u.Host == "" || u.User != nil:
		return ErrForbidden
	case u.Scheme == "https":
		return nil
	case u.Scheme == "http" && c.c.Loopback && local(u.Hostname()):
		return nil
	}
	return ErrForbidden
}

func local(host string) bool {
	a, err := netip.ParseAddr(host)
	return host == "localhost" || err == nil && a.IsLoopback()
}

// control judges the address that is about to be dialled, after its name was resolved.
func (c *Client) control(_ context.Context, network, address string, _ syscall.RawConn) error {
	to, err := netip.ParseAddrPort(address)
	if err != nil || !strings.HasPrefix(network, "tcp") || !c.may(to.Addr()) {
		return ErrForbidden
	}
	return nil
}

// may tells whether an address may be called.
func (c *Client) may(a netip.Addr) bool {
	if a.Zone() != "" {
		return false
	}
	a = a.Unmap()
	for _, p := range c.c.Allow {
		if p.Contains(a) {
			return true
		}
	}
	if a.IsLoopback() {
		return c.c.Loopback
	}
	if !a.IsGlobalUnicast() || a.IsPrivate() {
		return false
	}
	for _, p := range special {
		if p.Contains(a) {
			return false
		}
	}
	return true
}

// special are the ranges of the IANA registries of special-purpose addresses that netip does not tell by itself, and those
// that carry an IPv4 address within, which a gateway would call for us.
var special = prefixes(
	"0.0.0.0/8", "100.64.0.0/10", "192.0.0.0/24", "192.0.2.0/24", "192.88.99.0/24", "198.18.0.0/15", "198.51.100.0/24",
	"203.0.113.0/24", "240.0.0.0/4", "::/8", "64:ff9b::/96", "64:ff9b:1::/48", "100::/64", "2001::/23", "2001:db8::/32",
	"2002::/16", "3fff::/20", "5f00::/16", "fec0::/10",
)

func prefixes(all ...string) []netip.Prefix {
	out := make([]netip.Prefix, len(all))
	for i, s := range all {
		out[i] = netip.MustParsePrefix(s)
	}
	return out
}

// closeReply reads a little of what is left, so that the connection can be used again.
func closeReply(r *http.Response) {
	_, _ = io.CopyN(io.Discard, r.Body, maxDrain)
	_ = r.Body.Close()
}
