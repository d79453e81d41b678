package auth

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// verdictCase is one row of the table in docs/refresh.md with exactly what it writes: after is applied
// to the judged row, nil means that nothing is written at all.
type verdictCase struct {
	name  string
	does  []func(*scene)
	want  Verdict
	after func(*Grant)
	event EventKind
}

func verdictCases() []verdictCase {
	moves := func(current, first, last int64, since time.Time) func(*Grant) {
		return func(g *Grant) {
			g.Chain = Chain{Current: current, CurrentKey: 2, First: first, Last: last, Since: since, LastUsedAt: noon}
		}
	}
	began := noon.Add(-10 * time.Second)
	killed := func(g *Grant) { g.RevokedAt, g.RevokedReason = noon, ReasonReuse }
	replayNoted := func(g *Grant) { g.ReplayNotedAt = noon }
	unchanged := func(*Grant) {}
	strangerNoted := func(g *Grant) { g.MisboundNotedAt = noon }
	used := func(g *Grant) { g.LastUsedAt = noon }
	type does = []func(*scene)
	return []verdictCase{
		{"wrong secret", does{wrongSecret}, Forged, unchanged, EventGrantForged},
		{"wrong secret, another client too", does{wrongSecret, otherClient}, Forged, unchanged, EventGrantForged},
		{"impossible generation", does{presents(5 + 10_001)}, Forged, unchanged, EventGrantForged},
		{"grant revoked", does{revoked}, Revoked, nil, ""},
		{"user disabled or deleted", does{userGone}, Revoked, nil, ""},
		{"client disabled or deleted", does{clientGone}, Revoked, nil, ""},
		{"session ended", does{sessionEnded}, Revoked, nil, ""},
		{"session ended, grant offline", does{sessionEnded, offline}, Current, moves(6, 3, 5, began), ""},
		{"another client", does{otherClient}, Misbound, strangerNoted, EventGrantMisbound},
		{"another client, confidential", does{confidential, otherClient}, Misbound, strangerNoted, EventGrantMisbound},
		{"public client, another key", does{bound("k1", "k2")}, Misbound, strangerNoted, EventGrantMisbound},
		{"public client, key missing", does{bound("k1", "")}, Misbound, strangerNoted, EventGrantMisbound},
		{"public client, key never bound", does{bound("", "k1")}, Misbound, strangerNoted, EventGrantMisbound},
		{"confidential client, another key", does{confidential, bound("k1", "k2")}, Current, moves(6, 3, 5, began), ""},
		{"just below first", does{presents(2)}, Reuse, killed, EventGrantReuse},
		{"oldest of all", does{presents(0)}, Reuse, killed, EventGrantReuse},
		{"below current, between last and current", does{func(s *scene) { s.facts.Grant.Current = 7 }, presents(6)}, Reuse, killed, EventGrantReuse},
		{"below current of a grant that knows no burst", does{func(s *scene) { s.facts.Grant.First, s.facts.Grant.Last = -1, -1 }, presents(4)}, Reuse, killed, EventGrantReuse},
		{"reuse long after the window", does{presents(2), burstAge(day)}, Reuse, killed, EventGrantReuse},
		{"reuse by a proving client", does{confidential, presents(2)}, Reuse, killed, EventGrantReuse},
		{"reuse at a fixed client", does{fixed, presents(2)}, Reuse, killed, EventGrantReuse},
		{"idle over", does{idleFor(30 * day)}, Expired, nil, ""},
		{"session idle over", does{sessionIdleFor(7 * day)}, Expired, nil, ""},
		{"absolute end", does{endsIn(0)}, Expired, nil, ""},
		{"current, window open", nil, Current, moves(6, 3, 5, began), ""},
		{"current, window closed", does{burstAge(window)}, Current, moves(6, 5, 5, noon), ""},
		{"current, first rotation of all", does{unrotated}, Current, moves(1, 0, 0, noon), ""},
		{"current, first rotation, proving client", does{unrotated, confidential}, Current, moves(1, 0, 0, noon), ""},
		{"current, proving client, burst of last year", does{confidential, burstAge(365 * day)}, Current, moves(6, 3, 5, noon.Add(-365*day)), ""},
		{"current, sender-constrained, burst of last year", does{bound("k", "k"), burstAge(365 * day)}, Current, moves(6, 3, 5, noon.Add(-365*day)), ""},
		{"current, fixed, clock fresh", does{fixed}, Current, nil, ""},
		{"current, fixed, clock stale", does{fixed, idleFor(time.Hour)}, Current, used, ""},
		{"current, public and bound, fixed by default", does{bound("k", "k"), func(s *scene) { s.facts.Client.Refresh = "" }}, Current, nil, ""},
		{"current, public bearer rotates whatever is configured", does{func(s *scene) { s.facts.Client.Refresh = RefreshFixed }}, Current, moves(6, 3, 5, began), ""},
		{"replay of the last", does{presents(4)}, Replay, replayNoted, EventGrantReplayed},
		{"replay of the first", does{presents(3)}, Replay, replayNoted, EventGrantReplayed},
		{"replay at a fixed client", does{fixed, presents(3)}, Replay, replayNoted, EventGrantReplayed},
		{"recover from the last", does{presents(4), burstAge(window)}, Recover, moves(6, 3, 4, noon), EventGrantRecovered},
		{"recover from the first orphans what came after", does{presents(3), burstAge(window)}, Recover, moves(6, 3, 3, noon), EventGrantRecovered},
		{"ahead, window open", does{presents(9)}, Ahead, moves(10, 3, 9, noon), EventGrantHealed},
		{"ahead, window closed", does{presents(9), burstAge(window)}, Ahead, moves(10, 5, 9, noon), EventGrantHealed},
		{"ahead of a grant never rotated", does{unrotated, presents(1)}, Ahead, moves(2, 0, 1, noon), EventGrantHealed},
		{"ahead at a proving client", does{confidential, presents(9), burstAge(day)}, Ahead, moves(10, 3, 9, noon), EventGrantHealed},
	}
}

func TestEveryCaseOfTheVerdictTable(t *testing.T) {
	t.Parallel()
	for _, c := range verdictCases() {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			s := burst().with(c.does...)
			before := s.facts
			got := s.judge()
			if got.Verdict != c.want {
				t.Fatalf("verdict %s, want %s", got.Verdict, c.want)
			}
			if diff := cmp.Diff(before, s.facts, cmp.Comparer(func(a, b Client) bool { return a.ID == b.ID })); diff != "" {
				t.Errorf("judging changed the facts:\n%s", diff)
			}
			expectChange(t, got.Change, s, c.after, c.event)
		})
	}
}

func expectChange(t *testing.T, got *Change, s *scene, after func(*Grant), kind EventKind) {
	t.Helper()
	if after == nil {
		if got != nil {
			t.Errorf("writes %+v, want nothing", *got)
		}
		return
	}
	if got == nil {
		t.Fatal("writes nothing")
	}
	want := s.facts.Grant
	after(&want)
	expectSame(t, got.Grant, want)
	var kinds []EventKind
	for _, e := range got.Events {
		kinds = append(kinds, e.Kind)
		g := s.facts.Grant
		detail := e.Detail
		e.Detail = ""
		wantEvent := Event{At: s.now, Kind: kind, UserID: g.UserID, SessionID: g.SessionID, GrantID: g.ID, ClientID: g.ClientID, Caller: s.present.Caller}
		if diff := cmp.Diff(wantEvent, e); diff != "" {
			t.Errorf("event (-want +got):\n%s", diff)
		}
		for _, n := range []int64{s.present.Token.Generation, g.Current} {
			if !strings.Contains(detail, fmt.Sprint(n)) {
				t.Errorf("event says %q, want both generations in it (%d)", detail, n)
			}
		}
		if strings.Contains(detail, s.present.Token.Secret.Reveal()) || strings.Contains(detail, "%!") {
			t.Errorf("event says %q", detail)
		}
	}
	if want := compact(kind); !slices.Equal(kinds, want) {
		t.Errorf("events %v, want %v", kinds, want)
	}
	var revocations []Revocation
	if !want.RevokedAt.Equal(s.facts.Grant.RevokedAt) {
		revocations = []Revocation{{Kind: RevokeGrant, Subject: want.ID.String(), At: s.now, Until: s.now.Add(s.rules.RevokeFor)}}
	}
	if diff := cmp.Diff(revocations, got.Revocations); diff != "" {
		t.Errorf("revocations (-want +got):\n%s", diff)
	}
}

func compact(k EventKind) []EventKind {
	if k == "" {
		return nil
	}
	return []EventKind{k}
}

// TestTheFirstMatchingCaseWins makes two cases of the table true at once, for every pair that can be:
// the earlier one has to be the verdict.
func TestTheFirstMatchingCaseWins(t *testing.T) {
	t.Parallel()
	type condition struct {
		name       string
		want       Verdict
		generation bool // it is one about the generation; two of them exclude each other
		make       func(*scene)
	}
	cases := []condition{
		{"wrong secret", Forged, false, wrongSecret},
		{"lead", Forged, true, presents(20_000)},
		{"revoked", Revoked, false, revoked},
		{"user gone", Revoked, false, userGone},
		{"client gone", Revoked, false, clientGone},
		{"session ended", Revoked, false, sessionEnded},
		{"other client", Misbound, false, otherClient},
		{"other key", Misbound, false, func(s *scene) { s.present.Binding = "stolen" }},
		{"reuse", Reuse, true, presents(1)},
		{"idle", Expired, false, idleFor(31 * day)},
		{"session idle", Expired, false, sessionIdleFor(8 * day)},
		{"absolute", Expired, false, endsIn(-day)},
		{"current", Current, true, presents(5)},
		{"replay", Replay, true, presents(4)},
		{"recover", Recover, true, func(s *scene) { s.with(presents(4), burstAge(time.Hour)) }},
		{"ahead", Ahead, true, presents(6)},
	}
	for i, first := range cases {
		for _, second := range cases[i+1:] {
			if first.generation && second.generation {
				continue
			}
			if got := burst().with(second.make, first.make).judge(); got.Verdict != first.want {
				t.Errorf("%s and %s: %s, want %s", first.name, second.name, got.Verdict, first.want)
			}
		}
	}
}

func TestAStrangerNeverEndsTheGrant(t *testing.T) {
	t.Parallel()
	for m := int64(0); m < 12; m++ {
		for _, stranger := range []func(*scene){otherClient, bound("k1", "k2"), wrongSecret} {
			s := burst().with(stranger, presents(m))
			if got := s.judge(); got.Change != nil && got.Change.Grant.Revoked() || got.Verdict.Granted() {
				t.Errorf("generation %d presented by a stranger: %s, revoked; want the grant alive and no token", m, got.Verdict)
			} else if got.Change != nil && got.Change.Grant.Chain != s.facts.Grant.Chain {
				t.Errorf("generation %d presented by a stranger moves the chain", m)
			}
		}
	}
}

func TestStrangerNamesInEventsAreCut(t *testing.T) {
	t.Parallel()
	s := burst().with(func(s *scene) { s.present.ClientID = strings.Repeat("x", 500) + "\n" })
	if d := s.judge().Change.Events[0].Detail; len(d) > 300 || strings.ContainsAny(d, "\n\r\x00") {
		t.Errorf("detail of %d bytes: %q", len(d), d)
	}
}

func TestGrantedVerdictsAreThoseThatYieldTokens(t *testing.T) {
	t.Parallel()
	for v, want := range map[Verdict]bool{
		Malformed: false, Unknown: false, Forged: false, Revoked: false, Misbound: false, Reuse: false, Expired: false,
		Current: true, Replay: true, Recover: true, Ahead: true, "": false, "nonsense": false,
	} {
		if v.Granted() != want {
			t.Errorf("%q.Granted() = %v", v, !want)
		}
		if known := v != "" && v != "nonsense"; (v.Rule() != "no such verdict") != known {
			t.Errorf("%q.Rule() = %q", v, v.Rule())
		}
	}
}
