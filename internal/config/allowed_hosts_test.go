package config

import (
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	"github.com/daypass/daypass/internal/httpkit"
)

func TestAnAllowedHostIsOneThatTheServerMatches(t *testing.T) {
	t.Parallel()
	got, err := load("allowed_hosts: [ID.internal.example, id.example.org:8443, '[2001:DB8::1]', 10.0.0.1, under_score]\n", Options{}, nil)
	if err != nil {
		t.Fatal(err)
	}
	if want := []string{"id.internal.example", "id.example.org:8443", "[2001:db8::1]", "10.0.0.1", "under_score"}; !slices.Equal(got.AllowedHosts, want) {
		t.Errorf("got %q, want %q", got.AllowedHosts, want)
	}
	handler := httpkit.AllowHosts(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}), got.AllowedHosts)
	for _, host := range got.AllowedHosts {
		w, r := httptest.NewRecorder(), httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/", nil)
		r.Host = host
		if handler.ServeHTTP(w, r); w.Code != http.StatusOK {
			t.Errorf("%s: got %d", host, w.Code)
		}
	}
}

func TestAllowedHostsAreNamesAloneOrWithAPort(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ line, want string }{
		{"allowed_hosts: [id.internal.example, ID.example:8443, '[::1]:8080', localhost]", ""},
		{"allowed_hosts: id.example.com", "allowed_hosts"},
		{"allowed_hosts: [id.example.com, '*.example.com']", "allowed_hosts[1]"},
		{"allowed_hosts: ['https://id.example.com']", "allowed_hosts[0]"},
		{"allowed_hosts: [id.example.com/x]", "allowed_hosts[0]"},
		{"allowed_hosts: ['u@id.example.com']", "allowed_hosts[0]"},
		{"allowed_hosts: ['id.example.com:0']", "allowed_hosts[0]"},
		{"allowed_hosts: ['id.example.com:http']", "allowed_hosts[0]"},
		{"allowed_hosts: ['id.example.com:']", "allowed_hosts[0]"},
		{"allowed_hosts: ['id.example.com?x']", "allowed_hosts[0]"},
		{"allowed_hosts: ['id.example.com#x']", "allowed_hosts[0]"},
		{"allowed_hosts: ['a b']", "allowed_hosts[0]"},
	} {
		_, err := load(c.line+"\n", Options{}, nil)
		lines := faultsOf(t, err)
		if c.want == "" && len(lines) > 0 || c.want != "" && (len(lines) != 1 || !strings.HasPrefix(lines[0], c.want+" ")) {
			t.Errorf("%s: faults %q, want %q", c.line, lines, c.want)
		}
	}
}
