package grants_test

import (
	"context"
	"errors"
	"slices"
	"testing"
	"time"

	"github.com/daypass/daypass/internal/auth"
	"github.com/daypass/daypass/internal/grants"
	"github.com/daypass/daypass/internal/secret"
	"github.com/daypass/daypass/internal/store"
	"github.com/daypass/daypass/oauth"
)

// TestTheStoryOfAToken walks one grant through every verdict that a life can meet.
func TestTheStoryOfAToken(t *testing.T) {
	t.Parallel()
	onEngines(t, public(), func(t *testing.T, w *world) {
		second := w.expect(t, w.first, auth.Current)
		if again := w.expect(t, w.first, auth.Replay); !again.Equal(second) {
			t.Error("a retry got another successor")
		}
		w.clock.advance(window)
		third := w.expect(t, w.first, auth.Recover)
		if third.Equal(second) {
			t.Error("a recovery handed the orphan out again")
		}
		w.clock.advance(window)
		fourth := w.expect(t, third, auth.Current)
		w.clock.advance(window)
		w.expect(t, second, auth.Reuse) // whoever presents an orphan proves the copy
		w.expect(t, fourth, auth.Revoked)
		want := []auth.EventKind{auth.EventGrantReuse, auth.EventGrantRecovered, auth.EventGrantReplayed}
		got := w.events(t)
		slices.Sort(got)
		slices.Sort(want)
		if !slices.Equal(got, want) {
			t.Errorf("events %v, want %v", got, want)
		}
		if row := w.row(t); row.RevokedReason != auth.ReasonReuse {
			t.Errorf("ended because of %q", row.RevokedReason)
		}
	})
}

func TestGarbageIsRefusedWithoutAskingTheDatabase(t *testing.T) {
	t.Parallel()
	c := newClock()
	svc := service(t, store.New(nil), c, newKeys(1)) // asking it would panic
	for _, s := range []string{"", "dpr_", "x", string(make([]byte, 1<<20))} {
		r, err := svc.Refresh(t.Context(), public(), auth.Ask{Refresh: secret.FromString(s)})
		if got := verdictOf(t, r, err); got != auth.Malformed {
			t.Errorf("%d bytes: %s", len(s), got)
		}
	}
	unknown, err := auth.RefreshToken{Key: 2, Secret: auth.NewGrantSecret()}.Encode(newKeys(2))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := svc.Refresh(t.Context(), public(), auth.Ask{Refresh: unknown}); !errors.Is(err, auth.ErrKeyUnknown) {
		t.Errorf("a key that is not loaded here: %v, want ErrKeyUnknown", err)
	}
}

func TestARowThatIsNotThereIsUnknown(t *testing.T) {
	t.Parallel()
	onEngines(t, public(), func(t *testing.T, w *world) {
		w.grant.ID = auth.NewID(w.clock.now())
		w.expect(t, w.forge(t, 1, 0, auth.NewGrantSecret()), auth.Unknown)
	})
}

// The alarm must not depend on whether the grant is alive, and must never become a 503.
func TestAForgedTokenIsAnAlarmWhateverTheGrantIs(t *testing.T) {
	t.Parallel()
	onEngines(t, public(), func(t *testing.T, w *world) {
		wrong := w.forge(t, 1, 0, auth.NewGrantSecret())
		far := w.forge(t, 1, 10_001, w.secret(t))
		w.expect(t, wrong, auth.Forged)
		w.expect(t, far, auth.Forged)
		if got := w.events(t); !slices.Equal(got, []auth.EventKind{auth.EventGrantForged, auth.EventGrantForged}) {
			t.Errorf("events %v, want every one", got)
		}
		w.revoke(t, store.Selector{Grant: w.grant.ID})
		w.expect(t, wrong, auth.Forged)
		w.expect(t, far, auth.Forged)
		w.expect(t, w.first, auth.Revoked)
		if got := w.events(t); len(got) != 4 {
			t.Errorf("events %v, want two more", got)
		}
		if row := w.row(t); row.RevokedReason != auth.ReasonAdmin || row.Current != 0 {
			t.Errorf("an alarm changed the row: %+v", row)
		}
	})
}

func (w *world) revoke(t testing.TB, sel store.Selector) {
	t.Helper()
	err := w.db.Update(t.Context(), func(tx *store.Tx) error {
		_, err := tx.Grants.Revoke(t.Context(), sel, auth.ReasonAdmin, w.clock.now(), time.Hour)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}

// A thief chooses the bytes of its User-Agent. They must not be able to save it.
func TestNoByteOfTheCallerStopsTheEndOfAStolenGrant(t *testing.T) {
	t.Parallel()
	onEngines(t, public(), func(t *testing.T, w *world) {
		token := w.expect(t, w.first, auth.Current)
		w.clock.advance(window)
		w.expect(t, token, auth.Current)
		caller := auth.Caller{IP: "\x00", UserAgent: "\xff\xfe\x00"}
		r, err := w.svc.Refresh(t.Context(), w.client, auth.Ask{Refresh: w.first, Caller: caller})
		if got := verdictOf(t, r, err); got != auth.Reuse || !w.row(t).Revoked() {
			t.Errorf("%s, row revoked %v", got, w.row(t).Revoked())
		}
	})
}

func TestAStrangerDoesNotLogTheOwnerOut(t *testing.T) {
	t.Parallel()
	onEngines(t, public(), func(t *testing.T, w *world) {
		token := w.expect(t, w.first, auth.Current)
		for range 3 {
			for _, stolen := range []secret.Token{w.first, token} {
				for _, by := range []auth.Client{{ID: "other", Public: true}, {ID: "other"}} {
					r, err := w.svc.Refresh(t.Context(), by, auth.Ask{Refresh: stolen})
					if got := verdictOf(t, r, err); got != auth.Misbound {
						t.Errorf("%+v: %s", by, got)
					}
				}
				r, err := w.svc.Refresh(t.Context(), w.client, auth.Ask{Refresh: stolen, Binding: "thumbprint"})
				if got := verdictOf(t, r, err); got != auth.Misbound {
					t.Errorf("another key: %s", got)
				}
			}
		}
		if got := w.events(t); !slices.Equal(got, []auth.EventKind{auth.EventGrantMisbound}) {
			t.Errorf("events %v, want one an hour", got)
		}
		w.expect(t, token, auth.Current)
	})
}

func TestABoundGrantAsksForItsKey(t *testing.T) {
	t.Parallel()
	onEngines(t, public(), func(t *testing.T, w *world) {
		rotating := auth.Client{ID: "dpop", Public: true, Refresh: auth.RefreshRotate}
		w = login(t, w.db, w.clock, w.svc, rotating, func(g *auth.Grant) { g.Binding = "k" })
		by := func(token secret.Token, key string, want auth.Verdict) secret.Token {
			t.Helper()
			r, err := w.svc.Refresh(t.Context(), w.client, auth.Ask{Refresh: token, Binding: key})
			if got := verdictOf(t, r, err); got != want {
				t.Fatalf("key %q: %s, want %s", key, got, want)
			}
			return r.Token
		}
		second := by(w.first, "k", auth.Current)
		by(second, "", auth.Misbound)
		by(second, "l", auth.Misbound)
		w.clock.advance(5 * day)
		if again := by(w.first, "k", auth.Replay); !again.Equal(second) {
			t.Error("another successor")
		}
		by(second, "k", auth.Current)
	})
}

func TestTooMuchIsRefusedBeforeAnythingMoves(t *testing.T) {
	t.Parallel()
	onEngines(t, public(), func(t *testing.T, w *world) {
		for _, c := range []struct {
			scopes, resources []string
			want              oauth.ErrorCode
		}{
			{[]string{"read", "write"}, nil, oauth.InvalidScope},
			{nil, []string{"https://other.example"}, oauth.InvalidTarget},
		} {
			_, err := w.svc.Refresh(t.Context(), w.client, auth.Ask{Refresh: w.first, Scopes: c.scopes, Resources: c.resources})
			var refused *oauth.Error
			if !errors.As(err, &refused) || refused.Code != c.want {
				t.Errorf("%v %v: %v, want %s", c.scopes, c.resources, err, c.want)
			}
		}
		lost := auth.Client{ID: w.client.ID, Public: true} // what the client lost since counts as not granted
		var refused *oauth.Error
		if _, err := w.svc.Refresh(t.Context(), lost, auth.Ask{Refresh: w.first, Scopes: []string{"read"}}); !errors.As(err, &refused) {
			t.Errorf("a scope the client lost: %v, want a refusal", err)
		}
		if row := w.row(t); row.Current != 0 {
			t.Errorf("generation %d", row.Current)
		}
		r, err := w.svc.Refresh(t.Context(), w.client, auth.Ask{Refresh: w.first, ExpectGrant: auth.NewID(w.clock.now())})
		if got := verdictOf(t, r, err); got != auth.Misbound || w.row(t).Current != 0 {
			t.Errorf("another grant than the cookie's: %s, generation %d", got, w.row(t).Current)
		}
		r, err = w.svc.Refresh(t.Context(), w.client, auth.Ask{
			Refresh: w.first, Scopes: []string{"read"}, Resources: []string{"https://api.example"}, ExpectGrant: w.grant.ID,
		})
		if got := verdictOf(t, r, err); got != auth.Current || !slices.Equal(r.Roles, []string{"reader"}) {
			t.Errorf("%s with roles %v", got, r.Roles)
		}
	})
}

func TestARefreshThatWaitedTooLongIsNotExecuted(t *testing.T) {
	t.Parallel()
	onEngines(t, public(), func(t *testing.T, w *world) {
		for _, waited := range []time.Duration{10 * time.Second, time.Minute} {
			_, err := w.svc.Refresh(t.Context(), w.client, auth.Ask{Refresh: w.first, Arrived: w.clock.now().Add(-waited)})
			if !errors.Is(err, store.ErrUnavailable) {
				t.Errorf("waited %v: %v, want ErrUnavailable", waited, err)
			}
		}
		if row := w.row(t); row.Current != 0 {
			t.Errorf("generation %d: it was executed", row.Current)
		}
		w.expect(t, w.first, auth.Current)
	})
}

// A client that hangs up must not leave its token half spent.
func TestARefreshOutlivesItsCaller(t *testing.T) {
	t.Parallel()
	onEngines(t, public(), func(t *testing.T, w *world) {
		gone, cancel := context.WithCancel(t.Context())
		cancel()
		r, err := w.svc.Refresh(gone, w.client, auth.Ask{Refresh: w.first})
		if got := verdictOf(t, r, err); got != auth.Current {
			t.Errorf("%s", got)
		}
		if again := w.expect(t, w.first, auth.Replay); !again.Equal(r.Token) {
			t.Error("the retry got another successor")
		}
	})
}

func TestFixedTokensStayAsTheyAre(t *testing.T) {
	t.Parallel()
	onEngines(t, confidential(auth.RefreshFixed), func(t *testing.T, w *world) {
		for range 40 {
			if token := w.expect(t, w.first, auth.Current); !token.Equal(w.first) {
				t.Fatal("a fixed token changed")
			}
			w.clock.advance(20 * time.Minute)
		}
		row := w.row(t)
		if row.Current != 0 || row.First != -1 {
			t.Errorf("chain %+v", row.Chain)
		}
		if age := w.clock.now().Sub(row.LastUsedAt); age > time.Hour+20*time.Minute {
			t.Errorf("idle clock %v behind", age)
		}
		w.clock.advance(7 * day)
		w.expect(t, w.first, auth.Expired)
	})
}

// A retry gets the same characters although another master key has become active since.
func TestARetryGetsTheSameCharactersAcrossAKeyChange(t *testing.T) {
	t.Parallel()
	onEngines(t, public(), func(t *testing.T, w *world) {
		second := w.expect(t, w.first, auth.Current)
		w.svc = service(t, w.db, w.clock, newKeys(2))
		if again := w.expect(t, w.first, auth.Replay); !again.Equal(second) {
			t.Error("another successor under the new key")
		}
		third := w.expect(t, second, auth.Current)
		if got := parse(t, third, newKeys(2)).Key; got != 2 {
			t.Errorf("the new generation is made with key %d", got)
		}
		w.svc = service(t, w.db, w.clock, newKeys(1)) // a node that has not loaded the new key
		if _, err := w.refresh(t, third); !errors.Is(err, auth.ErrKeyUnknown) {
			t.Errorf("%v, want ErrKeyUnknown", err)
		}
		if _, err := w.refresh(t, second); !errors.Is(err, auth.ErrKeyUnknown) {
			t.Errorf("retry at the old node: %v, want ErrKeyUnknown, not a refusal", err)
		}
	})
}

func TestAClientRevokesByAnyGeneration(t *testing.T) {
	t.Parallel()
	onEngines(t, public(), func(t *testing.T, w *world) {
		token := w.expect(t, w.first, auth.Current)
		revoke := func(client string, token secret.Token) bool {
			t.Helper()
			ok, err := w.svc.Revoke(t.Context(), client, token, auth.Caller{})
			if err != nil {
				t.Fatal(err)
			}
			return ok
		}
		if revoke("other", token) || revoke("app", secret.FromString("x")) || revoke("app", w.forge(t, 1, 1, auth.NewGrantSecret())) {
			t.Error("somebody else's wish was granted")
		}
		if w.row(t).Revoked() {
			t.Fatal("revoked")
		}
		if !revoke("app", w.first) || !revoke("app", token) {
			t.Error("the client's own wish was refused")
		}
		w.expect(t, token, auth.Revoked)
		if got := w.events(t); !slices.Equal(got, []auth.EventKind{auth.EventGrantRevoked}) {
			t.Errorf("events %v", got)
		}
	})
}

func TestInspectionChangesNothing(t *testing.T) {
	t.Parallel()
	onEngines(t, public(), func(t *testing.T, w *world) {
		token := w.expect(t, w.first, auth.Current)
		before := w.row(t)
		for _, c := range []struct {
			wait time.Duration
			want auth.Verdict
			open bool
		}{{0, auth.Replay, true}, {window, auth.Recover, false}} {
			w.clock.advance(c.wait)
			in, err := w.svc.Inspect(t.Context(), w.first)
			if err != nil || in.Verdict != c.want || in.WindowEnd.IsZero() == c.open || in.Presented != 0 {
				t.Errorf("%+v, %v; want %s", in, err, c.want)
			}
		}
		if after := w.row(t); after.Chain != before.Chain || after.ReplayNotedAt != before.ReplayNotedAt {
			t.Error("the row changed")
		}
		w.expect(t, token, auth.Current)
		var refused *auth.Refused
		if _, err := w.svc.Inspect(t.Context(), secret.FromString("x")); !errors.Is(err, auth.ErrMalformed) {
			t.Errorf("garbage: %v", err)
		}
		w.grant.ID = auth.NewID(w.clock.now())
		if _, err := w.svc.Inspect(t.Context(), w.forge(t, 1, 0, auth.NewGrantSecret())); !errors.As(err, &refused) || refused.Verdict != auth.Unknown {
			t.Errorf("no row: %v", err)
		}
	})
}

func TestAServiceNeedsAllOfItsParts(t *testing.T) {
	t.Parallel()
	whole := grants.Config{DB: store.New(nil), Keys: newKeys(1), Rules: rules(), Lifetime: day, Now: time.Now}
	if _, err := grants.New(whole); err != nil {
		t.Fatal(err)
	}
	for name, drop := range map[string]func(*grants.Config){
		"database": func(c *grants.Config) { c.DB = nil }, "keys": func(c *grants.Config) { c.Keys = nil },
		"clock": func(c *grants.Config) { c.Now = nil }, "lifetime": func(c *grants.Config) { c.Lifetime = 0 },
		"idle": func(c *grants.Config) { c.Rules.Idle = 0 }, "session idle": func(c *grants.Config) { c.Rules.SessionIdle = 0 },
		"time to keep revocations": func(c *grants.Config) { c.Rules.RevokeFor = 0 },
	} {
		c := whole
		drop(&c)
		if _, err := grants.New(c); err == nil {
			t.Errorf("without its %s: no error", name)
		}
	}
}
