package app

import (
	"crypto"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"
	"time"

	"github.com/daypass/daypass/internal/auth"
	"github.com/daypass/daypass/internal/jose"
	"github.com/daypass/daypass/internal/store"
)

// listener is a client that hears of log-outs.
type listener struct {
	mu     sync.Mutex
	status int
	tokens []string
}

func (l *listener) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if r.Method == http.MethodPost && r.Header.Get("Content-Type") == "application/x-www-form-urlencoded" {
		l.tokens = append(l.tokens, r.PostFormValue("logout_token"))
	}
	w.WriteHeader(l.status)
}

func (l *listener) answer(status int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.status = status
}

func (l *listener) heard() []string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.tokens
}

// join gives clients a grant in the session of a log-in, and ends that session.
func (n *node) joinAndLogOut(t *testing.T, all ...auth.Client) auth.Grant {
	t.Helper()
	access, _ := n.logIn(t)
	claims, err := jose.UnverifiedPayload(access)
	if err != nil {
		t.Fatal(err)
	}
	var own struct {
		GrantID string `json:"gid"`
	}
	if err := json.Unmarshal(claims, &own); err != nil {
		t.Fatal(err)
	}
	id, err := auth.ParseID(own.GrantID)
	if err != nil {
		t.Fatal(err)
	}
	var joined auth.Grant
	n.change(t, func(tx *store.Tx) error {
		f, _, err := tx.Grants.Facts(t.Context(), id)
		if err != nil {
			return err
		}
		for _, c := range all {
			if _, err := tx.Clients.Insert(t.Context(), c); err != nil {
				return err
			}
			joined, _, err = n.grants.Issue(auth.Grant{UserID: f.Grant.UserID, SessionID: f.Grant.SessionID, ClientID: c.ID, AuthTime: n.now()}, n.now().Add(time.Hour))
			if err != nil {
				return err
			}
			if err := tx.Grants.Insert(t.Context(), joined); err != nil {
				return err
			}
		}
		return nil
	})
	if status, body := n.postAs(t, "/v1/logout", access, "application/json", ""); status != http.StatusNoContent {
		t.Fatalf("log-out: %d %v", status, body)
	}
	return joined
}

// LO-06: whoever had a part in a session and wants to know is told of its end, with a token that can be taken for no other.
func TestClientsAreToldOfALogOut(t *testing.T) {
	t.Parallel()
	ear := &listener{status: http.StatusServiceUnavailable}
	server := httptest.NewServer(ear)
	defer server.Close()
	n := start(t, load(t, t.TempDir()))
	told := auth.Client{ID: "told", Metadata: auth.ClientMetadata{BackChannelLogoutURI: server.URL + "/bye", Subject: auth.SubjectPairwise}, RedirectURIs: []string{"https://told.example/cb"}}
	g := n.joinAndLogOut(t, auth.Client{ID: "deaf"}, told)
	if tried := n.outbox.Pass(t.Context()); tried != 1 || len(ear.heard()) != 1 {
		t.Fatalf("%d were tried and %d heard, want one", tried, len(ear.heard()))
	}
	ear.answer(http.StatusNoContent)
	n.bringForward(t)
	if tried := n.outbox.Pass(t.Context()); tried != 1 || len(ear.heard()) != 2 {
		t.Fatalf("later %d were tried and %d heard", tried, len(ear.heard()))
	}
	if n.outbox.Pass(t.Context()) != 0 {
		t.Error("what was heard is told again")
	}
	payload, header, err := jose.Verify(ear.heard()[1], jose.VerifyConfig{
		Algorithms: []jose.Algorithm{jose.RS256}, Types: []string{"logout+jwt"},
		Keys: func(kid string, alg jose.Algorithm) (crypto.PublicKey, bool) { return n.ring.PublicKey(kid, alg) },
	})
	if err != nil {
		t.Fatalf("the token: %v (%+v)", err, header)
	}
	var c map[string]any
	if err := json.Unmarshal(payload, &c); err != nil {
		t.Fatal(err)
	}
	iat, _ := c["iat"].(float64)
	exp, _ := c["exp"].(float64)
	events, _ := c["events"].(map[string]any)
	_, event := events["http://schemas.openid.net/event/backchannel-logout"].(map[string]any)
	if c["iss"] != n.config.Issuer || c["aud"] != "told" || c["sub"] != n.ring.Subject(g.UserID, told) || c["sub"] == g.UserID.String() ||
		c["sid"] != n.ring.SessionRef(g.SessionID, "told") || c["jti"] == nil || c["nonce"] != nil || !event || exp-iat > 120 || exp <= iat {
		t.Errorf("claims: %s", payload)
	}
}

// What says that it does not understand, or lies where nobody is called, is not told again; nobody's log-out waits for it.
func TestATellingIsGivenUp(t *testing.T) {
	t.Parallel()
	ear := &listener{status: http.StatusBadRequest}
	server := httptest.NewServer(ear)
	defer server.Close()
	n := start(t, load(t, t.TempDir()))
	n.joinAndLogOut(
		t, auth.Client{ID: "a", Metadata: auth.ClientMetadata{BackChannelLogoutURI: server.URL}},
		auth.Client{ID: "b", Metadata: auth.ClientMetadata{BackChannelLogoutURI: "https://169.254.169.254/latest"}},
	)
	if tried := n.outbox.Pass(t.Context()); tried != 2 || len(ear.heard()) != 1 {
		t.Errorf("%d were tried and %d heard, want 2 and 1", tried, len(ear.heard()))
	}
	n.change(t, func(tx *store.Tx) error {
		left, err := tx.Outbox.Claim(t.Context(), n.now().Add(time.Hour), n.now(), 10)
		if len(left) != 0 {
			t.Errorf("%d are left", len(left))
		}
		return err
	})
}
