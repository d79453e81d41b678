package grants_test

import (
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/daypass/daypass/internal/auth"
	"github.com/daypass/daypass/internal/secret"
	"github.com/daypass/daypass/internal/store"
	"github.com/daypass/daypass/tools/refreshmodel"
)

// expected is what the model says the database holds: the model's grant with the clocks it leaves out.
type expected struct {
	refreshmodel.Grant
	since, used time.Time
	ended       bool         // the session
	token       secret.Token // the current one; zero: nobody has seen it
}

// machine drives the real service over a real store, step by step beside the model.
type machine struct {
	*world
	b        backend
	key      byte
	offline  bool
	proves   bool
	model    expected
	copied   *expected
	owner    secret.Token
	asked    []secret.Token
	answered []secret.Token
	stolen   []secret.Token
	skews    []time.Duration      // of the nodes' clocks
	seen     map[auth.Verdict]int // by the whole test
}

func newMachine(t testing.TB, b backend, client auth.Client, offline bool) *machine {
	t.Helper()
	c := newClock()
	svc := service(t, b.db(), c, newKeys(1))
	w := login(t, b.db(), c, svc, client, func(g *auth.Grant) { g.Offline = offline })
	return &machine{
		world: w, b: b, key: 1, offline: offline, proves: !client.Public, owner: w.first,
		model: expected{Grant: refreshmodel.New(), used: c.now(), token: w.first}, seen: map[auth.Verdict]int{},
		skews: []time.Duration{0},
	}
}

// late tells whether the replay window is closed for a clock that says now.
func (m *machine) late(now time.Time) bool {
	if m.proves {
		return m.model.First < 0
	}
	age := now.Sub(m.model.since)
	return m.model.First < 0 || age >= window || age < -120*time.Second
}

// judge asks the model, clocks and all, and moves it.
func (m *machine) judge(generation int64, now time.Time) auth.Verdict {
	if m.model.ended && !m.offline {
		return auth.Revoked
	}
	g := m.model.Grant
	g.Late = m.late(now)
	verdict, after, _ := refreshmodel.Judge(g, generation)
	idle := auth.DefaultRefreshIdle
	if !m.offline {
		idle = auth.DefaultSessionIdle
	}
	over := now.Sub(m.model.used) >= idle || !now.Before(m.grant.ExpiresAt)
	switch {
	case verdict == refreshmodel.Revoked || verdict == refreshmodel.Reuse:
		m.model.Grant = after
		return auth.Verdict(verdict)
	case over:
		return auth.Expired
	case verdict == refreshmodel.Replay:
		return auth.Replay
	case verdict != refreshmodel.Current || g.Late:
		m.model.since = now
	}
	m.model.Grant, m.model.used = after, now
	return auth.Verdict(verdict)
}

// present hands a token to the server by a node whose clock is off by skew, compares the answers and
// returns the new token (zero: refused).
func (m *machine) present(t testing.TB, rt *rapid.T, token secret.Token, skew time.Duration) secret.Token {
	generation := parse(t, token, newKeys(2)).Generation
	m.clock.advance(skew)
	defer m.clock.advance(-skew)
	want := m.judge(generation, m.clock.now())
	m.seen[want]++
	r, err := m.refresh(t, token)
	if got := verdictOf(t, r, err); got != want {
		rt.Fatalf("generation %d at %v: %s, the model says %s (row %+v)", generation, m.clock.now(), got, want, m.row(t).Chain)
	}
	if !want.Granted() {
		return secret.Token{}
	}
	got := parse(t, r.Token, newKeys(2))
	if got.Generation != m.model.Current || r.Grant.Current != m.model.Current {
		rt.Fatalf("%s hands out generation %d, the model says %d", want, got.Generation, m.model.Current)
	}
	if want == auth.Replay && !r.Token.Equal(m.model.token) {
		rt.Fatalf("a retry got another successor than the first caller")
	}
	m.model.token = r.Token
	return r.Token
}

// check compares the row with the model.
func (m *machine) check(t testing.TB, rt *rapid.T) {
	row := m.row(t)
	if row.Current != m.model.Current || row.First != m.model.First || row.Last != m.model.Last || row.Revoked() != m.model.Dead ||
		!row.Since.Equal(m.model.since) || !row.LastUsedAt.Equal(m.model.used) {
		rt.Fatalf("row %+v, revoked %v\nmodel %+v", row.Chain, row.Revoked(), m.model)
	}
}

func (m *machine) actions(t testing.TB) map[string]func(*rapid.T) {
	take := func(rt *rapid.T, list []secret.Token, name string) int {
		if len(list) == 0 {
			rt.Skip("nothing " + name)
		}
		return rapid.IntRange(0, len(list)-1).Draw(rt, name)
	}
	skew := func(rt *rapid.T) time.Duration {
		return rapid.SampledFrom(m.skews).Draw(rt, "skew")
	}
	return map[string]func(*rapid.T){
		"":    func(rt *rapid.T) { m.check(t, rt) },
		"ask": func(*rapid.T) { m.asked = append(m.asked, m.owner) },
		"execute": func(rt *rapid.T) {
			i := take(rt, m.asked, "asked")
			token := m.asked[i]
			if !rapid.Bool().Draw(rt, "duplicated") {
				m.asked = append(m.asked[:i:i], m.asked[i+1:]...)
			}
			if got := m.present(t, rt, token, skew(rt)); !got.IsZero() {
				m.answered = append(m.answered, got)
			}
		},
		"deliver": func(rt *rapid.T) {
			i := take(rt, m.answered, "answered")
			m.owner = m.answered[i]
			m.answered = append(m.answered[:i:i], m.answered[i+1:]...)
		},
		"lose": func(rt *rapid.T) {
			i := take(rt, m.answered, "answered")
			m.answered = append(m.answered[:i:i], m.answered[i+1:]...)
		},
		"refresh": func(rt *rapid.T) {
			if got := m.present(t, rt, m.owner, 0); !got.IsZero() {
				m.owner = got
			}
		},
		"retry":                  func(rt *rapid.T) { m.present(t, rt, m.owner, 0) },
		"copy the owner's token": func(*rapid.T) { m.stolen = append(m.stolen, m.owner) },
		"thief": func(rt *rapid.T) {
			if got := m.present(t, rt, m.stolen[take(rt, m.stolen, "stolen")], skew(rt)); !got.IsZero() {
				m.stolen = append(m.stolen, got)
			}
		},
		"wait": func(rt *rapid.T) {
			m.clock.advance(rapid.SampledFrom([]time.Duration{
				time.Millisecond, time.Second, window - time.Millisecond, window, window + time.Millisecond, time.Hour, 3 * day,
			}).Draw(rt, "for"))
		},
		"fall back": func(rt *rapid.T) {
			switch {
			case rapid.Bool().Draw(rt, "not now"): // opening a database again costs more than all the rest
				rt.Skip("not now")
			case m.copied == nil:
				m.backup(t)
			default:
				m.fallback(t)
			}
		},
		"stranger":    func(rt *rapid.T) { m.stranger(t, rt) },
		"rare things": func(rt *rapid.T) { m.rare(t, rt) },
	}
}

// stranger presents the owner's token as another client, and forged ones: the row must not notice.
func (m *machine) stranger(t testing.TB, rt *rapid.T) {
	want := auth.Misbound
	if m.model.Dead || m.model.ended && !m.offline {
		want = auth.Revoked
	}
	r, err := m.svc.Refresh(t.Context(), auth.Client{ID: "other", Public: true}, auth.Ask{Refresh: m.owner})
	if got := verdictOf(t, r, err); got != want {
		rt.Fatalf("a stranger: %s, want %s", got, want)
	}
	for _, token := range []secret.Token{
		m.forge(t, 1, m.model.Current, auth.NewGrantSecret()), m.forge(t, 1, m.model.Current+10_001, m.secret(t)),
	} {
		r, err := m.refresh(t, token)
		if got := verdictOf(t, r, err); got != auth.Forged {
			rt.Fatalf("a forged token: %s", got)
		}
	}
}

// rare are the things that end or change a whole history, so they come seldom.
func (m *machine) rare(t testing.TB, rt *rapid.T) {
	switch rapid.SampledFrom([]string{"crash", "key", "revoke", "log-out", "expire", "nothing", "nothing", "nothing"}).Draw(rt, "what") {
	case "crash":
		m.b.crash()
		m.reconnect(t)
	case "key":
		m.key = 2
		m.reconnect(t)
	case "revoke":
		m.revoke(t, store.Selector{Grant: m.grant.ID})
		m.model.Dead = true
	case "log-out":
		m.logout(t)
		m.model.ended, m.model.Dead = true, m.model.Dead || !m.offline
	case "expire":
		m.clock.advance(31 * day)
	}
}

// backup keeps a copy of the database and of the model.
func (m *machine) backup(t testing.TB) {
	m.b.backup(m.world)
	m.reconnect(t)
	kept := m.model
	m.copied = &kept
}

// fallback returns both to the copy.
func (m *machine) fallback(t testing.TB) {
	m.b.fallback(m.world)
	m.reconnect(t)
	m.model = *m.copied
}

func (m *machine) logout(t testing.TB) {
	t.Helper()
	err := m.world.db.Update(t.Context(), func(tx *store.Tx) error {
		if _, err := tx.Sessions.End(t.Context(), m.session.ID, auth.ReasonLogout, m.clock.now()); err != nil {
			return err
		}
		_, err := tx.Grants.Revoke(t.Context(), store.Selector{Session: m.session.ID}, auth.ReasonLogout, m.clock.now(), time.Hour)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}

// reconnect makes the service of a node that has just started.
func (m *machine) reconnect(t testing.TB) {
	m.world.db = m.b.db()
	m.svc = service(t, m.world.db, m.clock, newKeys(m.key))
}

// TestTheStoreAgreesWithTheModel drives the real service and the real store on both engines through
// random histories of refreshes, retries, lost, delayed and duplicated messages, copies, skewed
// clocks, revocations, expiry, crashes, key changes and falls back to an earlier copy.
func TestTheStoreAgreesWithTheModel(t *testing.T) {
	t.Parallel()
	onBackends(t, func(t *testing.T, b backend) {
		seen := map[auth.Verdict]int{}
		rapid.Check(t, func(rt *rapid.T) {
			client := rapid.SampledFrom([]auth.Client{public(), public(), confidential(auth.RefreshRotate)}).Draw(rt, "client")
			m := newMachine(t, b, client, rapid.Bool().Draw(rt, "offline"))
			m.seen = seen
			m.skews = []time.Duration{0, 0, 0, 0, time.Second, -time.Second, -119 * time.Second, -200 * time.Second}
			rt.Repeat(m.actions(t))
		})
		for _, v := range []auth.Verdict{auth.Revoked, auth.Reuse, auth.Expired, auth.Current, auth.Replay, auth.Recover, auth.Ahead} {
			if seen[v] == 0 && !testing.Short() {
				t.Errorf("no history met %s: %v", v, seen)
			}
		}
	})
}
