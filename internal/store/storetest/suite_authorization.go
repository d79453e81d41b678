package storetest

import (
	"errors"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/daypass/daypass/internal/auth"
	"github.com/daypass/daypass/internal/store"
	"github.com/daypass/daypass/oauth"
)

func authorizationCases() []testCase {
	return []testCase{
		{"a code comes back as it was stored", testCodeRoundTrip},
		{"of several callers one uses a code", testCodeRace},
		{"codes and interactions are swept", testAuthorizationSweep},
		{"a consent is the only one of its user and client", testConsents},
		{"a request is answered once", testInteractions},
		{"of several callers one uses an assertion, until it is swept", testAssertions},
		{"what a user gave a client is found and ended", testHolders},
	}
}

func aCode() auth.AuthorizationCode {
	age := int64(60)
	return auth.AuthorizationCode{
		Hash: [32]byte{1}, UserID: auth.NewID(now()), SessionID: auth.NewID(now()), AuthTime: now(), AMR: []string{"pwd"}, ACR: "1",
		CreatedAt: now(), ExpiresAt: now().Add(time.Minute), Request: auth.AuthorizationRequest{
			ClientID: "app", RedirectURI: "https://app.example/cb?ö=1", State: "<\x7f>", Scopes: []string{"openid"}, Prompts: []oauth.Prompt{oauth.PromptLogin},
			MaxAge: &age, Claims: auth.ClaimsRequest{UserInfo: []string{"name"}},
		},
	}
}

func testCodeRoundTrip(t *testing.T, db *store.DB) {
	c := aCode()
	update(t, db, func(tx *store.Tx) error { return tx.Codes.Insert(t.Context(), c) })
	find := func() auth.AuthorizationCode {
		return ask(t, db, func(tx *store.Tx) (auth.AuthorizationCode, error) { return tx.Codes.Find(t.Context(), c.Hash) })
	}
	same(t, "code", find(), c)
	grant := auth.NewID(now())
	update(t, db, func(tx *store.Tx) error {
		_, err := tx.Codes.Use(t.Context(), c.Hash, grant, now().Add(time.Second))
		return err
	})
	c.UsedAt, c.GrantID = now().Add(time.Second), grant
	same(t, "used code", find(), c)
	err := db.View(t.Context(), func(tx *store.Tx) error { _, err := tx.Codes.Find(t.Context(), [32]byte{2}); return err })
	if !errors.Is(err, auth.ErrNotFound) {
		t.Errorf("another hash: %v, want not found", err)
	}
}

func testCodeRace(t *testing.T, db *store.DB) {
	c := aCode()
	update(t, db, func(tx *store.Tx) error { return tx.Codes.Insert(t.Context(), c) })
	var all sync.WaitGroup
	won := make(chan bool, 20)
	for range cap(won) {
		all.Go(func() {
			won <- ask(t, db, func(tx *store.Tx) (bool, error) { return tx.Codes.Use(t.Context(), c.Hash, auth.NewID(now()), now()) })
		})
	}
	all.Wait()
	n := 0
	for range cap(won) {
		if <-won {
			n++
		}
	}
	if n != 1 {
		t.Errorf("%d used it, want one", n)
	}
}

func testAuthorizationSweep(t *testing.T, db *store.DB) {
	old, young := aCode(), aCode()
	young.Hash, young.ExpiresAt = [32]byte{2}, now().Add(time.Hour)
	first, second := auth.NewID(now()), auth.NewID(now())
	update(t, db, func(tx *store.Tx) error {
		_, err1 := tx.Interactions.Finish(t.Context(), first, now(), now().Add(time.Minute))
		_, err2 := tx.Interactions.Finish(t.Context(), second, now(), now().Add(time.Hour))
		return errors.Join(tx.Codes.Insert(t.Context(), old), tx.Codes.Insert(t.Context(), young), err1, err2)
	})
	for name, sweep := range map[string]func(*store.Tx) (int64, error){
		"codes": func(tx *store.Tx) (int64, error) { return tx.Codes.Sweep(t.Context(), now().Add(2*time.Minute), 10) },
		"interactions": func(tx *store.Tx) (int64, error) {
			return tx.Interactions.Sweep(t.Context(), now().Add(2*time.Minute), 10)
		},
	} {
		for _, want := range []int64{1, 0} {
			if got := ask(t, db, sweep); got != want {
				t.Errorf("%s: %d swept, want %d", name, got, want)
			}
		}
	}
}

func testConsents(t *testing.T, db *store.DB) {
	user, other := auth.NewID(now()), auth.NewID(now())
	c := auth.Consent{UserID: user, ClientID: "app"}.With([]string{"openid"}, nil, now())
	wider := c.With([]string{"email"}, []string{"https://api.example"}, now().Add(time.Minute))
	for _, put := range []auth.Consent{c, wider, {UserID: other, ClientID: "app", CreatedAt: now(), UpdatedAt: now()}} {
		update(t, db, func(tx *store.Tx) error { return tx.Consents.Put(t.Context(), put) })
	}
	same(t, "consents", ask(t, db, func(tx *store.Tx) ([]auth.Consent, error) { return tx.Consents.OfUser(t.Context(), user) }), []auth.Consent{wider})
	for at, want := range map[time.Time]bool{now(): true, now().Add(-time.Millisecond): false} { // since then, whatever was added later
		if got := ask(t, db, func(tx *store.Tx) (bool, error) { return tx.Consents.Claim(t.Context(), user, "app", at) }); got != want {
			t.Errorf("claimed as of %s: %v, want %v", at, got, want)
		}
	}
	for _, want := range []bool{true, false} {
		if got := ask(t, db, func(tx *store.Tx) (bool, error) { return tx.Consents.Delete(t.Context(), user, "app") }); got != want {
			t.Errorf("deleted: %v, want %v", got, want)
		}
	}
	update(t, db, func(tx *store.Tx) error { return tx.Consents.DeleteOf(t.Context(), auth.ID{}, "app") })
	err := db.View(t.Context(), func(tx *store.Tx) error { _, err := tx.Consents.Find(t.Context(), other, "app"); return err })
	if !errors.Is(err, auth.ErrNotFound) {
		t.Errorf("after the client is gone: %v, want not found", err)
	}
}

func testInteractions(t *testing.T, db *store.DB) {
	id, session := auth.NewID(now()), auth.NewID(now())
	find := func() auth.Interaction {
		return ask(t, db, func(tx *store.Tx) (auth.Interaction, error) { return tx.Interactions.Find(t.Context(), id) })
	}
	same(t, "nothing yet", find(), auth.Interaction{ID: id})
	i := auth.Interaction{ID: id, LoggedIn: session}
	update(t, db, func(tx *store.Tx) error { return tx.Interactions.Put(t.Context(), i, now().Add(time.Hour)) })
	same(t, "logged in", find(), i)
	i.Allowed = session
	update(t, db, func(tx *store.Tx) error { return tx.Interactions.Put(t.Context(), i, now().Add(time.Hour)) })
	for _, of := range []auth.ID{id, auth.NewID(now())} { // with a row, and without
		for _, want := range []bool{true, false} {
			if got := ask(t, db, func(tx *store.Tx) (bool, error) {
				return tx.Interactions.Finish(t.Context(), of, now(), now().Add(time.Hour))
			}); got != want {
				t.Errorf("finished: %v, want %v", got, want)
			}
		}
	}
	i.FinishedAt = now()
	same(t, "finished", find(), i)
}

func testHolders(t *testing.T, db *store.DB) {
	w, other := settle(t, db), settle(t, db)
	holders := func() []auth.Holder {
		return ask(t, db, func(tx *store.Tx) ([]auth.Holder, error) { return tx.Grants.Holders(t.Context(), w.user.ID, now()) })
	}
	same(t, "holders", holders(), []auth.Holder{{ClientID: w.client.ID, Grants: 1, LastUse: w.grant.LastUsedAt, Offline: w.grant.Offline}})
	ended := ask(t, db, func(tx *store.Tx) ([]auth.ID, error) {
		return tx.Grants.RevokeOf(t.Context(), w.user.ID, w.client.ID, auth.ReasonConsentTaken, now(), keep)
	})
	same(t, "ended", ended, []auth.ID{w.grant.ID})
	if got := holders(); len(got) != 0 {
		t.Errorf("afterwards: %v", got)
	}
	if !ask(t, db, func(tx *store.Tx) (bool, error) {
		return tx.Revocations.Contains(t.Context(), auth.RevokeGrant, w.grant.ID.String())
	}) {
		t.Error("not published")
	}
	f := ask(t, db, func(tx *store.Tx) (auth.RefreshFacts, error) {
		f, _, err := tx.Grants.Facts(t.Context(), other.grant.ID)
		return f, err
	})
	if f.Grant.Revoked() {
		t.Error("another user's grant was ended")
	}
}

func testAssertions(t *testing.T, db *store.DB) {
	until := now().Add(time.Minute)
	use := func(hash byte) bool {
		return ask(t, db, func(tx *store.Tx) (bool, error) { return tx.Assertions.Use(t.Context(), [32]byte{hash}, until) })
	}
	var wins atomic.Int64
	var all sync.WaitGroup
	for range 8 {
		all.Go(func() {
			if use(1) {
				wins.Add(1)
			}
		})
	}
	all.Wait()
	if wins.Load() != 1 || !use(2) {
		t.Errorf("%d of 8 used one assertion, want 1; another one must be free", wins.Load())
	}
	sweep := func(at time.Time) int64 {
		return ask(t, db, func(tx *store.Tx) (int64, error) { return tx.Assertions.Sweep(t.Context(), at, 10) })
	}
	if kept, gone := sweep(until), sweep(until.Add(time.Millisecond)); kept != 0 || gone != 2 {
		t.Errorf("swept %d before their end and %d after it, want 0 and 2", kept, gone)
	}
}
