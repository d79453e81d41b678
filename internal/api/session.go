package api

import (
	"net/http"
	"time"

	"github.com/daypass/daypass/internal/accounts"
	"github.com/daypass/daypass/internal/auth"
	"github.com/daypass/daypass/internal/httpkit"
)

// sessionReply is one session as its user sees it.
type sessionReply struct {
	ID         auth.ID   `json:"id"`
	Current    bool      `json:"current"`
	Client     string    `json:"client"` // who began it
	Device     string    `json:"device"`
	AMR        []string  `json:"amr"` // how the user was recognised (RFC 8176)
	CreatedAt  time.Time `json:"created_at"`
	LastUsedAt time.Time `json:"last_used_at"`
}

// sessions is GET /v1/sessions, newest first.
func (a *API) sessions(w http.ResponseWriter, r *http.Request, v visitor) error {
	all, err := a.needs.Accounts.Sessions(r.Context(), v.User.ID, v.Session.ID)
	if err != nil {
		return err
	}
	list := make([]sessionReply, len(all))
	for i, s := range all {
		list[i] = sessionReply{
			s.ID, s.Current, auth.FirstPartyClient, accounts.Device(s.Device.UserAgent), s.AMR,
			s.CreatedAt.UTC(), s.LastUse.UTC(),
		}
		if len(s.ClientIDs) > 0 {
			list[i].Client = s.ClientIDs[0]
		}
	}
	httpkit.WriteJSON(w, http.StatusOK, map[string]any{"sessions": list})
	return nil
}

// endSession is DELETE /v1/sessions/{id}. An id that is none is as unknown as any other.
func (a *API) endSession(w http.ResponseWriter, r *http.Request, v visitor) error {
	if err := a.fresh(r, v); err != nil {
		return err
	}
	id, err := auth.ParseID(r.PathValue("id"))
	if err != nil {
		return auth.ErrNotFound
	}
	if err := a.needs.Accounts.EndSession(r.Context(), v.User.ID, id, caller(r)); err != nil {
		return err
	}
	noContent(w)
	return nil
}

// endOtherSessions is DELETE /v1/sessions.
func (a *API) endOtherSessions(w http.ResponseWriter, r *http.Request, v visitor) error {
	if err := a.fresh(r, v); err != nil {
		return err
	}
	if err := a.needs.Accounts.EndOtherSessions(r.Context(), v.User.ID, v.Session.ID, caller(r)); err != nil {
		return err
	}
	noContent(w)
	return nil
}
