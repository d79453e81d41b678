package storetest

import (
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/daypass/daypass/internal/auth"
	"github.com/daypass/daypass/internal/secret"
	"github.com/daypass/daypass/internal/store"
)

// rowsPerCheck is how many random rows one check of the property draws.
const rowsPerCheck = 4

// question is a random row with somebody who presents a token of it, at a random time.
type question struct {
	world
	present auth.Presentation
	rules   auth.RefreshRules
	now     time.Time
}

// testRotateIsJudge draws rows, clients, clocks and windows at random: the hot statement moves exactly
// when auth.Judge says Current to a client that rotates (and the row alone can tell), it leaves exactly
// Judge's chain behind, and whatever else Judge writes is what Apply stores.
func testRotateIsJudge(t *testing.T, db *store.DB) {
	base := settle(t, db)
	rapid.Check(t, func(rt *rapid.T) {
		for range rowsPerCheck {
			checkQuestion(t, rt, db, drawQuestion(rt, base))
		}
	})
}

func drawQuestion(rt *rapid.T, base world) question {
	const ms = time.Millisecond
	pick := func(name string, all ...time.Duration) time.Duration { return rapid.SampledFrom(all).Draw(rt, name) }
	often := func(name string) bool { return rapid.IntRange(0, 7).Draw(rt, name) > 0 }
	q := question{world: base, rules: rules()}
	q.now = now().Add(time.Duration(rapid.IntRange(0, 999_999).Draw(rt, "nanoseconds")))
	q.rules.Window = pick("window", 0, ms, 30*time.Second, day)
	q.client = auth.Client{ID: "app-" + rapid.StringMatching(`[a-z0-9]{12}`).Draw(rt, "client"), Public: rapid.Bool().Draw(rt, "public")}
	q.client.Refresh = rapid.SampledFrom([]auth.RefreshPolicy{"", auth.RefreshFixed, auth.RefreshRotate}).Draw(rt, "policy")

	g := aGrant(base.session, q.client.ID)
	g.Current = rapid.OneOf(rapid.Int64Range(0, 8), rapid.Int64Range(auth.MaxGeneration-3, auth.MaxGeneration)).Draw(rt, "current")
	g.First, g.Last, g.Since = -1, -1, time.Time{}
	if g.Current > 0 && often("rotated") {
		g.Last = rapid.Int64Range(max(g.Current-4, 0), g.Current-1).Draw(rt, "last")
		g.First = rapid.Int64Range(max(g.Last-4, 0), g.Last).Draw(rt, "first")
		g.Since = now().Add(-pick("burst age", -365*day, -120*time.Second-ms, -120*time.Second, -ms, 0, ms, 30*time.Second-ms, 30*time.Second, 30*time.Second+ms, day-ms, day))
	}
	g.Offline = rapid.Bool().Draw(rt, "offline")
	g.LastUsedAt = now().Add(-pick("idle", 0, -ms, -day, time.Hour, 7*day-ms, 7*day, 30*day-ms, 30*day))
	g.ExpiresAt = now().Add(pick("left", day, day, day, ms, 0, -ms))
	g.Binding = rapid.SampledFrom([]string{"", "", "k"}).Draw(rt, "bound")
	if !often("alive") {
		g.RevokedAt = now()
	}
	q.grant = g

	p := auth.Presentation{Token: auth.RefreshToken{GrantID: g.ID, Secret: grantSecret()}, ClientID: g.ClientID, Binding: g.Binding}
	p.Token.Generation = g.Current + rapid.SampledFrom([]int64{0, 0, 0, 0, -1, -2, -3, -5, 1, 2, 10_000, 10_001}).Draw(rt, "presented")
	if !often("right secret") {
		p.Token.Secret = secret.New([]byte("another secret.."))
	}
	if !often("right client") {
		p.ClientID = "other"
	}
	if !often("right key") {
		p.Binding += "x"
	}
	q.present = p
	return q
}

func checkQuestion(t *testing.T, rt *rapid.T, db *store.DB, q question) {
	ctx := t.Context()
	err := db.Update(ctx, func(tx *store.Tx) error {
		if _, err := tx.Clients.Insert(ctx, q.client); err != nil {
			return err
		}
		return tx.Grants.Insert(ctx, q.grant)
	})
	if err != nil {
		rt.Fatalf("insert: %v", err)
	}
	f, _ := facts(t, db, q.grant.ID)
	ruling := auth.Judge(f, q.present, q.rules, q.now)
	var got rotation
	if q.client.Rotates(q.present.Binding) {
		got = rotate(t, db, store.Swap{
			Grant: q.grant.ID, SecretHash: q.present.Token.Secret.Hash(), Generation: q.present.Token.Generation, ClientID: q.present.ClientID,
			Binding: q.present.Binding, Public: q.client.Public, Proves: q.client.Proves(q.present.Binding), Rules: q.rules, Now: q.now,
		})
		// Beyond its own idle limit only another grant of the session can keep it alive, which the row does not tell.
		rowTells := q.now.Sub(q.grant.LastUsedAt) < q.rules.IdleLimit(q.grant.Offline)
		if want := ruling.Verdict == auth.Current && rowTells; got.moved != want {
			rt.Fatalf("moved %v, and the verdict is %s", got.moved, ruling.Verdict)
		}
	}
	want := f.Grant
	if ruling.Change != nil {
		want = atMillis(ruling.Change.Grant)
		if !got.moved && !apply(t, db, f.Grant, *ruling.Change) {
			rt.Fatalf("the change of %s was not applied to the row that was judged", ruling.Verdict)
		}
	}
	after, _ := facts(t, db, q.grant.ID)
	if after.Grant.Chain != want.Chain || after.Grant.RevokedAt != want.RevokedAt ||
		after.Grant.ReplayNotedAt != want.ReplayNotedAt || after.Grant.MisboundNotedAt != want.MisboundNotedAt {
		rt.Fatalf("verdict %s leaves\n%+v, want\n%+v", ruling.Verdict, after.Grant, want)
	}
	if got.moved && got.grant.Chain != want.Chain {
		rt.Fatalf("the rotation answers %+v, want %+v", got.grant.Chain, want.Chain)
	}
}

// atMillis cuts the times that a verdict sets as the store does.
func atMillis(g auth.Grant) auth.Grant {
	for _, at := range []*time.Time{&g.Since, &g.LastUsedAt, &g.RevokedAt, &g.ReplayNotedAt, &g.MisboundNotedAt} {
		if !at.IsZero() {
			*at = time.UnixMilli(at.UnixMilli()).UTC()
		}
	}
	return g
}
