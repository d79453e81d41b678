package auth

import (
	"testing"
	"time"

	"github.com/daypass/daypass/tools/refreshmodel"
)

// TestJudgeAgreesWithTheModelInEveryReachableState visits what owners, thieves, lost, duplicated and
// delayed messages and falling databases can bring about, and asks both judges.
func TestJudgeAgreesWithTheModelInEveryReachableState(t *testing.T) {
	t.Parallel()
	type asked struct {
		grant     refreshmodel.Grant
		presented int64
	}
	seen := map[asked]bool{}
	verdicts := map[refreshmodel.Verdict]int{}
	see := func(g refreshmodel.Grant, m int64) {
		if q := (asked{g, m}); !seen[q] {
			seen[q] = true
			verdicts[compareWithModel(t, g, m)]++
		}
	}
	refreshmodel.OwnerAlone(1, false, 6, see)
	refreshmodel.OwnerAlone(3, false, 4, see)
	refreshmodel.OwnerAlone(1, true, 6, see)
	refreshmodel.OwnerAlone(2, true, 4, see)
	refreshmodel.WithThief(false, 6, see)
	refreshmodel.WithThief(true, 4, see)
	for g := range seen { // and the same rows with every generation that nobody holds
		for m := range int64(9) {
			see(g.grant, m)
		}
	}
	for _, v := range []refreshmodel.Verdict{"Revoked", "Reuse", "Current", "Replay", "Recover", "Ahead"} {
		if verdicts[v] < 5 {
			t.Errorf("%s was asked %d times only: %v", v, verdicts[v], verdicts)
		}
	}
}

// compareWithModel dresses a model's grant as a row, judges both and compares verdict and row.
func compareWithModel(t *testing.T, g refreshmodel.Grant, m int64) refreshmodel.Verdict {
	t.Helper()
	age := time.Second
	if g.Late {
		age = window
	}
	s := burst().with(presents(m), func(s *scene) {
		c := &s.facts.Grant.Chain
		c.Current, c.First, c.Last = g.Current, g.First, g.Last
	}, burstAge(age))
	if g.Dead {
		s.with(revoked)
	}
	verdict, after, answer := refreshmodel.Judge(g, m)
	got := s.judge()
	if string(got.Verdict) != string(verdict) || got.Verdict.Granted() != (answer != refreshmodel.None) {
		t.Errorf("%+v presented %d: %s, the model says %s", g, m, got.Verdict, verdict)
		return verdict
	}
	row := s.facts.Grant
	if got.Change != nil {
		row = got.Change.Grant
	}
	late := row.First < 0 || s.now.Sub(row.Since) >= window
	if is := (refreshmodel.Grant{Current: row.Current, First: row.First, Last: row.Last, Late: late, Dead: row.Revoked()}); is != after {
		t.Errorf("%+v presented %d: becomes %+v, the model says %+v", g, m, is, after)
	}
	if got.Verdict.Granted() && row.Current != answer {
		t.Errorf("%+v presented %d: the answer holds %d, the model says %d", g, m, row.Current, answer)
	}
	return verdict
}
