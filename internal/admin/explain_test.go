package admin_test

import (
	"context"
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"hash/crc32"
	"strings"
	"testing"
	"time"

	"github.com/daypass/daypass/internal/admin"
	"github.com/daypass/daypass/internal/auth"
	"github.com/daypass/daypass/internal/secret"
	"github.com/daypass/daypass/internal/store"
)

func (h *house) explain(pasted secret.Token) admin.Explanation {
	h.t.Helper()
	e, err := h.admin.Explain(h.t.Context(), pasted)
	if err != nil {
		h.t.Fatal(err)
	}
	return e
}

func TestExplainSaysWhatARefreshWouldGet(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		prepare func(h *house, g auth.Grant)
		present int64
		want    auth.Verdict
	}{
		"fresh":              {func(*house, auth.Grant) {}, 0, auth.Current},
		"retry":              {func(h *house, g auth.Grant) { h.rotate(g.ID) }, 0, auth.Replay},
		"lost reply":         {func(h *house, g auth.Grant) { h.rotate(g.ID); h.now = h.now.Add(time.Minute) }, 0, auth.Recover},
		"restored database":  {func(*house, auth.Grant) {}, 3, auth.Ahead},
		"impossible":         {func(*house, auth.Grant) {}, 20_000, auth.Forged},
		"not used for long":  {func(h *house, _ auth.Grant) { h.now = h.now.Add(auth.DefaultSessionIdle) }, 0, auth.Expired},
		"revoked":            {func(h *house, g auth.Grant) { _, _ = h.admin.RevokeGrant(h.t.Context(), g.ID, by()) }, 0, auth.Revoked},
		"user disabled":      {func(h *house, g auth.Grant) { _, _ = h.admin.DisableUser(h.t.Context(), g.UserID, by()) }, 0, auth.Revoked},
		"of an older burst":  {func(h *house, g auth.Grant) { h.rotate(g.ID); h.now = h.now.Add(time.Minute); h.rotate(g.ID) }, 0, auth.Reuse},
		"newest, in a burst": {func(h *house, g auth.Grant) { h.rotate(g.ID); h.rotate(g.ID) }, 2, auth.Current},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h := newHouse(t)
			u := h.user("ann@example.com")
			g, token := h.grant(u.ID, h.session(u.ID), auth.FirstPartyClient, false)
			c.prepare(h, g)
			before, history := h.grantNow(g.ID), len(h.events(u.ID))
			e := h.explain(token(c.present))
			if e.Kind != admin.KindRefreshToken || auth.Verdict(e.Verdict) != c.want || e.Good != c.want.Granted() || !strings.HasPrefix(e.Rule, c.want.Rule()) || e.Advice == "" {
				t.Errorf("got %s %q (good %v): %s, want %s", e.Kind, e.Verdict, e.Good, e.Rule, c.want)
			}
			if e.Grant == nil || e.Grant.ID != g.ID || e.Grant.Email != u.Email {
				t.Errorf("grant: got %+v", e.Grant)
			}
			if after := h.grantNow(g.ID); fmt.Sprint(after) != fmt.Sprint(before) || len(h.events(u.ID)) != history {
				t.Errorf("explaining changed something: got %+v, want %+v", after, before)
			}
		})
	}
}

func TestExplainHoldsNoSecretAndNoSuccessor(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	u := h.user("ann@example.com")
	g, token := h.grant(u.ID, h.session(u.ID), auth.FirstPartyClient, false)
	h.rotate(g.ID)
	access, _, err := h.ring.MintAccess(auth.AccessClaims{Subject: u.ID.String(), ClientID: auth.FirstPartyClient, GrantID: g.ID.String(), Audience: auth.Audience{"a"}}, time.Minute)
	if err != nil {
		t.Fatal(err)
	}
	_, clientSecret := h.client(admin.NewClient{Name: "service"})
	signature := access.Reveal()[strings.LastIndexByte(access.Reveal(), '.')+1:]
	for _, pasted := range []secret.Token{token(0), token(1), access, clientSecret} {
		e := h.explain(pasted)
		printed := fmt.Sprintf("%+v %+v %s", e, e.Decoded, e.Kind)
		if e.Grant != nil {
			printed += fmt.Sprintf("%+v", e.Grant.Events)
		}
		if b, err := json.Marshal(e.Decoded); err == nil {
			printed += string(b)
		}
		for what, leak := range map[string]string{
			"the token": pasted.Reveal(), "the successor": token(2).Reveal(), "its sibling": token(1).Reveal(), "the signature": signature,
			"the tail of the token": pasted.Reveal()[len(pasted.Reveal())-30:],
		} {
			if strings.Contains(printed, leak) {
				t.Errorf("%s of %s: %s is in %s", e.Kind, e.Verdict, what, printed)
			}
		}
	}
}

func TestExplainKnowsOpaqueAccessTokens(t *testing.T) {
	t.Parallel()
	h, other := newHouse(t), newHouse(t)
	u := h.user("ann@example.com")
	g, _ := h.grant(u.ID, h.session(u.ID), auth.FirstPartyClient, false)
	claims := auth.AccessClaims{Subject: u.ID.String(), ClientID: auth.FirstPartyClient, GrantID: g.ID.String(), Audience: auth.Audience{"urn:dark"}, Scope: "look"}
	token, _, err := h.ring.Mint(claims, time.Minute, auth.TokenStyle{Opaque: true})
	if err != nil {
		t.Fatal(err)
	}
	e := h.explain(token)
	if e.Kind != admin.KindAccessToken || e.Verdict != admin.StandingAccepted || !strings.Contains(e.Rule, "sealed by this server") || e.Grant == nil || e.Grant.ID != g.ID {
		t.Errorf("got %+v", e)
	}
	printed, err := json.Marshal(e.Decoded)
	if err != nil || !strings.Contains(string(printed), `"format":"opaque","iss"`) || !strings.Contains(string(printed), `"scope":"look"`) || strings.Contains(string(printed), token.Reveal()[20:]) {
		t.Errorf("got %s, %v", printed, err)
	}
	if e := other.explain(token); e.Verdict != admin.StandingForeign || len(e.Decoded) != 0 {
		t.Errorf("another server: got %+v", e)
	}
	if _, err := h.admin.RevokeGrant(t.Context(), g.ID, admin.Actor{}); err != nil {
		t.Fatal(err)
	}
	if e := h.explain(token); e.Verdict != admin.StandingRevoked {
		t.Errorf("revoked: got %+v", e)
	}
}

func TestExplainTellsDamageFromAnotherServer(t *testing.T) {
	t.Parallel()
	h, other := newHouse(t), newHouse(t)
	u := other.user("ann@example.com")
	_, token := other.grant(u.ID, other.session(u.ID), auth.FirstPartyClient, false)
	whole := token(0).Reveal()
	for name, c := range map[string]struct {
		pasted string
		h      *house
		want   string
		advice string
	}{
		"another server": {whole, h, string(auth.Malformed), "other master keys"},
		"cut":            {whole[:len(whole)-1], other, string(auth.Malformed), "damaged"},
		"one letter":     {whole[:20] + "A" + whole[21:], other, string(auth.Malformed), "damaged"},
		"quoted":         {"\"" + whole + "\"\n", other, string(auth.Current), "good"},
		"in a header":    {"Authorization: Bearer " + whole, other, string(auth.Current), "good"},
	} {
		if name == "one letter" && whole[20] == 'A' {
			c.pasted = whole[:20] + "B" + whole[21:]
		}
		e := c.h.explain(secret.FromString(c.pasted))
		if string(e.Verdict) != c.want || !strings.Contains(e.Advice, c.advice) {
			t.Errorf("%s: got %s: %s, want %s: …%s…", name, e.Verdict, e.Advice, c.want, c.advice)
		}
	}
	lost := auth.RefreshToken{Key: h.rules.Key, GrantID: auth.NewID(h.now), Secret: auth.NewGrantSecret()}
	swept, err := lost.Encode(h.masters)
	if err != nil {
		t.Fatal(err)
	}
	if e := h.explain(swept); auth.Verdict(e.Verdict) != auth.Unknown {
		t.Errorf("swept grant: got %s", e.Verdict)
	}
}

func TestExplainSaysThatAMasterKeyIsMissing(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	raw := make([]byte, 53)
	raw[0] = 77 // a version nobody loaded
	sum := crc32.Update(crc32.ChecksumIEEE([]byte(auth.RefreshPrefix)), crc32.IEEETable, raw)
	whole := auth.RefreshPrefix + base64.RawURLEncoding.EncodeToString(binary.BigEndian.AppendUint32(raw, sum))
	if e := h.explain(secret.FromString(whole)); e.Verdict != admin.StandingKeyUnknown || !strings.Contains(e.Rule, "503") {
		t.Errorf("got %s: %s", e.Verdict, e.Rule)
	}
}

func TestExplainJudgesAccessTokensLikeAResourceServerThatFollows(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		spoil func(h *house, g auth.Grant, token string) string
		want  admin.Standing
		rule  string
	}{
		"good": {func(_ *house, _ auth.Grant, s string) string { return s }, admin.StandingAccepted, "not revoked"},
		"over": {func(h *house, _ auth.Grant, s string) string { h.now = h.now.Add(11 * time.Minute); return s }, admin.StandingExpired, "lifetime"},
		"grant revoked": {func(h *house, g auth.Grant, s string) string {
			_, _ = h.admin.RevokeGrant(h.t.Context(), g.ID, by())
			return s
		}, admin.StandingRevoked, "its grant was revoked: " + auth.ReasonAdmin},
		"client revoked": {func(h *house, g auth.Grant, s string) string {
			h.update(func(ctx context.Context, tx *store.Tx) error {
				return tx.Clients.Bump(ctx, g.ClientID, h.now, time.Hour)
			})
			return s
		}, admin.StandingRevoked, "all access tokens of its client"},
		"client deleted": {func(h *house, g auth.Grant, s string) string {
			h.update(func(ctx context.Context, tx *store.Tx) error {
				_, err := tx.Clients.Delete(ctx, g.ClientID)
				return err
			})
			return s
		}, admin.StandingRevoked, "client was deleted"},
		"changed": {func(_ *house, _ auth.Grant, s string) string { return s[:len(s)-6] + "AAAAAA" }, admin.StandingForeign, "signature"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h := newHouse(t)
			u := h.user("ann@example.com")
			g, _ := h.grant(u.ID, h.session(u.ID), auth.FirstPartyClient, false)
			access, _, err := h.ring.MintAccess(auth.AccessClaims{
				Subject: u.ID.String(), ClientID: g.ClientID, GrantID: g.ID.String(), Audience: auth.Audience{"https://api.example"},
			}, 10*time.Minute)
			if err != nil {
				t.Fatal(err)
			}
			e := h.explain(secret.FromString(c.spoil(h, g, access.Reveal())))
			if e.Kind != admin.KindAccessToken || e.Verdict != c.want || !strings.Contains(e.Rule, c.rule) || e.Good != (c.want == admin.StandingAccepted) {
				t.Errorf("got %s %s: %s, want %s: …%s…", e.Kind, e.Verdict, e.Rule, c.want, c.rule)
			}
			b, err := json.Marshal(e.Decoded)
			if err != nil || !strings.Contains(string(b), `"iss":"https://id.example"`) || !strings.Contains(string(b), `"exp":"2026-11-23T12:1`) {
				t.Errorf("decoded: got %s, %v", b, err)
			}
		})
	}
}

func TestExplainKnowsIDsCookiesAndClientSecrets(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	u := h.user("ann@example.com")
	session := h.session(u.ID)
	g, _ := h.grant(u.ID, session, auth.FirstPartyClient, false)
	event := h.events(u.ID)[0]
	c, plain := h.client(admin.NewClient{Name: "service"})
	disabled, dead := h.client(admin.NewClient{Name: "service"})
	if _, err := h.admin.DisableClient(t.Context(), disabled.ID, by()); err != nil {
		t.Fatal(err)
	}
	next, err := h.admin.RotateSecret(t.Context(), c.ID, false, by())
	if err != nil {
		t.Fatal(err)
	}
	for name, p := range map[string]struct {
		pasted string
		kind   admin.Kind
		good   bool
		rule   string
	}{
		"session":          {session.String(), admin.KindSession, true, "alive"},
		"shouted":          {strings.ToUpper(session.String()), admin.KindSession, true, "alive"},
		"grant":            {g.ID.String(), admin.KindGrant, true, "alive"},
		"event":            {event.ID.String(), admin.KindEvent, true, "user.created"},
		"user":             {u.ID.String(), admin.KindUser, true, "may log in"},
		"no such id":       {auth.NewID(h.now).String(), admin.KindUnknown, false, "no session, grant, event or user"},
		"cookie":           {"cookie of " + session.String(), admin.KindSessionCookie, true, "alive"},
		"secret":           {next.Reveal(), admin.KindClientSecret, true, "newest"},
		"previous secret":  {plain.Reveal(), admin.KindClientSecret, true, "previous"},
		"disabled":         {dead.Reveal(), admin.KindClientSecret, false, "disabled"},
		"unknown secret":   {"dps_x", admin.KindClientSecret, false, "no client"},
		"nothing":          {"hello", admin.KindUnknown, false, "nothing that Daypass"},
		"empty":            {"", admin.KindUnknown, false, "nothing that Daypass"},
		"dots":             {"a.b.c", admin.KindUnknown, false, "nothing that Daypass"},
		"dots with base64": {"bnVsbA.bnVsbA.x", admin.KindUnknown, false, "nothing that Daypass"},
		"huge":             {strings.Repeat("x", 1<<20), admin.KindUnknown, false, "nothing that Daypass"},
	} {
		if e := h.explain(secret.FromString(p.pasted)); e.Kind != p.kind || e.Good != p.good || !strings.Contains(e.Rule, p.rule) || e.Advice == "" {
			t.Errorf("%s: got %s, good %v: %s", name, e.Kind, e.Good, e.Rule)
		}
	}
	if _, err := h.admin.EndSession(t.Context(), session, by()); err != nil {
		t.Fatal(err)
	}
	for _, pasted := range []string{session.String(), g.ID.String()} {
		if e := h.explain(secret.FromString(pasted)); e.Good || e.Verdict != admin.StandingRevoked || !strings.Contains(e.Rule, auth.ReasonSessionEnded) {
			t.Errorf("after the end: got %s %s: %s", e.Kind, e.Verdict, e.Rule)
		}
	}
}

// FuzzExplain: whatever somebody pastes is answered, never with an error or a panic.
func FuzzExplain(f *testing.F) {
	for _, s := range []string{"", "dpr_", "dps_", "a.b.c", "00000000-0000-0000-0000-000000000000", "eyJ9.eyJ9.x", "Bearer "} {
		f.Add(s)
	}
	h := newHouse(f)
	f.Fuzz(func(t *testing.T, pasted string) {
		if _, err := h.admin.Explain(context.Background(), secret.FromString(pasted)); err != nil {
			t.Errorf("%q: %v", pasted, err)
		}
	})
}
