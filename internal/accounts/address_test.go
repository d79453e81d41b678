package accounts

import (
	"errors"
	"fmt"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/daypass/daypass/internal/auth"
	"github.com/daypass/daypass/internal/secret"
	"github.com/daypass/daypass/internal/store"
	"github.com/daypass/daypass/internal/store/storetest"
)

// posting lets a service send mail.
func posting(n *Needs) { n.Site = "https://id.example.com" }

// mails empties the outbox.
func (f *fixture) mails(t *testing.T) (all []auth.Mail) {
	t.Helper()
	f.update(t, func(tx *store.Tx) error {
		all = nil
		waiting, err := tx.Outbox.Claim(t.Context(), f.clock.Now(), f.clock.Now().Add(time.Hour), 100)
		for _, d := range waiting {
			m, err := d.Mail(masterKeys(1))
			if err != nil {
				return err
			}
			all = append(all, m)
			if err := tx.Outbox.Delete(t.Context(), d.ID); err != nil {
				return err
			}
		}
		return err
	})
	return all
}

// mailTo wants that one mail waits, and returns its text.
func (f *fixture) mailTo(t *testing.T, to, subject string) string {
	t.Helper()
	all := f.mails(t)
	if len(all) != 1 || all[0].To != to || !strings.Contains(all[0].Subject, subject) {
		t.Fatalf("mails %+v, want one to %s about %q", all, to, subject)
	}
	return all[0].Text
}

var codePattern = regexp.MustCompile(`\b[A-HJ-NP-Z2-9]{4}-[A-HJ-NP-Z2-9]{4}\b`)

// codeTo wants that a code was mailed, and returns it.
func (f *fixture) codeTo(t *testing.T, to string) string {
	t.Helper()
	text := f.mailTo(t, to, "Your code")
	code := codePattern.FindString(text)
	if code == "" {
		t.Fatalf("no code in %q", text)
	}
	return code
}

func (f *fixture) askAddress(t *testing.T, l login, email string) (secret.Token, error) {
	t.Helper()
	return f.AskAddress(t.Context(), AddressAsk{
		User: l.session.UserID, Session: l.session.ID, Password: secret.FromString(goodPassword), Email: email, Caller: somebody(),
	})
}

func (f *fixture) confirmAddress(t *testing.T, l login, code string) (Moved, error) {
	t.Helper()
	return f.ConfirmAddress(t.Context(), AddressProof{User: l.session.UserID, Session: l.session.ID, Code: secret.FromString(code), Caller: somebody()})
}

func TestAddressChangesOnceItsCodeComesBack(t *testing.T) {
	t.Parallel()
	storetest.Engines(t, func(t *testing.T, db *store.DB) {
		f := fixtureOver(t, db, posting)
		ann := f.user(t, "ann@example.com")
		here, there := f.logIn(t, ann), f.logIn(t, ann)
		cookie, err := f.askAddress(t, here, " Ann@NEW.example.com ")
		if err != nil {
			t.Fatal(err)
		}
		if _, _, err := f.SessionByToken(t.Context(), here.cookie); !errors.Is(err, auth.ErrNotFound) {
			t.Errorf("the SSO cookie from before the password: got %v, want ErrNotFound", err)
		}
		code := f.codeTo(t, "ann@new.example.com")
		if pending, err := f.PendingAddress(t.Context(), ann.ID, here.session.ID); err != nil || pending.Email != "ann@new.example.com" {
			t.Errorf("pending: %q, %v", pending.Email, err)
		}
		if _, err := f.Verify(t.Context(), ask("ann@new.example.com", goodPassword)); !errors.Is(err, auth.ErrCredentials) {
			t.Errorf("before the proof the new address logs in: %v", err)
		}
		for name, c := range map[string]struct {
			l    login
			code string
		}{"a wrong code": {here, "AAAA-AAAA"}, "no code": {here, ""}, "in another session": {there, code}} {
			if _, err := f.confirmAddress(t, c.l, c.code); !errors.Is(err, auth.ErrCode) {
				t.Errorf("%s: got %v, want ErrCode", name, err)
			}
		}
		moved, err := f.confirmAddress(t, here, " "+strings.ToLower(strings.Replace(code, "-", " ", 1)))
		if err != nil || moved.Email != "ann@new.example.com" {
			t.Fatalf("got %q, %v", moved.Email, err)
		}
		if text := f.mailTo(t, "ann@example.com", "was changed"); strings.Contains(text, "new.example.com") || !strings.Contains(text, "curl from the address 192.0.2.7") {
			t.Errorf("the note to the old address: %q", text)
		}
		f.expectMoved(t, ann, moved, cookie)
		for _, l := range []login{here, there} {
			if got := f.standing(t, l); got != "session grant offline" {
				t.Errorf("%q is left of a session, want all", got)
			}
		}
		if _, err := f.confirmAddress(t, here, code); !errors.Is(err, auth.ErrCode) {
			t.Errorf("the code a second time: got %v, want ErrCode", err)
		}
	})
}

// expectMoved wants that the new address is the user's, with new cookies.
func (f *fixture) expectMoved(t *testing.T, ann auth.User, moved Moved, before secret.Token) {
	t.Helper()
	if _, _, err := f.SessionByToken(t.Context(), before); !errors.Is(err, auth.ErrNotFound) {
		t.Errorf("the SSO cookie from before the proof: got %v, want ErrNotFound", err)
	}
	if _, user, err := f.SessionByToken(t.Context(), moved.Session); err != nil || user.Email != moved.Email {
		t.Errorf("the new SSO cookie: %v of %q", err, user.Email)
	}
	if _, err := f.Verify(t.Context(), ask(ann.Email, goodPassword)); !errors.Is(err, auth.ErrCredentials) {
		t.Errorf("the old address: got %v, want ErrCredentials", err)
	}
	if e, err := f.Verify(t.Context(), ask(moved.Email, goodPassword)); err != nil || e.ID != ann.ID {
		t.Errorf("the new address: %v, %v", e.ID, err)
	}
	for _, kind := range []auth.EventKind{auth.EventEmailAsked, auth.EventEmailChanged} {
		if n := f.events(t, ann.ID, kind); n != 1 {
			t.Errorf("%d events %s, want 1", n, kind)
		}
	}
}

func TestAskingForATakenAddressLooksTheSameAndTellsItsOwner(t *testing.T) {
	t.Parallel()
	storetest.Engines(t, func(t *testing.T, db *store.DB) {
		f := fixtureOver(t, db, posting)
		ann, bob := f.user(t, "ann@example.com"), f.user(t, "bob@example.com")
		l := f.logIn(t, ann)
		if _, err := f.askAddress(t, l, "BOB@example.com"); err != nil {
			t.Fatalf("got %v, want what a free address gets", err)
		}
		if pending, err := f.PendingAddress(t.Context(), ann.ID, l.session.ID); err != nil || pending.Email != bob.Email {
			t.Errorf("pending: %q, %v", pending.Email, err)
		}
		if text := f.mailTo(t, bob.Email, "entered for another account"); codePattern.MatchString(text) {
			t.Errorf("the owner gets a code: %q", text)
		}
		if _, err := f.confirmAddress(t, l, "AAAA-AAAA"); !errors.Is(err, auth.ErrCode) {
			t.Errorf("a guess: got %v, want ErrCode", err)
		}
	})
}

func TestAddressThatSomebodyTookMeanwhileStaysTheirs(t *testing.T) {
	t.Parallel()
	storetest.Engines(t, func(t *testing.T, db *store.DB) {
		f := fixtureOver(t, db, posting)
		ann := f.user(t, "ann@example.com")
		l := f.logIn(t, ann)
		if _, err := f.askAddress(t, l, "new@example.com"); err != nil {
			t.Fatal(err)
		}
		code := f.codeTo(t, "new@example.com")
		other := f.user(t, "new@example.com")
		if _, err := f.confirmAddress(t, l, code); !errors.Is(err, auth.ErrEmailTaken) {
			t.Errorf("got %v, want ErrEmailTaken", err)
		}
		if e, err := f.Verify(t.Context(), ask("new@example.com", goodPassword)); err != nil || e.ID != other.ID {
			t.Errorf("the address is %v's, %v", e.ID, err)
		}
	})
}

func TestRefusalsOfAChangeOfAddress(t *testing.T) {
	t.Parallel()
	f := newFixture(t, posting)
	ann := f.user(t, "ann@example.com")
	l := f.logIn(t, ann)
	for name, c := range map[string]struct {
		email, password string
		want            error
	}{
		"no address":     {"nobody", goodPassword, auth.ErrEmail},
		"the same":       {"ANN@example.com", goodPassword, auth.ErrEmailSame},
		"wrong password": {"new@example.com", "wrong", auth.ErrCredentials},
	} {
		_, err := f.AskAddress(t.Context(), AddressAsk{User: ann.ID, Session: l.session.ID, Password: secret.FromString(c.password), Email: c.email})
		if !errors.Is(err, c.want) {
			t.Errorf("%s: got %v, want %v", name, err, c.want)
		}
	}
	if _, _, err := f.SessionByToken(t.Context(), l.cookie); err != nil {
		t.Errorf("a refusal renews the session: %v", err)
	}
	if all := f.mails(t); len(all) != 0 {
		t.Errorf("mails %+v, want none", all)
	}
	silent := newFixture(t, nil)
	if _, err := silent.askAddress(t, silent.logIn(t, silent.user(t, "ann@example.com")), "new@example.com"); !errors.Is(err, auth.ErrNoMail) {
		t.Errorf("where no mail is sent: got %v, want ErrNoMail", err)
	}
}

func TestCodeIsGoodForAnHourAndGuessedSlowly(t *testing.T) {
	t.Parallel()
	f := newFixture(t, posting)
	l := f.logIn(t, f.user(t, "ann@example.com"))
	if _, err := f.askAddress(t, l, "new@example.com"); err != nil {
		t.Fatal(err)
	}
	code := f.codeTo(t, "new@example.com")
	looked := 0
	var throttled *auth.Throttled
	for range 100 {
		_, err := f.confirmAddress(t, l, "AAAA-AAAA")
		if errors.As(err, &throttled) {
			break
		}
		looked++
	}
	if looked != 11 {
		t.Errorf("%d guesses were looked at, want 11", looked)
	}
	if _, err := f.confirmAddress(t, l, code); !errors.As(err, &throttled) {
		t.Errorf("the right code while it has to wait: got %v, want Throttled", err)
	}
	f.clock.advance(auth.CodeLife)
	if _, err := f.confirmAddress(t, l, code); !errors.Is(err, auth.ErrCode) {
		t.Errorf("an hour later: got %v, want ErrCode", err)
	}
	if _, err := f.PendingAddress(t.Context(), l.session.UserID, l.session.ID); !errors.Is(err, auth.ErrNotFound) {
		t.Errorf("pending an hour later: got %v, want ErrNotFound", err)
	}
}

func TestNobodysMailboxIsFilled(t *testing.T) {
	t.Parallel()
	f := newFixture(t, posting)
	ann, bob := f.logIn(t, f.user(t, "ann@example.com")), f.logIn(t, f.user(t, "bob@example.com"))
	sent := 0
	for i := range 20 {
		if _, err := f.askAddress(t, []login{ann, bob}[i%2], "victim@example.com"); err == nil {
			sent++
		} else if throttled := (*auth.Throttled)(nil); !errors.As(err, &throttled) {
			t.Fatal(err)
		}
	}
	if all := f.mails(t); sent != 6 || len(all) != 6 {
		t.Errorf("%d asks came about and %d mails wait, want 6 at once", sent, len(all))
	}
	if _, err := f.Reauthenticate(t.Context(), ann.session.UserID, ann.session.ID, secret.FromString(goodPassword), somebody()); err != nil {
		t.Errorf("the right password counted as a failure: %v", err)
	}
}

func TestOneUserFillsNoMailboxes(t *testing.T) {
	t.Parallel()
	f := newFixture(t, posting)
	l := f.logIn(t, f.user(t, "ann@example.com"))
	sent := 0
	for i := range 20 {
		if _, err := f.askAddress(t, l, fmt.Sprintf("victim-%d@example.com", i)); err == nil {
			sent++
		}
	}
	if all := f.mails(t); sent != 6 || len(all) != 6 {
		t.Errorf("%d asks came about and %d mails wait, want 6 at once", sent, len(all))
	}
}

func TestOwnerIsToldByMailWhatHappensToTheAccount(t *testing.T) {
	t.Parallel()
	f := newFixture(t, posting)
	ann := f.user(t, "ann@example.com")
	l := f.logIn(t, ann)
	change := PasswordChange{
		User: ann.ID, Session: l.session.ID, Current: secret.FromString(goodPassword), New: secret.FromString("another long password"), Caller: somebody(),
	}
	if _, err := f.ChangePassword(t.Context(), change); err != nil {
		t.Fatal(err)
	}
	if text := f.mailTo(t, ann.Email, "password was changed"); !strings.Contains(text, "https://id.example.com") || strings.Contains(text, "another") {
		t.Errorf("about the password: %q", text)
	}
	for range 3 {
		entry, err := f.SignUp(t.Context(), ask(ann.Email, "yet another long password"))
		if err != nil {
			t.Fatal(err)
		}
		session, _ := f.NewSession(entry.User, somebody())
		if err := f.LogIn(t.Context(), entry, session, nothing); !errors.Is(err, auth.ErrEmailTaken) {
			t.Fatalf("got %v, want ErrEmailTaken", err)
		}
	}
	f.mailTo(t, ann.Email, "tried to sign up") // one an hour
}

func TestChangeOfPasswordTakesAPendingChangeOfAddressAway(t *testing.T) {
	t.Parallel()
	storetest.Engines(t, func(t *testing.T, db *store.DB) {
		f := fixtureOver(t, db, posting)
		ann := f.user(t, "ann@example.com")
		l := f.logIn(t, ann)
		if _, err := f.askAddress(t, l, "evil@example.net"); err != nil { // by somebody who has password and session
			t.Fatal(err)
		}
		code := f.codeTo(t, "evil@example.net")
		change := PasswordChange{User: ann.ID, Session: l.session.ID, Current: secret.FromString(goodPassword), New: secret.FromString("another long password")}
		if _, err := f.ChangePassword(t.Context(), change); err != nil {
			t.Fatal(err)
		}
		if _, err := f.confirmAddress(t, l, code); !errors.Is(err, auth.ErrCode) {
			t.Errorf("got %v, want ErrCode", err)
		}
		if _, err := f.Verify(t.Context(), ask(ann.Email, "another long password")); err != nil {
			t.Errorf("the owner: %v", err)
		}
	})
}

func TestNobodyElsewhereKeepsAnAddressFromItsCodes(t *testing.T) {
	t.Parallel()
	f := newFixture(t, confirming)
	for range 3 * 24 * 12 { // a stranger asks every five minutes for three days
		_, _ = f.BeginSignUp(t.Context(), from("198.51.100.9", "victim@example.com", goodPassword))
		f.clock.advance(5 * time.Minute)
	}
	if _, err := f.BeginSignUp(t.Context(), from("203.0.113.5", "victim@example.com", goodPassword)); err != nil {
		t.Errorf("the owner elsewhere: %v", err)
	}
}

// What a stranger calls their program must not become a link in a mail of ours.
func TestMailHoldsNoWordsOfAStranger(t *testing.T) {
	t.Parallel()
	f := newFixture(t, posting)
	ann := f.user(t, "ann@example.com")
	for _, agent := range []string{"www.daypass-recovery.com", "evil.example/1.0", "Mozilla/5.0 (www.evil.example)"} {
		text := f.signUpMail(ann.Email, auth.Caller{IP: "198.51.100.9", UserAgent: agent}, f.clock.Now()).Text
		if strings.Contains(text, "evil") || strings.Contains(text, "recovery") {
			t.Errorf("%s: %q", agent, text)
		}
	}
}
