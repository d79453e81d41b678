package pages

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/daypass/daypass/internal/auth"
)

func newGet(path string) *http.Request { return httptest.NewRequest(http.MethodGet, path, http.NoBody) }

func TestTheAccountIsForItsOwnerAlone(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	for _, reply := range []*httptest.ResponseRecorder{
		s.get("/account"), s.post("/account/sessions/end", url.Values{"session": {idOf(3).String()}}),
	} {
		if reply.Code != http.StatusSeeOther || reply.Header().Get("Location") != "/login" {
			t.Errorf("a stranger: got %d to %q, want 303 to /login", reply.Code, reply.Header().Get("Location"))
		}
	}
	if len(s.ended) != 0 {
		t.Errorf("a stranger ended %v", s.ended)
	}
}

func TestASessionIsEndedByItsOwnerOnce(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	s.loggedIn = true
	if reply := s.post("/account/sessions/end", url.Values{"session": {idOf(3).String()}}); reply.Code != 200 || !strings.Contains(reply.Body.String(), "has ended") {
		t.Errorf("own session: got %d", reply.Code)
	}
	for _, id := range []string{idOf(9).String(), "", "not-an-id", canary} {
		if reply := s.post("/account/sessions/end", url.Values{"session": {id}}); reply.Code != http.StatusNotFound {
			t.Errorf("session %q: got %d, want 404", id, reply.Code)
		}
	}
	if want := []auth.ID{idOf(3)}; !slices.Equal(s.ended, want) {
		t.Errorf("ended: got %v, want %v", s.ended, want)
	}
}

func TestDeviceNames(t *testing.T) {
	t.Parallel()
	for agent, want := range map[string]string{
		"Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 Chrome/140.0 Safari/537.36 Edg/140.0": "Edge on Windows",
		"Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) Version/19.0 Safari/605.1.15":                      "Safari on macOS",
		"Mozilla/5.0 (Linux; Android 16) AppleWebKit/537.36 Chrome/140.0 Mobile Safari/537.36":              "Chrome on Android",
		"curl/8.14.1": "Curl", "Go-http-client/1.1": "A Go program",
		"Mozilla/5.0 (Linux)": "A browser on Linux", "": "An unknown device", canary: "An unknown device",
	} {
		if got := deviceName(agent); got != want {
			t.Errorf("%q: got %q, want %q", agent, got, want)
		}
	}
}

func TestAgesInWords(t *testing.T) {
	t.Parallel()
	for age, want := range map[time.Duration]string{
		-time.Second: "just now", 59 * time.Second: "just now", time.Minute: "1 minute ago", 59 * time.Minute: "59 minutes ago",
		time.Hour: "1 hour ago", 47 * time.Hour: "1 day ago", 13 * 24 * time.Hour: "13 days ago", 14 * 24 * time.Hour: "on 9 November 2026",
	} {
		if got := ago(testNow.Add(-age), testNow); got != want {
			t.Errorf("%v: got %q, want %q", age, got, want)
		}
	}
}
