package auth

import (
	"crypto/subtle"
	"fmt"
	"log/slog"
	"time"
)

// Verdict is what a presented refresh token turned out to be (docs/refresh.md).
type Verdict string

// The verdicts, in the order in which the first match holds.
const (
	Malformed Verdict = "Malformed"
	Unknown   Verdict = "Unknown"
	Forged    Verdict = "Forged"
	Revoked   Verdict = "Revoked"
	Misbound  Verdict = "Misbound"
	Reuse     Verdict = "Reuse"
	Expired   Verdict = "Expired"
	Current   Verdict = "Current"
	Replay    Verdict = "Replay"
	Recover   Verdict = "Recover"
	Ahead     Verdict = "Ahead"
)

// Granted tells whether the verdict yields tokens. Every other one is invalid_grant to the client.
func (v Verdict) Granted() bool {
	return v == Current || v == Replay || v == Recover || v == Ahead
}

// RefreshFacts is all that a refresh is judged on, read in one transaction.
type RefreshFacts struct {
	Grant        Grant
	UserGone     bool      // deleted or disabled
	SessionEnded bool      // by log-out or by an administrator
	SessionUse   time.Time // newest use of the session and of all its grants
	Client       Client    // as registered now; its ID is the grant's
	ClientGone   bool      // deleted or disabled
}

// Presentation is a refresh token as somebody presents it.
type Presentation struct {
	Token    RefreshToken
	ClientID string // the authenticated client, or the public client that names itself
	Binding  string // thumbprint of the key that the request proved; empty: none
	Caller   Caller
}

// Change is what a verdict does to one grant; one store call applies it. Grant is the whole row as it
// must be afterwards: only the chain, the notes and the revocation may differ from what was judged.
type Change struct {
	Grant       Grant
	Events      []Event
	Revocations []Revocation
}

// Ruling is a verdict with the change it demands (nil: nothing is written).
type Ruling struct {
	Verdict Verdict
	Change  *Change
}

// Judge is the verdict on a token whose checksum and tag are right and whose grant exists. It is pure:
// the same row, presentation and time give the same ruling on every node. The first match holds.
func Judge(f RefreshFacts, p Presentation, r RefreshRules, now time.Time) Ruling {
	g, m := f.Grant, p.Token.Generation
	hash := p.Token.Secret.Hash()
	proves := f.Client.Proves(g.Binding)
	switch {
	case subtle.ConstantTimeCompare(hash[:], g.SecretHash[:]) != 1 || m > g.Current+forgedLead:
		return forged(g, p, now)
	case g.Revoked() || f.UserGone || f.ClientGone || f.SessionEnded && !g.Offline:
		return Ruling{Verdict: Revoked}
	case p.ClientID != g.ClientID || f.Client.Public && p.Binding != g.Binding:
		return misbound(g, p, now)
	case m < g.Current && !g.Replayable(m):
		return reused(g, p, r, now)
	case expired(f, r, now) || max(g.Current, m) >= MaxGeneration: // what comes next would fit no token
		return Ruling{Verdict: Expired}
	case m == g.Current:
		return current(f, r, now)
	case m < g.Current && r.WindowOpen(g.Chain, proves, now):
		return replayed(g, p, now)
	case m < g.Current:
		return recovered(g, p, r, now)
	default:
		return ahead(g, p, r, proves, now)
	}
}

func expired(f RefreshFacts, r RefreshRules, now time.Time) bool {
	g := f.Grant
	if !now.Before(g.ExpiresAt) || now.Sub(g.LastUsedAt) >= r.Idle {
		return true
	}
	return !g.Offline && now.Sub(f.SessionUse) >= r.SessionIdle
}

func current(f RefreshFacts, r RefreshRules, now time.Time) Ruling {
	g := f.Grant
	if !f.Client.Rotates(g.Binding) {
		if now.Sub(g.LastUsedAt) < r.IdleStep(g.Offline) {
			return Ruling{Verdict: Current}
		}
		g.LastUsedAt = now
		return Ruling{Verdict: Current, Change: &Change{Grant: g}}
	}
	if !r.WindowOpen(g.Chain, f.Client.Proves(g.Binding), now) {
		g.First, g.Since = g.Current, now
	}
	g.Last = g.Current
	g.Current++
	g.CurrentKey, g.LastUsedAt = r.Key, now
	return Ruling{Verdict: Current, Change: &Change{Grant: g}}
}

func replayed(g Grant, p Presentation, now time.Time) Ruling {
	if !due(g.ReplayNotedAt, now) {
		return Ruling{Verdict: Replay}
	}
	g.ReplayNotedAt = now
	return Ruling{Replay, &Change{Grant: g, Events: []Event{about(g, p, EventGrantReplayed, now,
		"generation %d presented again while %d is current: a race or a retry, answered with the same successor")}}}
}

func recovered(g Grant, p Presentation, r RefreshRules, now time.Time) Ruling {
	e := about(g, p, EventGrantRecovered, now,
		"generation %d presented after the replay window while %d is current: the reply was lost or a token was copied; what was handed out in between is void")
	g.Last, g.Since = p.Token.Generation, now
	g.Current++
	g.CurrentKey, g.LastUsedAt = r.Key, now
	return Ruling{Recover, &Change{Grant: g, Events: []Event{e}}}
}

func ahead(g Grant, p Presentation, r RefreshRules, proves bool, now time.Time) Ruling {
	e := about(g, p, EventGrantHealed, now,
		"generation %d presented while the database knows only %d: it lost writes (failover or restore); the grant goes on")
	m := p.Token.Generation
	if !r.WindowOpen(g.Chain, proves, now) {
		g.First = g.Current
	}
	g.Last, g.Current, g.Since = m, m+1, now
	g.CurrentKey, g.LastUsedAt = r.Key, now
	return Ruling{Ahead, &Change{Grant: g, Events: []Event{e}}}
}

func reused(g Grant, p Presentation, r RefreshRules, now time.Time) Ruling {
	e := about(g, p, EventGrantReuse, now,
		"generation %d presented while %d is current and neither a race nor a lost reply explains it: two parties hold this grant's tokens, so it is ended")
	c := KillGrant(g, ReasonReuse, r, now)
	c.Events = append(c.Events, e)
	return Ruling{Reuse, &c}
}

func misbound(g Grant, p Presentation, now time.Time) Ruling {
	if !due(g.MisboundNotedAt, now) {
		return Ruling{Verdict: Misbound}
	}
	g.MisboundNotedAt = now
	e := about(g, p, EventGrantMisbound, now, "generation %d (current %d) presented by another client or with another key; the grant stays alive")
	e.Detail += fmt.Sprintf("; presented as client %q", cut(p.ClientID, 64))
	return Ruling{Misbound, &Change{Grant: g, Events: []Event{e}}}
}

// forged notes every one: only who holds a master key can cause it, and that must not be missed.
func forged(g Grant, p Presentation, now time.Time) Ruling {
	return Ruling{Forged, &Change{Grant: g, Events: []Event{about(g, p, EventGrantForged, now,
		"a token with a right tag but a wrong secret or an impossible generation (%d, current %d): a master key is out")}}}
}

// KillGrant is the one place that ends a grant: the row, and the revocation that tells resource servers.
func KillGrant(g Grant, reason string, r RefreshRules, now time.Time) Change {
	g.RevokedAt, g.RevokedReason = now, reason
	return Change{Grant: g, Revocations: []Revocation{{
		Kind: RevokeGrant, Subject: g.ID.String(), At: now, Until: now.Add(r.RevokeFor),
	}}}
}

func due(last, now time.Time) bool { return last.IsZero() || now.Sub(last) >= noteEvery }

func about(g Grant, p Presentation, kind EventKind, now time.Time, format string) Event {
	return Event{
		At: now, Kind: kind, UserID: g.UserID, SessionID: g.SessionID, GrantID: g.ID, ClientID: g.ClientID,
		Caller: p.Caller, Detail: fmt.Sprintf(format, p.Token.Generation, g.Current),
	}
}

func cut(s string, n int) string {
	if len(s) > n {
		return s[:n]
	}
	return s
}

// Level says how loud a log has to tell the verdict: a theft is a warning, a master key that is out an
// error.
func (v Verdict) Level() slog.Level {
	switch v {
	case Forged:
		return slog.LevelError
	case Reuse:
		return slog.LevelWarn
	}
	return slog.LevelInfo
}

// Rule says in words which rule decided, for `token explain`, the demo and the log.
func (v Verdict) Rule() string {
	switch v {
	case Malformed:
		return "checksum, tag or encoding is wrong: this server never made these characters"
	case Unknown:
		return "the tag is ours, but there is no such grant: its row was swept or lost with a restored database"
	case Forged:
		return "the tag is ours, but the grant's secret is wrong or the generation impossible: a master key is out"
	case Revoked:
		return "the grant, its session, its user or its client was revoked or disabled"
	case Misbound:
		return "the grant belongs to another client or is bound to another key; it stays alive for its owner"
	case Reuse:
		return "an old generation that neither a race nor a lost reply explains: two parties hold tokens of this grant, so it dies"
	case Expired:
		return "the idle or the absolute lifetime is over: log in again"
	case Current:
		return "the current generation: it is exchanged for the next one (a fixed token stays as it is)"
	case Replay:
		return "a generation of the running burst inside the replay window: a race or a retry, so it gets the same successor"
	case Recover:
		return "a generation of the last burst after the window closed: the reply was lost, so the grant goes on and what was handed out in between is void"
	case Ahead:
		return "newer than the database knows and tagged by us: the database lost writes, so the grant is healed"
	}
	return "no such verdict"
}
