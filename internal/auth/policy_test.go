package auth_test

import (
	"testing"
	"time"

	"github.com/daypass/daypass/internal/auth"
)

// TestAFixedTokenInSteadyUseNeverIdlesOut: its idle clock is written seldom, but never so seldom that the
// grant or its session would end while it is used.
func TestAFixedTokenInSteadyUseNeverIdlesOut(t *testing.T) {
	t.Parallel()
	start := time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)
	for _, idle := range []time.Duration{time.Minute, 30 * time.Minute, 2 * time.Hour, 7 * 24 * time.Hour} {
		rules := auth.RefreshRules{Window: 30 * time.Second, Idle: 30 * 24 * time.Hour, SessionIdle: idle, Key: 1}
		key := auth.NewGrantSecret()
		f := auth.RefreshFacts{
			Grant:      auth.Grant{SecretHash: key.Hash(), ClientID: "service", ExpiresAt: start.Add(365 * 24 * time.Hour), Chain: auth.NewChain(1, start)},
			Client:     auth.Client{ID: "service"},
			SessionUse: start,
		}
		p := auth.Presentation{Token: auth.RefreshToken{Secret: key}, ClientID: "service"}
		for now := start; now.Before(start.Add(3 * idle)); now = now.Add(idle / 6) {
			r := auth.Judge(f, p, rules, now)
			if r.Verdict != auth.Current {
				t.Fatalf("session idle %s: %s after %s of steady use", idle, r.Verdict, now.Sub(start))
			}
			if r.Change != nil {
				f.Grant = r.Change.Grant
				f.SessionUse = f.Grant.LastUsedAt
			}
		}
	}
}
