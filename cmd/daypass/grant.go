package main

import (
	"context"
	"fmt"
	"io"
	"time"

	"github.com/urfave/cli/v3"

	"github.com/daypass/daypass/internal/admin"
	"github.com/daypass/daypass/internal/auth"
)

// grantDoc is a grant without the hash of its secret.
type grantDoc struct {
	ID            auth.ID    `json:"id"`
	Sub           auth.ID    `json:"sub"`
	SessionID     auth.ID    `json:"session_id"`
	ClientID      string     `json:"client_id"`
	Scopes        []string   `json:"scopes"`
	Resources     []string   `json:"resources"`
	Offline       bool       `json:"offline"`
	Bound         bool       `json:"bound"` // to a key of the client's
	Generation    int64      `json:"generation"`
	CreatedAt     time.Time  `json:"created_at"`
	LastUsedAt    time.Time  `json:"last_used_at"`
	ExpiresAt     time.Time  `json:"expires_at"`
	RevokedAt     *time.Time `json:"revoked_at,omitempty"`
	RevokedReason string     `json:"revoked_reason,omitempty"`
}

// grantDetail adds what decides about it now, and its story.
type grantDetail struct {
	grantDoc
	Email           string       `json:"email,omitempty"`
	State           auth.Verdict `json:"state"` // what its owner would be told: Current, Revoked or Expired
	Why             string       `json:"why,omitempty"`
	ReplayFirst     *int64       `json:"replayable_first,omitempty"`
	ReplayLast      *int64       `json:"replayable_last,omitempty"`
	ReplayWindowEnd *time.Time   `json:"replay_window_end,omitempty"`
	IdleEnd         time.Time    `json:"idle_end"`
	Events          []eventDoc   `json:"events"`
}

type eventDoc struct {
	ID        auth.ID        `json:"id"`
	At        time.Time      `json:"at"`
	Kind      auth.EventKind `json:"kind"`
	ClientID  string         `json:"client_id,omitempty"`
	IP        string         `json:"ip,omitempty"`
	UserAgent string         `json:"user_agent,omitempty"`
	Detail    string         `json:"detail,omitempty"`
}

func grantDocument(g auth.Grant) grantDoc {
	return grantDoc{
		g.ID, g.UserID, g.SessionID, g.ClientID, listed(g.Scopes), listed(g.Resources), g.Offline, g.Binding != "", g.Current,
		g.CreatedAt, g.LastUsedAt, g.ExpiresAt, optional(g.RevokedAt), g.RevokedReason,
	}
}

func grantDetails(v admin.GrantView) grantDetail {
	d := grantDetail{
		grantDoc: grantDocument(v.Grant), Email: v.Email, State: v.State.Verdict, Why: v.State.Why,
		ReplayWindowEnd: optional(v.State.WindowEnd), IdleEnd: v.State.IdleEnd, Events: eventDocuments(v.Events),
	}
	if v.First >= 0 {
		d.ReplayFirst, d.ReplayLast = &v.First, &v.Last
	}
	return d
}

func eventDocument(e auth.Event) eventDoc {
	return eventDoc{e.ID, e.At, e.Kind, e.ClientID, e.Caller.IP, e.Caller.UserAgent, e.Detail}
}

func eventDocuments(all []auth.Event) []eventDoc {
	docs := make([]eventDoc, len(all))
	for i, e := range all {
		docs[i] = eventDocument(e)
	}
	return docs
}

func writeEvents(w io.Writer, all []auth.Event) {
	if len(all) == 0 {
		return
	}
	fmt.Fprintln(w, "\nEvents, newest first")
	for _, e := range all {
		row(w, e.At, e.Kind, e.Detail)
	}
}

func writeGrant(w io.Writer, v admin.GrantView) {
	state := string(v.State.Verdict)
	if v.State.Why != "" {
		state += ": " + v.State.Why
	}
	row(w, "state", state)
	row(w, "user", v.Email, v.UserID)
	row(w, "session", v.SessionID)
	row(w, "client", v.ClientID)
	row(w, "scopes", v.Scopes)
	row(w, "resources", v.Resources)
	row(w, "generation", v.Current)
	if v.First >= 0 {
		window := "closed"
		switch {
		case v.State.Unending:
			window = "open: its client proves more than possession"
		case !v.State.WindowEnd.IsZero():
			window = "open until " + when(v.State.WindowEnd)
		}
		row(w, "replayable", fmt.Sprintf("%d to %d, window %s", v.First, v.Last, window))
	}
	row(w, "created", v.CreatedAt)
	row(w, "last used", v.LastUsedAt)
	row(w, "idle out at", v.State.IdleEnd)
	row(w, "over at", v.ExpiresAt)
	row(w, "revoked", v.RevokedAt)
	writeEvents(w, v.Events)
}

func (p *program) grant() *cli.Command {
	return &cli.Command{
		Name: "grant", Usage: "list, show and revoke what sessions gave to clients", Category: "who and what",
		Commands: []*cli.Command{p.grantList(), p.grantShow(), p.grantRevoke()},
	}
}

func (p *program) grantList() *cli.Command {
	return &cli.Command{
		Name: "list", Usage: "list grants, newest first",
		Flags: []cli.Flag{
			&cli.StringFlag{Name: "user", Usage: "only those of the `USER`"},
			&cli.StringFlag{Name: "client", Usage: "only those of the client `ID`"},
			&cli.IntFlag{Name: "limit", Usage: "list at most `N`", Value: 100, Validator: positive},
		},
		Action: func(ctx context.Context, c *cli.Command) error {
			if err := nothing(c); err != nil {
				return err
			}
			if c.String("user") != "" && c.String("client") != "" {
				return usagef("--user and --client: write one of them")
			}
			return p.withAdmin(ctx, forLook, func(s *admin.Service) error { return p.listGrants(ctx, c, s) })
		},
	}
}

func (p *program) listGrants(ctx context.Context, c *cli.Command, s *admin.Service) error {
	filter := admin.GrantFilter{Client: c.String("client")}
	if ref := c.String("user"); ref != "" {
		u, err := s.FindUser(ctx, ref)
		if err != nil {
			return err
		}
		filter.User = u.ID
	}
	if filter.Client != "" {
		if _, err := s.ShowClient(ctx, filter.Client); err != nil {
			return err
		}
	}
	all, more, err := s.Grants(ctx, filter, c.Int("limit"))
	if err != nil {
		return err
	}
	doc := struct {
		Grants []grantDoc `json:"grants"`
		More   bool       `json:"more"`
	}{[]grantDoc{}, more}
	for _, g := range all {
		doc.Grants = append(doc.Grants, grantDocument(g))
	}
	return p.print(doc, func(w io.Writer) {
		row(w, "ID", "USER", "CLIENT", "GENERATION", "CREATED", "LAST USED", "REVOKED")
		for _, g := range all {
			row(w, g.ID, g.UserID, g.ClientID, g.Current, g.CreatedAt, g.LastUsedAt, g.RevokedReason)
		}
		if more {
			fmt.Fprintln(w, "There are more: narrow the list with --user or --client, or raise --limit")
		}
	})
}

func (p *program) grantShow() *cli.Command {
	return &cli.Command{
		Name: "show", Usage: "tell all about a grant, and what happened to it", ArgsUsage: "GRANT",
		Action: func(ctx context.Context, c *cli.Command) error {
			id, err := grantArgument(c)
			if err != nil {
				return err
			}
			return p.withAdmin(ctx, forLook, func(s *admin.Service) error {
				v, err := s.ShowGrant(ctx, id)
				if err != nil {
					return err
				}
				return p.print(grantDetails(v), func(w io.Writer) {
					row(w, "grant", v.ID)
					writeGrant(w, v)
				})
			})
		},
	}
}

func (p *program) grantRevoke() *cli.Command {
	return &cli.Command{
		Name: "revoke", Usage: "end a grant: its refresh token is void, its access tokens are revoked", ArgsUsage: "GRANT",
		Flags: []cli.Flag{p.confirmed()},
		Action: func(ctx context.Context, c *cli.Command) error {
			id, err := grantArgument(c)
			if err != nil {
				return err
			}
			return p.withAdmin(ctx, forLook, func(s *admin.Service) error {
				v, err := s.ShowGrant(ctx, id)
				if err != nil {
					return err
				}
				if err := p.confirm(fmt.Sprintf("This ends the grant of %s to the client %s, last used %s.", v.Email, v.ClientID, when(v.LastUsedAt))); err != nil {
					return err
				}
				ended, err := s.RevokeGrant(ctx, id, actor())
				if err != nil {
					return err
				}
				doc := map[string]any{"id": id, "changed": ended.Changed}
				return p.print(doc, func(w io.Writer) { done(w, ended.Changed, "Revoked.", "It was revoked already.") })
			})
		},
	}
}

func grantArgument(c *cli.Command) (auth.ID, error) {
	arg, err := argument(c, "GRANT id")
	if err != nil {
		return auth.ID{}, err
	}
	return parseID(arg, "grant")
}
