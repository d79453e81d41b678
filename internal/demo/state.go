package demo

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"net/http"
	"strings"
	"time"

	"github.com/daypass/daypass/internal/auth"
	"github.com/daypass/daypass/internal/httpkit"
	"github.com/daypass/daypass/internal/secret"
)

// maxEvents is how many audit records the page gets.
const maxEvents = 20

// stateView is what the page draws. Times are RFC 3339 in UTC; null where there is none.
type stateView struct {
	Now      time.Time    `json:"now"` // by which the page sets its countdowns
	SignedIn bool         `json:"signed_in"`
	Grant    string       `json:"grant,omitempty"`
	Access   *accessView  `json:"access"`
	Refresh  *refreshView `json:"refresh"`
	Thief    *thiefView   `json:"thief"`
	Events   []eventView  `json:"events"`
}

// accessView is an access token without its signature: nobody can use it.
type accessView struct {
	Header    map[string]any `json:"header"`
	Claims    map[string]any `json:"claims"`
	ExpiresAt *time.Time     `json:"expires_at"`
}

// refreshView is where the grant stands and what the presented token means to it.
type refreshView struct {
	Presented     int64        `json:"presented_generation"`
	Current       int64        `json:"current"`
	First         int64        `json:"first"`
	Last          int64        `json:"last"`
	WindowSeconds int          `json:"window_seconds"`
	WindowEndsAt  *time.Time   `json:"window_ends_at"`
	IdleEndsAt    *time.Time   `json:"idle_ends_at"`
	AbsoluteEndAt *time.Time   `json:"absolute_ends_at"`
	RevokedAt     *time.Time   `json:"revoked_at"`
	RevokedReason string       `json:"revoked_reason"`
	VerdictNow    auth.Verdict `json:"verdict_now"`
}

type thiefView struct {
	Generation int64 `json:"generation"`
}

type eventView struct {
	At     time.Time      `json:"at"`
	Kind   auth.EventKind `json:"kind"`
	Detail string         `json:"detail"`
}

func (d *Demo) state(w http.ResponseWriter, r *http.Request) {
	view := stateView{Now: d.cfg.Now().UTC(), Events: []eventView{}}
	access, present, err := d.cfg.Cookies.Access(r)
	if err != nil {
		fail(w, r, err)
		return
	}
	if present {
		view.Access = decode(access)
	}
	h, ok, err := d.look(r)
	if err == nil && ok {
		err = d.describe(r, h, &view)
	}
	if err != nil {
		fail(w, r, err)
		return
	}
	httpkit.WriteJSON(w, http.StatusOK, view)
}

func (d *Demo) describe(r *http.Request, h held, view *stateView) error {
	events, err := d.cfg.Grants.Events(r.Context(), h.grant())
	if err != nil {
		return err
	}
	for _, e := range events[:min(len(events), maxEvents)] {
		view.Events = append(view.Events, eventView{At: e.At.UTC(), Kind: e.Kind, Detail: e.Detail})
	}
	seen, grant := h.inspection, h.inspection.Facts.Grant
	view.SignedIn = seen.Verdict.Granted()
	view.Grant = grant.ID.String()
	view.Refresh = &refreshView{
		Presented: seen.Presented, Current: grant.Current, First: grant.First, Last: grant.Last,
		WindowSeconds: int(d.cfg.Window / time.Second), WindowEndsAt: timeOrNull(seen.WindowEnd),
		IdleEndsAt: timeOrNull(seen.IdleEnd), AbsoluteEndAt: timeOrNull(grant.ExpiresAt),
		RevokedAt: timeOrNull(grant.RevokedAt), RevokedReason: grant.RevokedReason, VerdictNow: seen.Verdict,
	}
	if stolen, ok := d.pocket.get(h.grant()); ok {
		view.Thief = &thiefView{Generation: stolen.generation}
	}
	return nil
}

func timeOrNull(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	t = t.UTC()
	return &t
}

// decode opens header and claims of a JWT for looking at. It verifies nothing, since nothing is decided by it;
// the signature stays here. What is no JWT gives nil.
func decode(token secret.Token) *accessView {
	parts := strings.Split(token.Reveal(), ".")
	if len(parts) != 3 {
		return nil
	}
	var view accessView
	if !open(parts[0], &view.Header) || !open(parts[1], &view.Claims) {
		return nil
	}
	if exp, ok := view.Claims["exp"].(json.Number); ok {
		if seconds, err := exp.Int64(); err == nil {
			view.ExpiresAt = timeOrNull(time.Unix(seconds, 0))
		}
	}
	return &view
}

func open(part string, into *map[string]any) bool {
	text, err := base64.RawURLEncoding.DecodeString(part)
	if err != nil {
		return false
	}
	dec := json.NewDecoder(bytes.NewReader(text))
	dec.UseNumber() // a time in seconds must not become 1.7e+09
	return dec.Decode(into) == nil && *into != nil
}
