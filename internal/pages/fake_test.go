package pages

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/daypass/daypass/internal/accounts"
	"github.com/daypass/daypass/internal/auth"
	"github.com/daypass/daypass/internal/httpkit"
	"github.com/daypass/daypass/internal/i18n"
	"github.com/daypass/daypass/internal/secret"
)

var testNow = time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC) // never changed

const sessionValue = "the-value-of-the-session-cookie"

// fake answers for the use cases and notes what it was asked.
type fake struct {
	email    string // of the signed-in user
	locale   string // of the signed-in user
	listErr  error  // of List
	err      error  // of LogIn and SignUp
	asked    auth.LoginAsk
	ended    []auth.ID
	loggedIn bool
	accept   string // Accept-Language; empty: as the request says
	out      bool
	kept     []auth.ID // by EndAll
	change   accounts.PasswordChange
	move     accounts.AddressAsk
	pending  string // address that waits for its code
	proof    accounts.AddressProof
}

func (f *fake) tokens(ask auth.LoginAsk) (auth.Tokens, error) {
	f.asked = ask
	if f.err != nil {
		return auth.Tokens{}, f.err
	}
	end := testNow.Add(24 * time.Hour)
	return auth.Tokens{
		Access: secret.FromString("access-token"), AccessExpires: testNow.Add(10 * time.Minute),
		Granted: auth.Granted{
			Refresh: secret.FromString("refresh-token"), RefreshExpires: end,
			Session: secret.FromString(sessionValue), SessionExpires: end, Device: secret.FromString("dpd_device"),
		},
	}, nil
}

func (f *fake) LogIn(_ context.Context, ask auth.LoginAsk) (auth.Tokens, error) { return f.tokens(ask) }

func (f *fake) Current(_ context.Context, cookie secret.Token) (auth.User, auth.Session, error) {
	if cookie.Reveal() != sessionValue {
		return auth.User{}, auth.Session{}, auth.ErrNotFound
	}
	return auth.User{ID: idOf(1), Email: f.email, Profile: auth.Profile{Locale: f.locale}, CreatedAt: testNow.AddDate(-1, 0, 0)}, auth.Session{ID: idOf(2), ExpiresAt: testNow.Add(time.Hour)}, nil
}

func (f *fake) List(_ context.Context, _, current auth.ID) ([]auth.SessionView, error) {
	if f.listErr != nil {
		return nil, f.listErr
	}
	firefox := auth.Caller{IP: "192.0.2.7", UserAgent: "Mozilla/5.0 (X11; Linux x86_64; rv:145.0) Gecko/20100101 Firefox/145.0"}
	iphone := auth.Caller{UserAgent: "Mozilla/5.0 (iPhone; CPU iPhone OS 19_0 like Mac OS X) Version/19.0 Mobile/15E148 Safari/604.1"}
	return []auth.SessionView{
		{Session: auth.Session{ID: current, Device: firefox, AMR: []string{"pwd"}, CreatedAt: testNow.Add(-3 * time.Hour)}, LastUse: testNow, Current: true},
		{Session: auth.Session{ID: idOf(3), Device: iphone, AMR: []string{"pwd", "otp", "new"}, CreatedAt: testNow.AddDate(0, -1, 0)}, LastUse: testNow.Add(-49 * time.Hour)},
	}, nil
}

func (f *fake) End(_ context.Context, user, session auth.ID, _ auth.Caller) error {
	if user != idOf(1) || session != idOf(3) && session != idOf(2) {
		return auth.ErrNotFound
	}
	f.ended = append(f.ended, session)
	return nil
}

func (f *fake) EndAll(_ context.Context, user, keep auth.ID, _ auth.Caller) error {
	if user != idOf(1) {
		return auth.ErrNotFound
	}
	f.kept = append(f.kept, keep)
	return nil
}

func (f *fake) ChangePassword(_ context.Context, c accounts.PasswordChange) (accounts.Renewed, error) {
	f.change = c
	return accounts.Renewed{Session: secret.FromString("the-renewed-value"), Device: secret.FromString("dpd_renewed")}, f.err
}

func (f *fake) AskAddress(_ context.Context, a accounts.AddressAsk) (secret.Token, error) {
	f.move = a
	return secret.FromString("the-renewed-value"), f.err
}

func (f *fake) PendingAddress(_ context.Context, user, session auth.ID) (auth.AddressChange, error) {
	if f.pending == "" || user != idOf(1) || session != idOf(2) {
		return auth.AddressChange{}, auth.ErrNotFound
	}
	return auth.AddressChange{Email: f.pending}, nil
}

func (f *fake) ConfirmAddress(_ context.Context, p accounts.AddressProof) (accounts.Moved, error) {
	f.proof = p
	return accounts.Moved{Email: f.pending, Session: secret.FromString("the-renewed-value")}, f.err
}

func (f *fake) BeginSignUp(_ context.Context, ask auth.LoginAsk) (secret.Token, error) {
	f.asked = ask
	return secret.FromString("dpu_begun"), f.err
}

func (f *fake) SignUpAddress(token secret.Token) (string, bool) {
	return "new@example.com", token.Reveal() == "dpu_begun"
}

func (f *fake) LogOut(context.Context, secret.Token, secret.Token, auth.Caller) error {
	f.out = true
	return nil
}

func idOf(n byte) auth.ID { return auth.ID{6: 0x70, 8: 0x80, 15: n} }

// site is the pages behind a mux, as the app mounts them.
type site struct {
	*fake
	pages *Pages
	mux   *http.ServeMux
}

func newSite(t testing.TB, adapt ...func(*Config, *fake)) *site {
	t.Helper()
	f := &fake{email: "ann@example.com"}
	c := Config{
		LogIn: f, Sessions: f, Passwords: f, Addresses: f, Cookies: httpkit.Cookies{Insecure: true}, Landing: "/account",
		Demo: &Demo{Email: "demo@example.com", Password: "correct horse battery staple", Window: 30 * time.Second},
		Now:  func() time.Time { return testNow },
	}
	for _, change := range adapt {
		change(&c, f)
	}
	p, err := New(c)
	if err != nil {
		t.Fatal(err)
	}
	mux := http.NewServeMux()
	for _, r := range p.Routes() {
		mux.Handle(r.Pattern, r.Handler)
	}
	mux.HandleFunc("/", p.NotFound)
	return &site{fake: f, pages: p, mux: mux}
}

func (s *site) do(r *http.Request) *httptest.ResponseRecorder {
	if s.loggedIn {
		r.AddCookie(&http.Cookie{Name: "daypass-session", Value: sessionValue})
	}
	if s.accept != "" {
		r.Header.Set("Accept-Language", s.accept)
	}
	w := httptest.NewRecorder()
	s.mux.ServeHTTP(w, r)
	return w
}

func (s *site) get(path string) *httptest.ResponseRecorder {
	return s.do(httptest.NewRequest(http.MethodGet, path, http.NoBody))
}

func (s *site) post(path string, form url.Values) *httptest.ResponseRecorder {
	r := httptest.NewRequest(http.MethodPost, path, strings.NewReader(form.Encode()))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	return s.do(r)
}

// inEnglish says a message.
func inEnglish(t *testing.T, m *i18n.Message) string {
	t.Helper()
	said, err := newSite(t).pages.catalogues.Base().Say(m)
	if err != nil {
		t.Fatal(err)
	}
	return fmt.Sprint(said)
}
