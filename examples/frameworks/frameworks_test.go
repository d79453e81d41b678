package frameworks_test

import (
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/daypass/daypass/examples/frameworks"
	"github.com/daypass/daypass/resource"
	"github.com/daypass/daypass/resource/resourcetest"
)

// TestEveryFrameworkProtectsTheSameWay runs each example over HTTP against a fake issuer.
func TestEveryFrameworkProtectsTheSameWay(t *testing.T) {
	t.Parallel()
	for name, make := range map[string]func(*resource.Protector) http.Handler{
		"chi": frameworks.Chi, "echo": frameworks.Echo, "gin": frameworks.Gin,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			issuer, other := resourcetest.NewIssuer(), resourcetest.NewIssuer()
			t.Cleanup(issuer.Close)
			t.Cleanup(other.Close)
			protect, err := resource.New(issuer.URL(), issuer.Config())
			if err != nil {
				t.Fatal(err)
			}
			api := httptest.NewServer(make(protect))
			t.Cleanup(api.Close)
			logIn := func(ago time.Duration, scope string) string {
				return issuer.Token(map[string]any{"scope": scope, "auth_time": issuer.Now().Add(-ago).Unix()})
			}
			for what, tc := range map[string]struct {
				method, path, token string
				status              int
				challenge, body     string // what the answer must contain
			}{
				"open route":                {"GET", "/healthz", "", 204, "", ""},
				"no token":                  {"GET", "/orders", "", 401, "Bearer", ""},
				"garbage":                   {"GET", "/orders", "garbage", 401, `error="invalid_token"`, ""},
				"another issuer's token":    {"GET", "/orders", other.Token(map[string]any{"iss": issuer.URL(), "scope": "orders:read"}), 401, `error="invalid_token"`, ""},
				"for another API":           {"GET", "/orders", issuer.Token(map[string]any{"aud": "https://other.example", "scope": "orders:read"}), 401, `error="invalid_token"`, ""},
				"without the scope":         {"GET", "/orders", logIn(0, "profile"), 403, `scope="orders:read"`, ""},
				"good":                      {"GET", "/orders", logIn(time.Hour, "orders:read"), 200, "", "orders of user-1"},
				"write with an old log-in":  {"POST", "/orders", logIn(time.Hour, "orders:write"), 401, `max_age="300"`, ""},
				"write without the scope":   {"POST", "/orders", logIn(0, "orders:read"), 403, `scope="orders:write"`, ""},
				"write with a fresh log-in": {"POST", "/orders", logIn(time.Minute, "orders:write"), 201, "", ""},
			} {
				status, challenge, body := ask(t, tc.method, api.URL+tc.path, tc.token)
				if status != tc.status || !strings.Contains(challenge, tc.challenge) || !strings.Contains(body, tc.body) || (tc.challenge == "") != (challenge == "") {
					t.Errorf("%s: got %d, challenge %q, body %q; want %d, %q, %q", what, status, challenge, body, tc.status, tc.challenge, tc.body)
				}
				if status >= 400 && strings.Contains(body, "orders of") {
					t.Errorf("%s: refused, and yet answered: %s", what, body)
				}
			}
		})
	}
}

func ask(t *testing.T, method, address, token string) (status int, challenge, body string) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), method, address, nil)
	if err != nil {
		t.Fatal(err)
	}
	if token != "" {
		req.Header.Set("Authorization", "Bearer "+token)
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	text, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	return res.StatusCode, res.Header.Get("WWW-Authenticate"), string(text)
}
