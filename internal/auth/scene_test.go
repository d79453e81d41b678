package auth

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/daypass/daypass/internal/secret"
)

// scene is one refresh to be judged. The zero of every table is burst(): a public bearer grant whose
// generation 5 is current, generations 3 and 4 replayable, the burst 10 s old, everything else in order.
type scene struct {
	facts   RefreshFacts
	present Presentation
	rules   RefreshRules
	now     time.Time
}

const (
	ms     = time.Millisecond
	day    = 24 * time.Hour
	window = 30 * time.Second
)

var noon = time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)

func id(n byte) ID { return ID{0: 1, 15: n} }

func burst() *scene {
	key := secret.New([]byte("0123456789abcdef"))
	g := Grant{
		ID: id(1), SecretHash: key.Hash(), UserID: id(2), SessionID: id(3), ClientID: "app",
		Scopes: []string{"openid"}, Resources: []string{"https://api.example"},
		AuthTime: noon.Add(-time.Hour), AMR: []string{"pwd"}, ACR: "1",
		CreatedAt: noon.Add(-time.Hour), ExpiresAt: noon.Add(90 * day),
		Chain: Chain{Current: 5, CurrentKey: 1, First: 3, Last: 4, Since: noon.Add(-10 * time.Second), LastUsedAt: noon.Add(-time.Second)},
	}
	return &scene{
		facts: RefreshFacts{Grant: g, SessionUse: g.LastUsedAt, Client: Client{ID: "app", Public: true}},
		present: Presentation{
			Token: RefreshToken{Key: 1, GrantID: g.ID, Generation: 5, Secret: key}, ClientID: "app",
			Caller: Caller{IP: "192.0.2.7", UserAgent: "test"},
		},
		rules: RefreshRules{Window: window, Idle: 30 * day, SessionIdle: 7 * day, Key: 2, RevokeFor: 16 * time.Minute},
		now:   noon,
	}
}

func (s *scene) judge() Ruling { return Judge(s.facts, s.present, s.rules, s.now) }

// with applies changes and returns the scene.
func (s *scene) with(changes ...func(*scene)) *scene {
	for _, c := range changes {
		c(s)
	}
	return s
}

// Building bricks of the tables.

func presents(m int64) func(*scene) { return func(s *scene) { s.present.Token.Generation = m } }

// burstAge makes the burst begin that long before now.
func burstAge(d time.Duration) func(*scene) {
	return func(s *scene) { s.facts.Grant.Since = s.now.Add(-d) }
}

func unrotated(s *scene) {
	s.facts.Grant.Chain = Chain{CurrentKey: 1, First: -1, Last: -1, LastUsedAt: s.now.Add(-time.Second)}
	s.present.Token.Generation = 0
}

func wrongSecret(s *scene) { s.present.Token.Secret = secret.New([]byte("0123456789abcdeX")) }

func revoked(s *scene)      { s.facts.Grant.RevokedAt, s.facts.Grant.RevokedReason = noon, ReasonLogout }
func userGone(s *scene)     { s.facts.UserGone = true }
func clientGone(s *scene)   { s.facts.ClientGone = true }
func sessionEnded(s *scene) { s.facts.SessionEnded = true }
func offline(s *scene)      { s.facts.Grant.Offline = true }

func otherClient(s *scene) { s.present.ClientID = "other" }
func confidential(s *scene) {
	s.facts.Client.Public, s.facts.Client.Refresh = false, RefreshRotate
}
func fixed(s *scene) { s.facts.Client.Public, s.facts.Client.Refresh = false, RefreshFixed }

// bound makes the grant sender-constrained and the presentation prove the given key.
func bound(grant, proven string) func(*scene) {
	return func(s *scene) {
		s.facts.Grant.Binding, s.present.Binding = grant, proven
		s.facts.Client.Refresh = RefreshRotate
	}
}

func idleFor(d time.Duration) func(*scene) {
	return func(s *scene) { s.facts.Grant.LastUsedAt = s.now.Add(-d) }
}

func sessionIdleFor(d time.Duration) func(*scene) {
	return func(s *scene) { s.facts.SessionUse = s.now.Add(-d) }
}

func endsIn(d time.Duration) func(*scene) {
	return func(s *scene) { s.facts.Grant.ExpiresAt = s.now.Add(d) }
}

// expectSame fails when what was judged shows any difference but in the parts listed by want.
func expectSame(t *testing.T, got, want Grant) {
	t.Helper()
	if diff := cmp.Diff(want, got, cmpopts.EquateEmpty()); diff != "" {
		t.Errorf("grant after the verdict (-want +got):\n%s", diff)
	}
}
