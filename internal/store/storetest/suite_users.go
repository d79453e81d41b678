package storetest

import (
	"errors"
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/daypass/daypass/internal/auth"
	"github.com/daypass/daypass/internal/secret"
	"github.com/daypass/daypass/internal/store"
)

func userCases() []testCase {
	return []testCase{
		{"users come back as they were stored", testUserRoundTrip},
		{"a taken address is an answer, not an error", testTakenEmail},
		{"users are listed in pages", testUserPages},
		{"a password is replaced once per version", testSetPassword},
		{"disabling and enabling tell whether they did", testSetDisabled},
		{"a deleted user is not found", testDeleteUser},
		{"characters no database can hold are not found", testUnstorable},
	}
}

func testUserRoundTrip(t *testing.T, db *store.DB) {
	full, bare := aUser("用户@例子.example"), auth.User{ID: auth.NewID(now()), Email: "bare@example.com"}
	full.DisabledAt = now().Add(time.Millisecond)
	full.Profile = auth.Profile{Name: "用户", EmailVerified: true, Address: &auth.Address{Country: "中国"}}
	for _, u := range []auth.User{full, bare} {
		if !ask(t, db, func(tx *store.Tx) (bool, error) { return tx.Users.Insert(t.Context(), u) }) {
			t.Errorf("%s was not inserted", u.Email)
		}
		view(t, db, func(tx *store.Tx) error {
			byID, err := tx.Users.Find(t.Context(), u.ID)
			if err != nil {
				return err
			}
			byEmail, err := tx.Users.FindByEmail(t.Context(), u.Email)
			same(t, "by id", byID, u)
			same(t, "by address", byEmail, u)
			return err
		})
		u.Profile.Nickname = "new"
		if !ask(t, db, func(tx *store.Tx) (bool, error) { return tx.Users.SetProfile(t.Context(), u.ID, u.Profile) }) {
			t.Errorf("the profile of %s was not replaced", u.Email)
		}
		u.Roles = []string{"ops"}
		if !ask(t, db, func(tx *store.Tx) (bool, error) { return tx.Users.SetRoles(t.Context(), u.ID, u.Roles) }) {
			t.Errorf("the roles of %s were not replaced", u.Email)
		}
		same(t, "profile and roles", ask(t, db, func(tx *store.Tx) (auth.User, error) { return tx.Users.Find(t.Context(), u.ID) }), u)
	}
	view(t, db, func(tx *store.Tx) error {
		if _, err := tx.Users.Find(t.Context(), auth.NewID(now())); !errors.Is(err, auth.ErrNotFound) {
			t.Errorf("by id: %v, want not found", err)
		}
		if _, err := tx.Users.FindByEmail(t.Context(), "BARE@example.com"); !errors.Is(err, auth.ErrNotFound) {
			t.Errorf("by another spelling: %v, want not found", err)
		}
		return nil
	})
}

func testTakenEmail(t *testing.T, db *store.DB) {
	var all sync.WaitGroup
	answers := make(chan bool, 20)
	for range cap(answers) {
		all.Go(func() {
			var ok bool
			err := db.Update(t.Context(), func(tx *store.Tx) (err error) {
				ok, err = tx.Users.Insert(t.Context(), aUser("one@example.com"))
				return err
			})
			if err != nil {
				t.Errorf("a loser of the race got %v", err)
			}
			answers <- ok
		})
	}
	all.Wait()
	close(answers)
	won := 0
	for ok := range answers {
		if ok {
			won++
		}
	}
	if won != 1 {
		t.Errorf("%d of %d sign-ups with one address won", won, cap(answers))
	}
}

func testUserPages(t *testing.T, db *store.DB) {
	var want []string
	for i := range 7 {
		u := aUser(fmt.Sprintf("u%d@example.com", i))
		u.ID = auth.NewID(now().Add(time.Duration(i) * time.Millisecond))
		ask(t, db, func(tx *store.Tx) (bool, error) { return tx.Users.Insert(t.Context(), u) })
		want = append(want, u.Email)
	}
	var got []string
	var after auth.ID
	for {
		page := ask(t, db, func(tx *store.Tx) ([]auth.User, error) { return tx.Users.List(t.Context(), after, 3) })
		if len(page) == 0 {
			break
		}
		for _, u := range page {
			got, after = append(got, u.Email), u.ID
		}
	}
	if !slices.Equal(got, want) {
		t.Errorf("pages of three: %v, want %v", got, want)
	}
}

func testSetPassword(t *testing.T, db *store.DB) {
	w := settle(t, db)
	set := func(version int64, phc string) bool {
		return ask(t, db, func(tx *store.Tx) (bool, error) {
			return tx.Users.SetPassword(t.Context(), w.user.ID, version, secret.FromString(phc))
		})
	}
	if !set(3, "second") || set(3, "third") || set(5, "fourth") {
		t.Error("want the version 3 to be spent once, and no other one to match")
	}
	got := ask(t, db, func(tx *store.Tx) (auth.User, error) { return tx.Users.Find(t.Context(), w.user.ID) })
	if got.PasswordVersion != 4 || got.Password.Reveal() != "second" {
		t.Errorf("version %d, password %q", got.PasswordVersion, got.Password.Reveal())
	}
	missing := ask(t, db, func(tx *store.Tx) (bool, error) {
		return tx.Users.SetPassword(t.Context(), auth.NewID(now()), 3, secret.Token{})
	})
	if missing {
		t.Error("the password of nobody was set")
	}
}

func testSetDisabled(t *testing.T, db *store.DB) {
	w := settle(t, db)
	for i, step := range []struct {
		at   time.Time
		want bool
		now  time.Time
	}{
		{time.Time{}, false, time.Time{}},
		{now(), true, now()},
		{now().Add(day), false, now()}, // the first moment stays
		{time.Time{}, true, time.Time{}},
		{time.Time{}, false, time.Time{}},
	} {
		got := ask(t, db, func(tx *store.Tx) (bool, error) { return tx.Users.SetDisabled(t.Context(), w.user.ID, step.at) })
		u := ask(t, db, func(tx *store.Tx) (auth.User, error) { return tx.Users.Find(t.Context(), w.user.ID) })
		if got != step.want || !u.DisabledAt.Equal(step.now) {
			t.Errorf("step %d: %v, disabled at %v; want %v, %v", i, got, u.DisabledAt, step.want, step.now)
		}
	}
}

func testDeleteUser(t *testing.T, db *store.DB) {
	w := settle(t, db)
	for i, want := range []bool{true, false} {
		if got := ask(t, db, func(tx *store.Tx) (bool, error) { return tx.Users.Delete(t.Context(), w.user.ID) }); got != want {
			t.Errorf("deletion %d: %v", i, got)
		}
	}
	if f, _ := facts(t, db, w.grant.ID); !f.UserGone {
		t.Error("the grant does not know that its user is gone")
	}
	if !ask(t, db, func(tx *store.Tx) (bool, error) { return tx.Users.Insert(t.Context(), aUser(w.user.Email)) }) {
		t.Error("the address is not free again")
	}
}

// PostgreSQL refuses a whole statement for a byte that is no UTF-8 or for NUL. Such bytes come from
// outside, so they must be an answer like any other.
func testUnstorable(t *testing.T, db *store.DB) {
	w := settle(t, db)
	for _, bad := range []string{"a\x00b", "a\xffb", "\xc3"} {
		update(t, db, func(tx *store.Tx) error {
			if _, err := tx.Users.FindByEmail(t.Context(), bad); !errors.Is(err, auth.ErrNotFound) {
				t.Errorf("user %q: %v, want not found", bad, err)
			}
			if _, err := tx.Clients.Find(t.Context(), bad); !errors.Is(err, auth.ErrNotFound) {
				t.Errorf("client %q: %v, want not found", bad, err)
			}
			return nil
		})
		s := aSession(w.user)
		s.Device = auth.Caller{IP: bad, UserAgent: bad}
		event := auth.Event{At: now(), Kind: auth.EventGrantReuse, GrantID: w.grant.ID, ClientID: bad, Caller: s.Device, Detail: bad}
		update(t, db, func(tx *store.Tx) error {
			if err := tx.Sessions.Insert(t.Context(), s); err != nil {
				return err
			}
			return tx.Events.Insert(t.Context(), event)
		})
	}
	events := ask(t, db, func(tx *store.Tx) ([]auth.Event, error) { return tx.Events.OfGrant(t.Context(), w.grant.ID, 9) })
	if len(events) != 3 {
		t.Errorf("%d of 3 events were recorded", len(events))
	}
}
