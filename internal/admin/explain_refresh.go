package admin

import (
	"context"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"strings"
	"time"

	"github.com/daypass/daypass/internal/auth"
	"github.com/daypass/daypass/internal/secret"
	"github.com/daypass/daypass/internal/store"
)

// GrantState is what the rules say about a grant now, whoever presents which token.
type GrantState struct {
	Verdict   auth.Verdict // what its owner would be told: Current, Revoked or Expired
	Why       string       // when it is not Current: what ended it
	WindowEnd time.Time    // of the replay window; zero: closed, or never closing
	Unending  bool         // the window never closes: its client proves more than possession
	IdleEnd   time.Time    // unless used before
}

// stateOf asks auth.Judge about the grant's own current generation. Its secret is not known here, so a made-up
// one takes its place on both sides of the comparison.
func (s *Service) stateOf(f auth.RefreshFacts) GrantState {
	now := s.n.Now()
	own := secret.New(secret.Random(16))
	g := f.Grant
	f.Grant.SecretHash = own.Hash()
	p := auth.Presentation{
		Token: auth.RefreshToken{GrantID: g.ID, Generation: g.Current, Secret: own}, ClientID: g.ClientID, Binding: g.Binding,
	}
	state := GrantState{Verdict: auth.Judge(f, p, s.n.Rules, now).Verdict}
	proves := f.Client.Proves(g.Binding)
	if s.n.Rules.WindowOpen(g.Chain, proves, now) {
		state.Unending = proves
		if !proves {
			state.WindowEnd = g.Since.Add(s.n.Rules.Window)
		}
	}
	state.IdleEnd = g.LastUsedAt.Add(s.n.Rules.Idle)
	if end := f.SessionUse.Add(s.n.Rules.SessionIdle); !g.Offline && end.Before(state.IdleEnd) {
		state.IdleEnd = end
	}
	switch {
	case state.Verdict == auth.Expired && !now.Before(g.ExpiresAt):
		state.Why = "its absolute lifetime is over"
	case state.Verdict == auth.Expired && g.Current >= auth.MaxGeneration:
		state.Why = "its generations are used up"
	case state.Verdict == auth.Expired:
		state.Why = "it was not used for too long"
	case state.Verdict == auth.Revoked:
		state.Why = whyRevoked(f)
	}
	return state
}

func whyRevoked(f auth.RefreshFacts) string {
	switch {
	case f.Grant.Revoked():
		return f.Grant.RevokedReason
	case f.UserGone:
		return "its user is deleted or disabled"
	case f.ClientGone:
		return "its client is deleted or disabled"
	default:
		return "its session has ended"
	}
}

func (s *Service) explainRefresh(ctx context.Context, tx *store.Tx, t secret.Token, now time.Time) (Explanation, error) {
	e := Explanation{Kind: KindRefreshToken}
	token, err := auth.ParseRefreshToken(t, s.n.Tags)
	switch {
	case errors.Is(err, auth.ErrKeyUnknown):
		e.Verdict = StandingKeyUnknown
		e.Rule = "it was made with a master key that is not loaded here: a refresh answers 503, so that no client throws it away"
		e.Advice = "Add the key of that version to the file of master keys, or ask the server that made the token."
		return e, nil
	case err != nil:
		e.decide(auth.Malformed)
		e.Advice = adviceMalformed(t.Reveal())
		return e, nil //nolint:nilerr // that it does not parse is the answer
	}
	e.Decoded = Fields{
		{"grant", token.GrantID}, {"generation", token.Generation}, {"master_key_version", token.Key},
	}
	view, facts, err := s.viewGrant(ctx, tx, token.GrantID)
	if errors.Is(err, auth.ErrNotFound) {
		e.decide(auth.Unknown)
		return e, nil
	}
	if err != nil {
		return Explanation{}, err
	}
	e.Grant = &view
	// Presented by its owner: whether it came from another client or key cannot be seen on the token.
	e.decide(auth.Judge(facts, auth.Presentation{Token: token, ClientID: facts.Grant.ClientID, Binding: facts.Grant.Binding}, s.n.Rules, now).Verdict)
	if why := view.State.Why; why != "" && !e.Good && auth.Verdict(e.Verdict) == view.State.Verdict {
		e.Rule += fmt.Sprintf(" (here: %s)", why)
	}
	return e, nil
}

func (e *Explanation) decide(v auth.Verdict) {
	e.Verdict, e.Good, e.Rule, e.Advice = Standing(v), v.Granted(), v.Rule(), advice(v)
}

func advice(v auth.Verdict) string {
	switch v {
	case auth.Unknown:
		return "The user logs in again. If many tokens are unknown, a database copy older than the grants was restored."
	case auth.Forged:
		return "Treat the master key as stolen: rotate it, and find out who made this token."
	case auth.Revoked:
		return "The user logs in again; the events say who ended it and why."
	case auth.Misbound:
		return "Use it from the client, and with the key, that it was issued to."
	case auth.Reuse:
		return "Do not present it: that would end the grant. Two places hold tokens of this grant; find out which one kept an old copy, and revoke the grant with `daypass grant revoke` if one of them is not the user's."
	case auth.Expired:
		return "The user logs in again."
	case auth.Current:
		return "Nothing: it is good. A refresh gives its holder the next one."
	case auth.Replay:
		return "Nothing: a retry gets the same successor. The holder should store what it gets."
	case auth.Recover:
		return "A refresh goes on and voids what was handed out after it. If the client did get a newer token, it presents the wrong one: make it store each reply before using it."
	case auth.Ahead:
		return "A refresh heals the grant. Check the database: it lost the latest writes (failover or restore)."
	}
	return ""
}

// adviceMalformed tells a damaged copy from a token of another server: the checksum needs no key.
func adviceMalformed(s string) string {
	b, err := base64.RawURLEncoding.Strict().DecodeString(strings.TrimPrefix(s, auth.RefreshPrefix))
	if err == nil && len(b) > crc32.Size {
		end := len(b) - crc32.Size
		sum := crc32.Update(crc32.ChecksumIEEE([]byte(auth.RefreshPrefix)), crc32.IEEETable, b[:end])
		if sum == binary.BigEndian.Uint32(b[end:]) {
			return "The string is whole, so it was made under other master keys: ask the server that issued it (test or production?)."
		}
	}
	return "The string is damaged: copy it again, whole, without line breaks."
}
