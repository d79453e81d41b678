package accounts

import (
	"errors"
	"testing"

	"github.com/daypass/daypass/internal/auth"
	"github.com/daypass/daypass/internal/secret"
	"github.com/daypass/daypass/internal/store"
	"github.com/daypass/daypass/internal/store/storetest"
)

// confirming asks for a code before there is an account.
func confirming(n *Needs) { posting(n); n.SignUp = SignUpConfirm }

// enter logs in with what ConfirmSignUp or Verify returned.
func (f *fixture) enter(t *testing.T, e Entry, err error) (secret.Token, error) {
	t.Helper()
	if err != nil {
		return secret.Token{}, err
	}
	session, cookie := f.NewSession(e.User, somebody(), auth.AMRPassword)
	return cookie, f.LogIn(t.Context(), e, session, nothing)
}

func (f *fixture) confirmSignUp(t *testing.T, token secret.Token, code string) (secret.Token, error) {
	t.Helper()
	e, err := f.ConfirmSignUp(t.Context(), auth.LoginAsk{New: true, SignUp: token, Code: secret.FromString(code), Caller: somebody()})
	return f.enter(t, e, err)
}

func TestAccountIsMadeOnceItsAddressIsProved(t *testing.T) {
	t.Parallel()
	storetest.Engines(t, func(t *testing.T, db *store.DB) {
		f := fixtureOver(t, db, confirming)
		if _, err := f.SignUp(t.Context(), ask("ann@example.com", goodPassword)); !errors.Is(err, auth.ErrSignUpClosed) {
			t.Fatalf("without a proof: got %v, want ErrSignUpClosed", err)
		}
		token, err := f.BeginSignUp(t.Context(), ask(" ANN@example.com", goodPassword))
		if err != nil {
			t.Fatal(err)
		}
		if to, ok := f.SignUpAddress(token); !ok || to != "ann@example.com" {
			t.Errorf("the code went to %q, %v", to, ok)
		}
		code := f.codeTo(t, "ann@example.com")
		if f.exists(t, "ann@example.com") {
			t.Error("there is an account before the proof")
		}
		other, err := f.BeginSignUp(t.Context(), ask("ann@example.com", goodPassword))
		if err != nil {
			t.Fatal(err)
		}
		for name, c := range map[string]struct {
			token secret.Token
			code  string
		}{
			"a wrong code":         {token, "AAAA-AAAA"},
			"another sign-up's":    {other, code},
			"no token":             {secret.Token{}, code},
			"a token of one's own": {secret.FromString(auth.SignUpPrefix + "AAAA"), code},
		} {
			if _, err := f.confirmSignUp(t, c.token, c.code); !errors.Is(err, auth.ErrCode) {
				t.Errorf("%s: got %v, want ErrCode", name, err)
			}
		}
		cookie, err := f.confirmSignUp(t, token, code)
		if err != nil {
			t.Fatal(err)
		}
		if _, user, err := f.SessionByToken(t.Context(), cookie); err != nil || user.Email != "ann@example.com" {
			t.Errorf("signed in as %q, %v", user.Email, err)
		}
		if _, err := f.Verify(t.Context(), ask("ann@example.com", goodPassword)); err != nil {
			t.Errorf("the password: %v", err)
		}
		if _, err := f.confirmSignUp(t, token, code); !errors.Is(err, auth.ErrCode) {
			t.Errorf("the code a second time: got %v, want ErrCode", err)
		}
	})
}

func TestBeginningASignUpWithATakenAddressLooksTheSameAndTellsItsOwner(t *testing.T) {
	t.Parallel()
	storetest.Engines(t, func(t *testing.T, db *store.DB) {
		f := fixtureOver(t, db, confirming)
		ann := f.user(t, "ann@example.com")
		taken, err := f.BeginSignUp(t.Context(), ask(ann.Email, "yet another long password"))
		if err != nil {
			t.Fatalf("got %v, want what a free address gets", err)
		}
		if text := f.mailTo(t, ann.Email, "tried to sign up"); codePattern.MatchString(text) {
			t.Errorf("the owner gets a code: %q", text)
		}
		free, err := f.BeginSignUp(t.Context(), ask("bob@example.com", "yet another long password"))
		if err != nil || len(free.Reveal()) != len(taken.Reveal()) {
			t.Errorf("%v, tokens of %d and %d characters", err, len(free.Reveal()), len(taken.Reveal()))
		}
		if _, err := f.confirmSignUp(t, taken, "AAAA-AAAA"); !errors.Is(err, auth.ErrCode) {
			t.Errorf("a guess: got %v, want ErrCode", err)
		}
		if n := f.events(t, ann.ID, auth.EventSignUpRefused); n != 1 {
			t.Errorf("%d events, want 1", n)
		}
	})
}

func TestCodeOfASignUpIsGoodForAnHourAndGuessedSlowly(t *testing.T) {
	t.Parallel()
	f := newFixture(t, confirming)
	token, err := f.BeginSignUp(t.Context(), ask("ann@example.com", goodPassword))
	if err != nil {
		t.Fatal(err)
	}
	code, looked := f.codeTo(t, "ann@example.com"), 0
	var throttled *auth.Throttled
	for range 100 {
		if _, err := f.confirmSignUp(t, token, "AAAA-AAAA"); errors.As(err, &throttled) {
			break
		}
		looked++
	}
	if looked != 11 {
		t.Errorf("%d guesses were looked at, want 11", looked)
	}
	f.clock.advance(auth.CodeLife)
	if _, err := f.confirmSignUp(t, token, code); !errors.Is(err, auth.ErrCode) {
		t.Errorf("an hour later: got %v, want ErrCode", err)
	}
	if _, ok := f.SignUpAddress(token); ok {
		t.Error("it still waits for its code")
	}
}

func TestNobodySignsUpWhereThatIsClosed(t *testing.T) {
	t.Parallel()
	f := newFixture(t, func(n *Needs) { posting(n); n.SignUp = SignUpClosed })
	_, begin := f.BeginSignUp(t.Context(), ask("ann@example.com", goodPassword))
	_, whole := f.SignUp(t.Context(), ask("ann@example.com", goodPassword))
	_, confirm := f.ConfirmSignUp(t.Context(), auth.LoginAsk{New: true})
	for name, err := range map[string]error{"at once": whole, "begin": begin, "confirm": confirm} {
		if !errors.Is(err, auth.ErrSignUpClosed) {
			t.Errorf("%s: got %v, want ErrSignUpClosed", name, err)
		}
	}
	if _, err := New(Needs{DB: f.db, Now: f.clock.Now, Keys: masterKeys(1), Rules: f.needs.Rules, SignUp: SignUpConfirm}); err == nil {
		t.Error("codes are asked for and no mail is sent")
	}
}

func TestSignUpMakesOneAccountEvenAfterThatIsGone(t *testing.T) {
	t.Parallel()
	f := newFixture(t, confirming)
	token, err := f.BeginSignUp(t.Context(), ask("ann@example.com", goodPassword))
	if err != nil {
		t.Fatal(err)
	}
	code := f.codeTo(t, "ann@example.com")
	cookie, err := f.confirmSignUp(t, token, code)
	if err != nil {
		t.Fatal(err)
	}
	_, ann, err := f.SessionByToken(t.Context(), cookie)
	if err != nil {
		t.Fatal(err)
	}
	f.remove(t, ann)
	if _, err := f.confirmSignUp(t, token, code); !errors.Is(err, auth.ErrCode) || f.exists(t, "ann@example.com") {
		t.Errorf("got %v, want ErrCode and no second account", err)
	}
}

func TestCodesOutliveANewMasterKey(t *testing.T) {
	t.Parallel()
	f := newFixture(t, confirming)
	token, err := f.BeginSignUp(t.Context(), ask("ann@example.com", goodPassword))
	if err != nil {
		t.Fatal(err)
	}
	l := f.logIn(t, f.user(t, "bob@example.com"))
	signUp := f.codeTo(t, "ann@example.com")
	if _, err := f.askAddress(t, l, "new@example.com"); err != nil {
		t.Fatal(err)
	}
	address := f.codeTo(t, "new@example.com")
	later := fixtureOver(t, f.db, func(n *Needs) { confirming(n); n.Keys = masterKeys(2) })
	if _, err := later.confirmSignUp(t, token, signUp); err != nil {
		t.Errorf("sign-up: %v", err)
	}
	if _, err := later.confirmAddress(t, l, address); err != nil {
		t.Errorf("address: %v", err)
	}
}
