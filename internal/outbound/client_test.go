package outbound_test

import (
	"encoding/pem"
	"errors"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/daypass/daypass/internal/outbound"
)

func client(t *testing.T, c outbound.Config) *outbound.Client {
	t.Helper()
	o, err := outbound.New(c)
	if err != nil {
		t.Fatal(err)
	}
	return o
}

// DS-04: nothing within the machine or its network is called, however its address is written.
func TestAddressesThatAreNotCalled(t *testing.T) {
	t.Parallel()
	reached := false
	server := httptest.NewTLSServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { reached = true }))
	defer server.Close()
	port := server.URL[strings.LastIndexByte(server.URL, ':'):]
	o := client(t, outbound.Config{})
	for _, host := range []string{
		"127.0.0.1", "localhost", "[::1]", "[::ffff:127.0.0.1]", "[::ffff:7f00:1]", "0.0.0.0", "[::]", "2130706433", "0x7f000001", "017700000001", "127.1",
		"169.254.169.254", "[fe80::1]", "[fd00::1]", "10.0.0.1", "172.16.0.1", "192.168.0.1", "100.64.0.1", "192.0.2.1", "198.18.0.1", "224.0.0.1",
		"255.255.255.255", "[64:ff9b::7f00:1]", "[2002:7f00:1::]", "[::127.0.0.1]", "[ff02::1]", "[2001:db8::1]", "[2001::1]",
	} {
		if _, err := o.Get(t.Context(), "https://"+host+port+"/", 100); err == nil {
			t.Errorf("%s was called", host)
		} else if strings.HasPrefix(host, "[") && !errors.Is(err, outbound.ErrForbidden) {
			t.Errorf("%s: %v, want ErrForbidden", host, err)
		}
	}
	for _, address := range []string{"http://example.com/", "ftp://example.com/", "https://user@example.com/", "https:///x", "//example.com", "", "file:///etc/passwd", "http://localhost" + port} {
		if _, err := o.Get(t.Context(), address, 100); !errors.Is(err, outbound.ErrForbidden) {
			t.Errorf("%q: %v, want ErrForbidden", address, err)
		}
	}
	if reached {
		t.Error("the server on this machine was reached")
	}
}

// A configured range is called, with an authority of one's own, and no other range with it.
func TestAllowedRangeWithAnAuthorityOfItsOwn(t *testing.T) {
	t.Parallel()
	server := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte("hello")) }))
	defer server.Close()
	file := filepath.Join(t.TempDir(), "ca.pem")
	block := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: server.Certificate().Raw})
	if err := os.WriteFile(file, block, 0o600); err != nil {
		t.Fatal(err)
	}
	here := netip.MustParsePrefix("127.0.0.1/32")
	body, err := client(t, outbound.Config{Allow: []netip.Prefix{here}, CAFile: file}).Get(t.Context(), server.URL, 5)
	if err != nil || string(body) != "hello" {
		t.Errorf("with range and authority: %q, %v", body, err)
	}
	if _, err := client(t, outbound.Config{Allow: []netip.Prefix{here}}).Get(t.Context(), server.URL, 5); err == nil {
		t.Error("an unknown authority was trusted")
	}
	other := netip.MustParsePrefix("127.0.0.2/32")
	if _, err := client(t, outbound.Config{Allow: []netip.Prefix{other}, CAFile: file}).Get(t.Context(), server.URL, 5); !errors.Is(err, outbound.ErrForbidden) {
		t.Errorf("outside the range: %v, want ErrForbidden", err)
	}
	for _, bad := range []string{filepath.Join(t.TempDir(), "none"), os.DevNull} {
		if _, err := outbound.New(outbound.Config{CAFile: bad}); err == nil {
			t.Errorf("%s was taken for a file of authorities", bad)
		}
	}
}

// Redirects, other statuses and long replies are failures; no error repeats the query or the reply.
func TestRepliesThatAreRefused(t *testing.T) {
	t.Parallel()
	followed := false
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/redirect":
			http.Redirect(w, r, "/target", http.StatusFound)
		case "/target":
			followed = true
		case "/long":
			_, _ = w.Write(make([]byte, 101))
		default:
			http.Error(w, "secret words", http.StatusTeapot)
		}
	}))
	defer server.Close()
	o := client(t, outbound.Config{Loopback: true})
	var status *outbound.StatusError
	if _, err := o.Get(t.Context(), server.URL+"/redirect", 100); !errors.As(err, &status) || status.Status != http.StatusFound || followed {
		t.Errorf("redirect: %v, followed %t", err, followed)
	}
	if _, err := o.Get(t.Context(), server.URL+"/long", 100); !errors.Is(err, outbound.ErrTooLarge) {
		t.Errorf("long reply: %v", err)
	}
	if err := o.PostForm(t.Context(), server.URL+"/teapot?key=s3cret", url.Values{"a": {"b"}}); !errors.As(err, &status) || status.Status != http.StatusTeapot || strings.Contains(err.Error(), "secret words") {
		t.Errorf("teapot: %v", err)
	}
	server.Close()
	if _, err := o.Get(t.Context(), server.URL+"/?key=s3cret", 100); err == nil || strings.Contains(err.Error(), "s3cret") {
		t.Errorf("refused connection: %v", err)
	}
}

// What the environment says of proxies changes nothing.
func TestNoProxyOfTheEnvironment(t *testing.T) {
	asked := false
	proxy := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { asked = true }))
	defer proxy.Close()
	t.Setenv("HTTPS_PROXY", proxy.URL)
	t.Setenv("HTTP_PROXY", proxy.URL)
	_, err := client(t, outbound.Config{Loopback: true}).Get(t.Context(), "https://203.0.113.7/", 10)
	if !errors.Is(err, outbound.ErrForbidden) || asked {
		t.Errorf("%v, proxy asked: %t", err, asked)
	}
}
