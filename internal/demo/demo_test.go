package demo_test

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/daypass/daypass/internal/auth"
	"github.com/daypass/daypass/internal/demo"
)

// visitor is a browser without a window: it keeps cookies and remembers every body it was sent.
type visitor struct {
	t      *testing.T
	client *http.Client
	base   string
	seen   []string
}

func (x *world) visit(t *testing.T) *visitor {
	t.Helper()
	srv := x.serve(t)
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	return &visitor{t: t, client: &http.Client{Jar: jar}, base: srv.URL}
}

// ask sends a request and returns status and body; a JSON object is decoded into into, unless nil.
func (v *visitor) ask(method, path string, into any) int {
	v.t.Helper()
	r, err := http.NewRequestWithContext(v.t.Context(), method, v.base+path, http.NoBody)
	if err != nil {
		v.t.Fatal(err)
	}
	reply, err := v.client.Do(r)
	if err != nil {
		v.t.Fatal(err)
	}
	defer func() { _ = reply.Body.Close() }()
	body, err := io.ReadAll(reply.Body)
	if err != nil {
		v.t.Fatal(err)
	}
	v.seen = append(v.seen, string(body))
	if into != nil {
		if err := json.Unmarshal(body, into); err != nil {
			v.t.Fatalf("%s %s: %v in %s", method, path, err, body)
		}
	}
	return reply.StatusCode
}

func (v *visitor) logIn() {
	v.t.Helper()
	reply, err := v.client.PostForm(v.base+"/login", url.Values{"username": {demoEmail}, "password": {demoPassword}})
	if err != nil {
		v.t.Fatal(err)
	}
	_ = reply.Body.Close()
	if reply.StatusCode != http.StatusOK || reply.Request.URL.Path != "/demo" {
		v.t.Fatalf("log-in: got %d at %s", reply.StatusCode, reply.Request.URL)
	}
}

// state is what the page reads, as far as the tests look.
type state struct {
	SignedIn bool `json:"signed_in"`
	Access   *struct {
		Claims    map[string]any `json:"claims"`
		ExpiresAt time.Time      `json:"expires_at"`
	} `json:"access"`
	Refresh *struct {
		Presented     int64        `json:"presented_generation"`
		Current       int64        `json:"current"`
		First         int64        `json:"first"`
		Last          int64        `json:"last"`
		WindowEndsAt  *time.Time   `json:"window_ends_at"`
		RevokedReason string       `json:"revoked_reason"`
		Verdict       auth.Verdict `json:"verdict_now"`
	} `json:"refresh"`
	Thief *struct {
		Generation int64 `json:"generation"`
	} `json:"thief"`
	Events []struct {
		Kind auth.EventKind `json:"kind"`
	} `json:"events"`
}

func (v *visitor) state() (s state) {
	v.t.Helper()
	if status := v.ask(http.MethodGet, "/v1/demo/state", &s); status != http.StatusOK {
		v.t.Fatalf("state: got %d", status)
	}
	return s
}

type outcome struct {
	Verdict auth.Verdict `json:"verdict"`
	Status  int          `json:"status"`
}

func (v *visitor) outcome(path string) (o outcome) {
	v.t.Helper()
	v.ask(http.MethodPost, path, &o)
	return o
}

func TestAStrangerSeesNoTokenAndCanDoNothing(t *testing.T) {
	t.Parallel()
	v := newWorld(time.Now).visit(t)
	if s := v.state(); s.SignedIn || s.Access != nil || s.Refresh != nil || s.Thief != nil {
		t.Errorf("state: got %+v, want nothing", s)
	}
	for _, path := range []string{"lose", "race", "wait", "steal", "thief", "end"} {
		if got := v.ask(http.MethodPost, "/v1/demo/"+path, nil); got != http.StatusUnauthorized {
			t.Errorf("%s: got %d, want 401", path, got)
		}
	}
}

func TestTheStateShowsClaimsAndGenerations(t *testing.T) {
	t.Parallel()
	v := newWorld(time.Now).visit(t)
	v.logIn()
	s := v.state()
	if !s.SignedIn || s.Access == nil || s.Refresh == nil {
		t.Fatalf("state: got %+v", s)
	}
	if s.Access.Claims["client_id"] != "daypass" || time.Until(s.Access.ExpiresAt) < 9*time.Minute {
		t.Errorf("access: got %+v", s.Access)
	}
	if r := s.Refresh; r.Presented != 0 || r.Current != 0 || r.First != -1 || r.WindowEndsAt != nil || r.Verdict != auth.Current {
		t.Errorf("refresh: got %+v, want generation 0 and no window", r)
	}
	v.ask(http.MethodPost, "/v1/refresh", nil)
	if r := v.state().Refresh; r.Presented != 1 || r.Current != 1 || r.First != 0 || r.Last != 0 || r.WindowEndsAt == nil {
		t.Errorf("after a refresh: got %+v", r)
	}
	if v.ask(http.MethodPost, "/v1/demo/lapse", nil); v.state().Access != nil || v.ask(http.MethodGet, "/demo/api/hello", nil) != http.StatusUnauthorized {
		t.Error("lapse: the access token is still there")
	}
}

func TestALostReplyMovesTheGrantAndNotTheCookie(t *testing.T) {
	t.Parallel()
	v := newWorld(time.Now).visit(t)
	v.logIn()
	if got, want := v.outcome("/v1/demo/lose"), (outcome{auth.Current, 200}); got != want {
		t.Errorf("lose: got %v, want %v", got, want)
	}
	if r := v.state().Refresh; r.Presented != 0 || r.Current != 1 || r.Verdict != auth.Replay {
		t.Errorf("lost: got %+v, want the cookie at 0, the row at 1, Replay", r)
	}
	v.ask(http.MethodPost, "/v1/demo/wait", nil)
	if r := v.state().Refresh; r.Verdict != auth.Recover || r.WindowEndsAt != nil {
		t.Errorf("an hour later: got %+v, want Recover and the window closed", r)
	}
}

func TestARaceGivesBothTheSameSuccessor(t *testing.T) {
	t.Parallel()
	v := newWorld(time.Now).visit(t)
	v.logIn()
	var both []outcome
	v.ask(http.MethodPost, "/v1/demo/race", &both)
	if len(both) != 2 || both[0].Verdict == both[1].Verdict || both[0].Status != 200 || both[1].Status != 200 {
		t.Errorf("race: got %v, want one Current and one Replay", both)
	}
	if r := v.state().Refresh; r.Presented != 1 || r.Current != 1 {
		t.Errorf("after the race: got %+v, want the cookie at the new generation", r)
	}
}

func TestAStolenTokenKillsTheGrantForBoth(t *testing.T) {
	t.Parallel()
	v := newWorld(time.Now).visit(t)
	v.logIn()
	if got := v.ask(http.MethodPost, "/v1/demo/thief", nil); got != http.StatusBadRequest {
		t.Errorf("a thief with an empty pocket: got %d, want 400", got)
	}
	for _, path := range []string{"/v1/demo/steal", "/v1/refresh", "/v1/demo/wait", "/v1/refresh"} {
		if got := v.ask(http.MethodPost, path, nil); got >= 300 {
			t.Fatalf("%s: got %d", path, got)
		}
	}
	if s := v.state(); s.Thief == nil || s.Thief.Generation != 0 || s.Refresh.Current != 2 {
		t.Errorf("before the thief acts: got %+v", s)
	}
	if got, want := v.outcome("/v1/demo/thief"), (outcome{auth.Reuse, 401}); got != want {
		t.Errorf("the thief: got %v, want %v", got, want)
	}
	if got := v.ask(http.MethodPost, "/v1/refresh", nil); got != http.StatusUnauthorized {
		t.Errorf("the owner: got %d, want 401", got)
	}
	s := v.state()
	if s.SignedIn || s.Refresh.Verdict != auth.Revoked || s.Refresh.RevokedReason != auth.ReasonReuse {
		t.Errorf("afterwards: got %+v", s.Refresh)
	}
	if len(s.Events) == 0 || s.Events[0].Kind != auth.EventGrantReuse {
		t.Errorf("events: got %+v, want %s on top", s.Events, auth.EventGrantReuse)
	}
}

func TestAThiefInsideTheWindowKeepsTheSuccessor(t *testing.T) {
	t.Parallel()
	v := newWorld(time.Now).visit(t)
	v.logIn()
	v.ask(http.MethodPost, "/v1/demo/steal", nil)
	if got := v.outcome("/v1/demo/thief"); got.Verdict != auth.Current {
		t.Errorf("the thief is first: got %v, want Current", got)
	}
	if s := v.state(); s.Thief.Generation != 1 || s.Refresh.Presented != 0 || s.Refresh.Verdict != auth.Replay {
		t.Errorf("got %+v and the thief at %d", s.Refresh, s.Thief.Generation)
	}
}

func TestAnEndedSessionAsksToLogInAgain(t *testing.T) {
	t.Parallel()
	v := newWorld(time.Now).visit(t)
	v.logIn()
	v.ask(http.MethodPost, "/v1/demo/end", nil)
	if got := v.ask(http.MethodPost, "/v1/refresh", nil); got != http.StatusUnauthorized {
		t.Errorf("refresh: got %d, want 401", got)
	}
	if s := v.state(); s.SignedIn || s.Refresh.Verdict != auth.Expired {
		t.Errorf("state: got %+v", s.Refresh)
	}
	v.logIn()
	if !v.state().SignedIn {
		t.Error("a new log-in must start afresh")
	}
}

// TestNoReplyHoldsAToken looks through every body of a whole visit, thefts included.
func TestNoReplyHoldsAToken(t *testing.T) {
	t.Parallel()
	v := newWorld(time.Now).visit(t)
	v.logIn()
	for _, path := range []string{"lose", "steal", "race", "thief", "wait", "thief", "lapse", "end", "lose"} {
		v.ask(http.MethodPost, "/v1/demo/"+path, nil)
		v.state()
	}
	for _, body := range v.seen {
		for _, secret := range []string{auth.RefreshPrefix, "eyJ", "c2lnbmF0dXJl"} {
			if strings.Contains(body, secret) {
				t.Errorf("a reply holds %s…: %s", secret, body)
			}
		}
	}
}

func TestAnAccessCookieThatIsNoTokenIsShownAsNone(t *testing.T) {
	t.Parallel()
	for _, value := range []string{"x", "a.b.c", "e30.bnVsbA.x", "e30.W10.x", "bnVsbA.e30.x", "....", "e30.e30"} {
		v := newWorld(time.Now).visit(t)
		base, err := url.Parse(v.base)
		if err != nil {
			t.Fatal(err)
		}
		v.client.Jar.SetCookies(base, []*http.Cookie{{Name: "daypass-access", Value: value, Path: "/"}, {Name: "daypass-refresh", Value: value, Path: "/v1"}})
		if s := v.state(); s.Access != nil || s.Refresh != nil {
			t.Errorf("cookie %q: got %+v", value, s)
		}
	}
}

func TestNothingIsServedWithoutItsNeeds(t *testing.T) {
	t.Parallel()
	x := newWorld(time.Now)
	for name, c := range map[string]demo.Config{
		"no grants":    {Refresher: x, Now: time.Now},
		"no refresher": {Grants: x, Now: time.Now},
		"no clock":     {Grants: x, Refresher: x},
	} {
		if _, err := demo.New(c); err == nil {
			t.Errorf("%s: New succeeded, want an error", name)
		}
	}
}
