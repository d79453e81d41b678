package storetest

import (
	"crypto/sha256"
	"errors"
	"slices"
	"testing"
	"time"

	"github.com/daypass/daypass/internal/auth"
	"github.com/daypass/daypass/internal/store"
)

func sessionCases() []testCase {
	return []testCase{
		{"sessions come back as they were stored", testSessionRoundTrip},
		{"a session's last use is the newest of its own and its grants'", testSessionLastUse},
		{"a user's list holds living sessions, newest first", testSessionList},
		{"a session ends once", testSessionEnd},
		{"all sessions of a user but one end", testEndByUser},
		{"clients that want to know are told of the end of a session", testLogoutIsTold},
		{"swept are sessions long over that hold no grant", testSessionSweep},
	}
}

func session(t testing.TB, db *store.DB, id auth.ID) auth.SessionView {
	t.Helper()
	return ask(t, db, func(tx *store.Tx) (auth.SessionView, error) { return tx.Sessions.Find(t.Context(), id) })
}

func testSessionRoundTrip(t *testing.T, db *store.DB) {
	w := settle(t, db)
	bare := auth.Session{ID: auth.NewID(now()), UserID: w.user.ID, TokenHash: sha256.Sum256([]byte("bare")), ExpiresAt: now()}
	ended := aSession(w.user)
	ended.EndedAt, ended.EndReason = now(), "Größe"
	for _, s := range []auth.Session{bare, ended} {
		update(t, db, func(tx *store.Tx) error { return tx.Sessions.Insert(t.Context(), s) })
	}
	for _, s := range []auth.Session{bare, ended, w.session} {
		same(t, "by id", session(t, db, s.ID).Session, s)
		found := ask(t, db, func(tx *store.Tx) (auth.SessionView, error) { return tx.Sessions.FindByToken(t.Context(), s.TokenHash) })
		same(t, "by cookie", found.Session, s)
	}
	view(t, db, func(tx *store.Tx) error {
		if _, err := tx.Sessions.Find(t.Context(), auth.NewID(now())); !errors.Is(err, auth.ErrNotFound) {
			t.Errorf("by id: %v, want not found", err)
		}
		if _, err := tx.Sessions.FindByToken(t.Context(), [32]byte{}); !errors.Is(err, auth.ErrNotFound) {
			t.Errorf("by cookie: %v, want not found", err)
		}
		return nil
	})
	twin := aSession(w.user)
	twin.TokenHash = w.session.TokenHash
	if err := db.Update(t.Context(), func(tx *store.Tx) error { return tx.Sessions.Insert(t.Context(), twin) }); err == nil {
		t.Error("two sessions share one cookie")
	}
}

func testSessionLastUse(t *testing.T, db *store.DB) {
	w := settle(t, db)
	if got := session(t, db, w.session.ID).LastUse; !got.Equal(w.session.LastUsedAt) {
		t.Errorf("last use %v, want the session's own %v", got, w.session.LastUsedAt)
	}
	later := w.grant
	later.ID, later.LastUsedAt = auth.NewID(now()), now().Add(time.Hour)
	update(t, db, func(tx *store.Tx) error { return tx.Grants.Insert(t.Context(), later) })
	v := session(t, db, w.session.ID)
	if !v.LastUse.Equal(later.LastUsedAt) || !v.LastUsedAt.Equal(w.session.LastUsedAt) {
		t.Errorf("last use %v, own %v; want the grant's %v and the own one unchanged", v.LastUse, v.LastUsedAt, later.LastUsedAt)
	}
	f, _ := facts(t, db, w.grant.ID)
	if !f.SessionUse.Equal(later.LastUsedAt) {
		t.Errorf("facts say %v, want the use of the other grant", f.SessionUse)
	}
	for _, at := range []time.Time{now().Add(2 * time.Hour), now().Add(time.Minute)} { // never back
		update(t, db, func(tx *store.Tx) error { return tx.Sessions.Touch(t.Context(), w.session.ID, at) })
	}
	if got := session(t, db, w.session.ID).LastUse; !got.Equal(now().Add(2 * time.Hour)) {
		t.Errorf("after a touch: %v", got)
	}
	if f, _ := facts(t, db, w.grant.ID); !f.SessionUse.Equal(now().Add(2 * time.Hour)) {
		t.Errorf("facts after a touch: %v", f.SessionUse)
	}
}

func testSessionList(t *testing.T, db *store.DB) {
	w, stranger := settle(t, db), settle(t, db)
	var want []auth.ID
	for i := range 5 {
		s := aSession(w.user)
		s.ID = auth.NewID(now().Add(time.Duration(i+1) * time.Minute))
		s.TokenHash = sha256.Sum256(s.ID[:])
		switch i {
		case 1:
			s.EndedAt = now()
		case 2:
			s.ExpiresAt = now()
		default:
			want = append([]auth.ID{s.ID}, want...)
		}
		update(t, db, func(tx *store.Tx) error { return tx.Sessions.Insert(t.Context(), s) })
	}
	want = append(want, w.session.ID)
	list := ask(t, db, func(tx *store.Tx) ([]auth.SessionView, error) {
		return tx.Sessions.ListByUser(t.Context(), w.user.ID, now())
	})
	var got []auth.ID
	for _, v := range list {
		got = append(got, v.ID)
	}
	if !slices.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
	second := w.grant
	second.ID, second.ClientID = auth.NewID(now().Add(time.Hour)), "second"
	again := second
	again.ID = auth.NewID(now().Add(2 * time.Hour))
	update(t, db, func(tx *store.Tx) error {
		if err := tx.Grants.Insert(t.Context(), again); err != nil {
			return err
		}
		return tx.Grants.Insert(t.Context(), second)
	})
	clients := ask(t, db, func(tx *store.Tx) (map[auth.ID][]string, error) {
		return tx.Sessions.ClientsByUser(t.Context(), w.user.ID)
	})
	same(t, "clients", clients, map[auth.ID][]string{w.session.ID: {w.client.ID, "second"}})
	_ = stranger
}

func testSessionEnd(t *testing.T, db *store.DB) {
	w := settle(t, db)
	end := func(id auth.ID, at time.Time) bool {
		return ask(t, db, func(tx *store.Tx) (bool, error) { return tx.Sessions.End(t.Context(), id, auth.ReasonLogout, at) })
	}
	if !end(w.session.ID, now()) || end(w.session.ID, now().Add(day)) || end(auth.NewID(now()), now()) {
		t.Error("want one end, and none for nobody")
	}
	if v := session(t, db, w.session.ID); !v.EndedAt.Equal(now()) || v.EndReason != auth.ReasonLogout {
		t.Errorf("ended %v because of %q", v.EndedAt, v.EndReason)
	}
	if f, _ := facts(t, db, w.grant.ID); !f.SessionEnded {
		t.Error("the grant does not know that its session ended")
	}
}

func testEndByUser(t *testing.T, db *store.DB) {
	w, stranger := settle(t, db), settle(t, db)
	second, third := aSession(w.user), aSession(w.user)
	third.EndedAt = now()
	for _, s := range []auth.Session{second, third} {
		update(t, db, func(tx *store.Tx) error { return tx.Sessions.Insert(t.Context(), s) })
	}
	end := func(spared auth.ID) []auth.ID {
		return ask(t, db, func(tx *store.Tx) ([]auth.ID, error) {
			return tx.Sessions.EndByUser(t.Context(), w.user.ID, spared, auth.ReasonPasswordChange, now())
		})
	}
	same(t, "ended but the one that asks", end(w.session.ID), []auth.ID{second.ID})
	same(t, "ended, all", end(auth.ID{}), []auth.ID{w.session.ID})
	same(t, "ended, again", end(auth.ID{}), []auth.ID{})
	if v := session(t, db, stranger.session.ID); !v.EndedAt.IsZero() {
		t.Error("another user's session ended")
	}
}

func testSessionSweep(t *testing.T, db *store.DB) {
	holds := settle(t, db, func(w *world) { w.session.ExpiresAt = now().Add(-day) })
	young := settle(t, db)
	for range 3 {
		s := aSession(holds.user)
		s.ExpiresAt = now().Add(-day)
		update(t, db, func(tx *store.Tx) error { return tx.Sessions.Insert(t.Context(), s) })
	}
	for i, want := range []int64{2, 1, 0} {
		got := ask(t, db, func(tx *store.Tx) (int64, error) { return tx.Sessions.Sweep(t.Context(), now(), 2) })
		if got != want {
			t.Errorf("sweep %d of two at most: %d, want %d", i, got, want)
		}
	}
	session(t, db, holds.session.ID)
	session(t, db, young.session.ID)
}

func testLogoutIsTold(t *testing.T, db *store.DB) {
	w := settle(t, db)
	told := w.client
	told.Metadata.BackChannelLogoutURI = "https://app.example/bye"
	second := aSession(w.user)
	update(t, db, func(tx *store.Tx) error {
		if _, err := tx.Clients.Update(t.Context(), told); err != nil {
			return err
		}
		return tx.Sessions.Insert(t.Context(), second) // no client has a part in it
	})
	left := func() (all []auth.Logout) {
		for _, d := range ask(t, db, func(tx *store.Tx) ([]auth.Delivery, error) {
			return tx.Outbox.Claim(t.Context(), now(), now().Add(time.Hour), 10)
		}) {
			l, err := d.Logout()
			if err != nil || d.Kind != auth.DeliveryLogout {
				t.Errorf("%s: %v", d.Kind, err)
			}
			all = append(all, l)
		}
		return all
	}
	for range 2 { // the second time it has ended
		update(t, db, func(tx *store.Tx) error {
			_, err := tx.Sessions.End(t.Context(), w.session.ID, auth.ReasonLogout, now())
			return err
		})
	}
	same(t, "told of one end", left(), []auth.Logout{{ClientID: told.ID, UserID: w.user.ID, SessionID: w.session.ID}})
	other := settle(t, db)
	other.client.Metadata.BackChannelLogoutURI = "https://other.example/bye"
	update(t, db, func(tx *store.Tx) error {
		if _, err := tx.Clients.Update(t.Context(), other.client); err != nil {
			return err
		}
		_, err := tx.Sessions.EndByUser(t.Context(), other.user.ID, auth.ID{}, auth.ReasonPasswordChange, now())
		return err
	})
	same(t, "told of all of a user", left(), []auth.Logout{{ClientID: other.client.ID, UserID: other.user.ID, SessionID: other.session.ID}})
}
