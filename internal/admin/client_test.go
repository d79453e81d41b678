package admin_test

import (
	"errors"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/daypass/daypass/internal/admin"
	"github.com/daypass/daypass/internal/auth"
	"github.com/daypass/daypass/internal/secret"
	"github.com/daypass/daypass/internal/store"
	"github.com/daypass/daypass/oauth"
)

func (h *house) stored(id string) auth.Client {
	h.t.Helper()
	var c auth.Client
	if err := h.db.View(h.t.Context(), func(tx *store.Tx) (err error) {
		c, err = tx.Clients.Find(h.t.Context(), id)
		return err
	}); err != nil {
		h.t.Fatal(err)
	}
	return c
}

func TestAClientSecretIsShownOnceAndStoredAsItsHash(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	c, plain := h.client(admin.NewClient{Name: "service"})
	if !regexp.MustCompile(`^dps_[A-Za-z0-9_-]{43}$`).MatchString(plain.Reveal()) {
		t.Error("want dps_ and 256 bits of base64url")
	}
	if got := h.stored(c.ID).SecretHashes; len(got) != 1 || got[0] != plain.Hash() {
		t.Errorf("stored: got %d hashes, want the SHA-256 of what was shown", len(got))
	}
	if c.SecretHashes != nil || !slices.Equal(c.Grants, []oauth.GrantType{oauth.GrantClientCredentials}) {
		t.Errorf("got %+v", c)
	}
	pub, none := h.client(admin.NewClient{Name: "app", Public: true, RedirectURIs: []string{"https://app.example/cb"}})
	if !none.IsZero() || len(h.stored(pub.ID).SecretHashes) != 0 || !pub.MayUse(oauth.GrantAuthorizationCode) || !pub.MayUse(oauth.GrantRefreshToken) {
		t.Errorf("public: got %+v with a secret, want none and the code flow", pub)
	}
}

func TestTwoSecretsLiveAfterARotationAndNeverThree(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	c, first := h.client(admin.NewClient{Name: "service"})
	rotate := func(drop bool) secret.Token {
		t.Helper()
		s, err := h.admin.RotateSecret(t.Context(), c.ID, drop, by())
		if err != nil {
			t.Fatal(err)
		}
		return s
	}
	second := rotate(false)
	if got := h.stored(c.ID).SecretHashes; !slices.Equal(got, [][32]byte{second.Hash(), first.Hash()}) {
		t.Errorf("after one rotation: got %d hashes, want new and old", len(got))
	}
	third := rotate(false)
	if got := h.stored(c.ID).SecretHashes; !slices.Equal(got, [][32]byte{third.Hash(), second.Hash()}) {
		t.Errorf("after two: got %d hashes, want the newest two", len(got))
	}
	fourth := rotate(true)
	if got := h.stored(c.ID).SecretHashes; !slices.Equal(got, [][32]byte{fourth.Hash()}) {
		t.Errorf("dropping the old: got %d hashes, want one", len(got))
	}
	pub, _ := h.client(admin.NewClient{Name: "app", Public: true, RedirectURIs: []string{"https://app.example/cb"}})
	if _, err := h.admin.RotateSecret(t.Context(), pub.ID, false, by()); !errors.Is(err, admin.ErrInvalid) {
		t.Errorf("public client: got %v", err)
	}
}

func TestTwoOperatorsAtOnceLoseNoChange(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t *testing.T, h *house) {
		c, _ := h.client(admin.NewClient{Name: "service"})
		for round := range 10 {
			start := make(chan struct{})
			var wg sync.WaitGroup
			for range 6 {
				wg.Go(func() {
					<-start
					if _, err := h.admin.RotateSecret(t.Context(), c.ID, false, by()); err != nil {
						t.Errorf("rotate: %v", err)
					}
				})
			}
			wg.Go(func() {
				<-start
				if _, err := h.admin.DisableClient(t.Context(), c.ID, by()); err != nil {
					t.Errorf("disable: %v", err)
				}
			})
			close(start)
			wg.Wait()
			if got := h.stored(c.ID); !got.Disabled() || len(got.SecretHashes) != 2 {
				t.Fatalf("round %d: got disabled %v and %d secrets: a rotation wrote over the disabling", round, got.Disabled(), len(got.SecretHashes))
			}
			if _, err := h.admin.EnableClient(t.Context(), c.ID, by()); err != nil {
				t.Fatal(err)
			}
		}
	})
}

func TestDisablingAClientEndsItsGrantsAndRaisesItsEpoch(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t *testing.T, h *house) {
		u := h.user("ann@example.com")
		c, _ := h.client(admin.NewClient{Name: "service"})
		s := h.session(u.ID)
		g, _ := h.grant(u.ID, s, c.ID, false)
		kept, _ := h.grant(u.ID, s, auth.FirstPartyClient, false)
		before := h.stored(c.ID).Epoch
		done, err := h.admin.DisableClient(t.Context(), c.ID, by())
		if err != nil || !done.Changed || done.Grants != 1 {
			t.Fatalf("got %+v, %v", done, err)
		}
		now := h.stored(c.ID)
		if !now.Disabled() || now.Epoch != before+1 || !h.revoked(auth.RevokeClient, c.ID) || !h.grantNow(g.ID).Revoked() || h.grantNow(kept.ID).Revoked() {
			t.Errorf("got %+v", now)
		}
		if again, err := h.admin.DisableClient(t.Context(), c.ID, by()); err != nil || again.Changed || h.stored(c.ID).Epoch != before+1 {
			t.Errorf("again: got %+v, %v, want nothing changed", again, err)
		}
		if changed, err := h.admin.EnableClient(t.Context(), c.ID, by()); err != nil || !changed || h.stored(c.ID).Disabled() {
			t.Errorf("enable: got %v, %v", changed, err)
		}
	})
}

func TestAClientMadeAgainIsNotHitByTheOldOnesRevocation(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	h.client(admin.NewClient{ID: "svc", Name: "service"})
	if _, err := h.admin.DisableClient(t.Context(), "svc", by()); err != nil {
		t.Fatal(err)
	}
	old := h.stored("svc").Epoch + 1 // what the deletion raises it to
	if done, err := h.admin.DeleteClient(t.Context(), "svc", by()); err != nil || !done.Changed {
		t.Fatalf("delete: got %+v, %v", done, err)
	}
	h.now = h.now.Add(1e9)
	h.client(admin.NewClient{ID: "svc", Name: "service"})
	if got := h.stored("svc").Epoch; got < old {
		t.Errorf("epoch: got %d, want at least %d: tokens below that are refused", got, old)
	}
	if _, _, err := h.admin.CreateClient(t.Context(), admin.NewClient{ID: "svc", Name: "service"}, by()); !errors.Is(err, auth.ErrConflict) {
		t.Errorf("taken id: got %v", err)
	}
}

func TestTheBuiltInClientCannotBeTakenAway(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	_, disable := h.admin.DisableClient(t.Context(), auth.FirstPartyClient, by())
	_, remove := h.admin.DeleteClient(t.Context(), auth.FirstPartyClient, by())
	_, rotate := h.admin.RotateSecret(t.Context(), auth.FirstPartyClient, false, by())
	_, _, create := h.admin.CreateClient(t.Context(), admin.NewClient{ID: auth.FirstPartyClient, Name: "x"}, by())
	for name, err := range map[string]error{"disable": disable, "delete": remove, "rotate": rotate} {
		if !errors.Is(err, admin.ErrBuiltIn) {
			t.Errorf("%s: got %v", name, err)
		}
	}
	if !errors.Is(create, auth.ErrConflict) {
		t.Errorf("create: got %v", create)
	}
}

func TestRedirectURIs(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	for _, c := range []struct {
		uri    string
		public bool
		ok     bool
	}{
		{"https://app.example/cb", false, true},
		{"https://app.example:8443/cb?x=1", false, true},
		{"http://127.0.0.1:8080/cb", true, true},
		{"http://127.0.0.1/cb", true, true},
		{"http://[::1]/cb", true, true},
		{"http://localhost:3000/cb", false, true},
		{"com.example.app:/cb", true, true},
		{"com.example.app:/cb", false, false},
		{"http://app.example/cb", false, false},
		{"http://127.0.0.1.evil.example/cb", false, false},
		{"http://localhost.evil.example/cb", false, false},
		{"https://app.example/cb#f", false, false},
		{"https://App.example/cb", false, false},
		{"https://app.example/*", false, false},
		{"com.example.app:/cb#f", true, false},
		{"https://app.example/cb#", false, false},
		{"https://u:p@app.example/cb", false, false},
		{"https://*.example/cb", false, false},
		{"https://app.example:/cb", false, false},
		{"https://app.example:99999/cb", false, false},
		{"https:///cb", false, false},
		{"https:app.example", false, false},
		{"HTTPS://app.example/cb", false, false},
		{"/cb", false, false},
		{"", false, false},
		{"app.example/cb", false, false},
		{"myapp:/cb", true, false},
		{"javascript:alert(1)", true, false},
		{"data:text/html,x", true, false},
		{"file:///etc/passwd", true, false},
		{"vbscript:x", true, false},
		{"https://app.example/a b", false, false},
		{"https://app.example\\@evil.example/", false, false},
		{"https://app.example/\ncb", false, false},
		{"https://äpp.example/cb", false, false},
		{"https://app.example/" + strings.Repeat("x", 2048), false, false},
	} {
		_, _, err := h.admin.CreateClient(t.Context(), admin.NewClient{Name: "n", Public: c.public, RedirectURIs: []string{c.uri}}, by())
		if c.ok && err != nil || !c.ok && !errors.Is(err, admin.ErrInvalid) {
			t.Errorf("%q (public %v): got %v, want ok %v", c.uri, c.public, err, c.ok)
		}
	}
}

func TestWhatAClientMayBeRegisteredWith(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	cb := []string{"https://app.example/cb"}
	for name, c := range map[string]struct {
		new   admin.NewClient
		field string // empty: accepted
	}{
		"scopes":            {admin.NewClient{Name: "n", Scopes: []string{"read", "read:all", "https://api/x"}}, ""},
		"spaced scope":      {admin.NewClient{Name: "n", Scopes: []string{"a b"}}, "scope"},
		"quoted scope":      {admin.NewClient{Name: "n", Scopes: []string{`a"b`}}, "scope"},
		"empty scope":       {admin.NewClient{Name: "n", Scopes: []string{""}}, "scope"},
		"resources":         {admin.NewClient{Name: "n", Resources: []string{"https://api.example/v1", "urn:example:api", "http://10.0.0.1:8080"}}, ""},
		"relative resource": {admin.NewClient{Name: "n", Resources: []string{"api"}}, "resource"},
		"resource fragment": {admin.NewClient{Name: "n", Resources: []string{"https://api.example/#x"}}, "resource"},
		"resource capitals": {admin.NewClient{Name: "n", Resources: []string{"https://API.example"}}, "resource"},
		"resource wildcard": {admin.NewClient{Name: "n", Resources: []string{"https://*.example"}}, "resource"},
		"spaced resource":   {admin.NewClient{Name: "n", Resources: []string{"https://api.example/a https://b"}}, "resource"},
		"no name":           {admin.NewClient{Name: " "}, "name"},
		"newline in name":   {admin.NewClient{Name: "a\nb"}, "name"},
		"long name":         {admin.NewClient{Name: strings.Repeat("é", 101)}, "name"},
		"id":                {admin.NewClient{Name: "n", ID: "a.b_c~d-E9"}, ""},
		"spaced id":         {admin.NewClient{Name: "n", ID: "a b"}, "id"},
		"colon in id":       {admin.NewClient{Name: "n", ID: "a:b"}, "id"},
		"id of a user":      {admin.NewClient{Name: "n", ID: "0193a3f0-7d2a-7cc2-98c4-dc0c0c07398f"}, "id"},
		"id in capitals":    {admin.NewClient{Name: "n", ID: "0193A3F0-7D2A-7CC2-98C4-DC0C0C07398F"}, "id"},
		"id that is a URL":  {admin.NewClient{Name: "n", ID: "https://app.example/client"}, "id"},
		"id with a dash":    {admin.NewClient{Name: "n", ID: "-a"}, "id"},
		"long id":           {admin.NewClient{Name: "n", ID: strings.Repeat("a", 129)}, "id"},
		"password grant":    {admin.NewClient{Name: "n", Grants: []oauth.GrantType{"password"}}, "grant"},
		"log-in grant":      {admin.NewClient{Name: "n", Grants: []oauth.GrantType{auth.GrantLogin}}, "grant"},
		"public, own token": {admin.NewClient{Name: "n", Public: true, RedirectURIs: cb, Grants: []oauth.GrantType{oauth.GrantClientCredentials}}, "grant"},
		"code, no redirect": {admin.NewClient{Name: "n", Grants: []oauth.GrantType{oauth.GrantAuthorizationCode}}, "redirect_uri"},
		"public, nowhere":   {admin.NewClient{Name: "n", Public: true}, "redirect_uri"},
		"refresh policy":    {admin.NewClient{Name: "n", Refresh: "sometimes"}, "refresh"},
		"public, fixed":     {admin.NewClient{Name: "n", Public: true, RedirectURIs: cb, Refresh: auth.RefreshFixed}, "refresh"},
	} {
		_, _, err := h.admin.CreateClient(t.Context(), c.new, by())
		var bad *admin.Invalid
		switch {
		case c.field == "" && err != nil:
			t.Errorf("%s: got %v, want accepted", name, err)
		case c.field != "" && (!errors.As(err, &bad) || bad.Faults[0].Field != c.field):
			t.Errorf("%s: got %v, want a fault of %s", name, err, c.field)
		}
	}
}
