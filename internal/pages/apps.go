package pages

import (
	"context"
	"fmt"
	"net/http"

	"github.com/daypass/daypass/internal/auth"
	"github.com/daypass/daypass/internal/grants"
	"github.com/daypass/daypass/internal/httpkit"
	"github.com/daypass/daypass/internal/i18n"
)

// Apps are the applications that a user has let in.
type Apps interface {
	Apps(ctx context.Context, user auth.ID) ([]auth.App, error)
	// TakeBack ends all that a user has allowed a client; auth.ErrNotFound when that was nothing.
	TakeBack(ctx context.Context, user auth.ID, client string, caller auth.Caller) error
}

var _ Apps = (*grants.Service)(nil)

// appsData fills apps.html.
type appsData struct {
	Done *i18n.Message
	Apps []appRow
}

// appRow is one application in words.
type appRow struct {
	ID, Name string
	Verified bool
	Offline  bool            // it may act while the user is away
	Wishes   []*i18n.Message // what it was allowed
	Since    *i18n.Message
	LastUsed *i18n.Message // nil: it holds nothing
}

func (p *Pages) apps(w http.ResponseWriter, r *http.Request, v who) { p.showApps(w, r, v, nil) }

func (p *Pages) showApps(w http.ResponseWriter, r *http.Request, v who, done *i18n.Message) {
	apps, err := p.cfg.Apps.Apps(r.Context(), v.user.ID)
	if err != nil {
		p.fail(w, r, fmt.Errorf("list applications: %w", err))
		return
	}
	data := appsData{Done: done}
	for _, a := range apps {
		row := appRow{ID: a.Client.ID, Name: a.Client.Name, Verified: a.Client.FirstParty || a.Client.Metadata.Verified, Offline: a.Holder.Offline}
		for _, s := range a.Consent.Scopes {
			if words := p.wish(s); words != nil {
				row.Wishes = append(row.Wishes, words)
			}
		}
		if !a.Consent.CreatedAt.IsZero() {
			row.Since = ago(a.Consent.CreatedAt, p.cfg.Now())
		}
		if a.Holder.Grants > 0 {
			row.LastUsed = ago(a.Holder.LastUse, p.cfg.Now())
		}
		data.Apps = append(data.Apps, row)
	}
	p.render(w, r, http.StatusOK, "apps", true, data)
}

// takeBack ends what an application was allowed, with its tokens.
func (p *Pages) takeBack(w http.ResponseWriter, r *http.Request, v who) {
	form, err := httpkit.ReadForm(r)
	if err == nil {
		err = p.cfg.Apps.TakeBack(r.Context(), v.user.ID, form.Get("client"), caller(r))
	}
	if err != nil {
		p.fail(w, r, err)
		return
	}
	p.showApps(w, r, v, i18n.Say("apps.taken-back"))
}
