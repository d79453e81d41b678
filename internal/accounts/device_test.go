package accounts

import (
	"context"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/daypass/daypass/internal/auth"
	"github.com/daypass/daypass/internal/store"
	"github.com/daypass/daypass/internal/store/storetest"
)

func TestDeviceNamesBrowserAndSystem(t *testing.T) {
	t.Parallel()
	for userAgent, want := range map[string]string{
		"Mozilla/5.0 (X11; Linux x86_64; rv:145.0) Gecko/20100101 Firefox/145.0":                                                                 "Firefox on Linux",
		"Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0 Safari/537.36 Edg/142.0.0.0":          "Edge on Windows",
		"Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0 Safari/537.36":                        "Chrome on Windows",
		"Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.1 Safari/605.1.15":                  "Safari on macOS",
		"Mozilla/5.0 (iPhone; CPU iPhone OS 18_1 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) CriOS/142.0 Mobile/15E148 Safari/604.1": "Chrome on iPhone",
		"Mozilla/5.0 (Linux; Android 15; Pixel 9) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0 Mobile Safari/537.36":                  "Chrome on Android",
		"Mozilla/5.0 (X11; CrOS x86_64 14541.0.0) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0 Safari/537.36":                         "Chrome on ChromeOS",
		"Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) HeadlessChrome/142.0.0.0 Safari/537.36":                          "Chrome on Linux",
		"Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0 Safari/537.36 OPR/120.0.0.0":          "Opera on Windows",
		"Mozilla/5.0 (Linux) something of its own": "Browser on Linux",
		"Mozilla/5.0":               "Unknown device",
		"curl/8.5.0":                "curl",
		"Go-http-client/2.0":        "Go-http-client",
		"my_app.v2 (build 7)":       "my_app.v2",
		"":                          "Unknown device",
		"<script>alert(1)</script>": "Unknown device",
		strings.Repeat("a", 200):    "Unknown device",
	} {
		if got := Device(userAgent); got != want {
			t.Errorf("%.60q: got %q, want %q", userAgent, got, want)
		}
	}
}

func TestUserAgentOfAStrangerCanBeStored(t *testing.T) {
	t.Parallel()
	storetest.Engines(t, func(t *testing.T, db *store.DB) {
		f := fixtureOver(t, db, nil)
		ann := f.signUp(t, "ann@example.com")
		for _, userAgent := range []string{"\xff\xfe broken", "line\nbreak\x00nul", strings.Repeat("é", 200), strings.Repeat("a", 255) + "é", strings.Repeat("z", 5000)} {
			session, cookie := f.NewSession(ann, auth.Caller{UserAgent: userAgent}, "pwd")
			if err := f.LogIn(t.Context(), ann, session, func(context.Context, *store.Tx) error { return nil }); err != nil {
				t.Errorf("%.20q: %v", userAgent, err)
				continue
			}
			view, _, err := f.SessionByToken(t.Context(), cookie)
			got := view.Device.UserAgent
			if err != nil || len(got) > maxUserAgent || !utf8.ValidString(got) || strings.ContainsAny(got, "\n\x00") {
				t.Errorf("%.20q: stored as %q (%v)", userAgent, got, err)
			}
			if err := f.LogOut(t.Context(), auth.Caller{UserAgent: userAgent}, session.ID); err != nil {
				t.Errorf("%.20q: log out: %v", userAgent, err)
			}
			f.view(t, func(tx *store.Tx) error {
				last, err := tx.Events.OfUser(t.Context(), ann.ID, 1)
				if err == nil && len(last[0].Caller.UserAgent) > maxUserAgent {
					t.Errorf("%.20q: %d bytes in the event", userAgent, len(last[0].Caller.UserAgent))
				}
				return err
			})
		}
	})
}
