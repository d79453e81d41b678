package main

import (
	"context"
	"fmt"
	"io"
	"time"

	"github.com/urfave/cli/v3"

	"github.com/daypass/daypass/internal/admin"
	"github.com/daypass/daypass/internal/auth"
	"github.com/daypass/daypass/oauth"
)

const clientArg = "CLIENT id"

type clientDoc struct {
	ID           string             `json:"client_id"`
	Secret       string             `json:"client_secret,omitempty"` // only where it was just made
	Name         string             `json:"name"`
	Public       bool               `json:"public"`
	FirstParty   bool               `json:"first_party"`
	Grants       []oauth.GrantType  `json:"grant_types"`
	RedirectURIs []string           `json:"redirect_uris"`
	Scopes       []string           `json:"scopes"`
	Resources    []string           `json:"resources"`
	Refresh      auth.RefreshPolicy `json:"refresh"`
	CreatedAt    time.Time          `json:"created_at"`
	DisabledAt   *time.Time         `json:"disabled_at,omitempty"`
	auth.ClientMetadata
}

func clientDocument(c auth.Client) clientDoc {
	return clientDoc{
		ID: c.ID, Name: c.Name, Public: c.Public, FirstParty: c.FirstParty, Grants: append([]oauth.GrantType{}, c.Grants...),
		RedirectURIs: listed(c.RedirectURIs), Scopes: listed(c.Scopes), Resources: listed(c.Resources), Refresh: refreshOf(c),
		CreatedAt: c.CreatedAt, DisabledAt: optional(c.DisabledAt), ClientMetadata: shownMetadata(c.Metadata),
	}
}

// shownMetadata leaves out what proves something: not even the hash of a token is told.
func shownMetadata(m auth.ClientMetadata) auth.ClientMetadata {
	m.RegistrationHash = ""
	return m
}

// refreshOf says what holds, whatever is written: the refresh token of a public client always rotates.
func refreshOf(c auth.Client) auth.RefreshPolicy {
	if c.Rotates("") {
		return auth.RefreshRotate
	}
	return auth.RefreshFixed
}

func kindOf(c auth.Client) string {
	if c.Public {
		return "public"
	}
	return "confidential"
}

func (p *program) client() *cli.Command {
	return &cli.Command{
		Name: "client", Usage: "register, list, disable applications and rotate their secrets", Category: "who and what",
		Commands: []*cli.Command{
			p.clientCreate(), p.clientList(), p.clientShow(), p.clientUpdate(), p.clientRotateSecret(), p.clientEnable(),
			p.clientEnd("disable", "end a client's grants and access tokens; it can do nothing until enabled", "disabled", (*admin.Service).DisableClient),
			p.clientEnd("delete", "end a client's grants and access tokens and remove it", "deleted", (*admin.Service).DeleteClient),
		},
	}
}

func (p *program) clientCreate() *cli.Command {
	return &cli.Command{
		Name: "create", Usage: "register an application; prints its secret this once",
		Flags: append([]cli.Flag{
			&cli.StringFlag{Name: "name", Usage: "what users are shown", Required: true},
			&cli.StringFlag{Name: "id", Usage: "the client `ID` (default: generated)"},
			&cli.BoolFlag{Name: "public", Usage: "an application that cannot keep a secret: in a browser, on a phone"},
		}, flagsOf(clientEdits())...),
		Action: func(ctx context.Context, c *cli.Command) error {
			if err := nothing(c); err != nil {
				return err
			}
			change, _, err := editOf(c, clientEdits())
			if err != nil {
				return err
			}
			var like auth.Client
			change(&like)
			n := admin.NewClient{
				ID: c.String("id"), Name: c.String("name"), Public: c.Bool("public"), Grants: like.Grants, RedirectURIs: like.RedirectURIs,
				Scopes: like.Scopes, Resources: like.Resources, Refresh: like.Refresh, FirstParty: like.FirstParty, Metadata: like.Metadata,
			}
			return p.withAdmin(ctx, forCreate, func(s *admin.Service) error {
				made, plain, err := s.CreateClient(ctx, n, actor())
				if err != nil {
					return err
				}
				doc := clientDocument(made)
				doc.Secret = plain.Reveal()
				return p.print(doc, func(w io.Writer) {
					row(w, "client_id", made.ID)
					if !plain.IsZero() {
						row(w, "client_secret", plain.Reveal())
						fmt.Fprintln(w, "Keep the secret now: it is not stored and cannot be shown again.")
					}
				})
			})
		},
	}
}

func (p *program) clientList() *cli.Command {
	return listing[admin.ClientView]{
		usage: "list clients", member: "clients", load: (*admin.Service).Clients,
		document: func(v admin.ClientView) any { return clientDocument(v.Client) },
		head:     []any{"CLIENT_ID", "NAME", "KIND", "CREATED", "DISABLED"},
		cells: func(v admin.ClientView) []any {
			return []any{v.ID, v.Name, kindOf(v.Client), v.CreatedAt, v.DisabledAt}
		},
	}.command(p)
}

func (p *program) clientShow() *cli.Command {
	return &cli.Command{
		Name: "show", Usage: "tell all about a client but its secrets", ArgsUsage: "CLIENT",
		Action: func(ctx context.Context, c *cli.Command) error {
			id, err := argument(c, clientArg)
			if err != nil {
				return err
			}
			return p.withAdmin(ctx, forLook, func(s *admin.Service) error {
				v, err := s.ShowClient(ctx, id)
				if err != nil {
					return err
				}
				doc := struct {
					clientDoc
					Secrets int `json:"secrets"`
					Alive   int `json:"grants_alive"`
				}{clientDocument(v.Client), v.Secrets, v.Grants}
				return p.print(doc, func(w io.Writer) { writeClient(w, v) })
			})
		},
	}
}

func writeClient(w io.Writer, v admin.ClientView) {
	grants := make([]string, len(v.Client.Grants))
	for i, g := range v.Client.Grants {
		grants[i] = string(g)
	}
	row(w, "client_id", v.ID)
	row(w, "name", v.Name)
	row(w, "kind", kindOf(v.Client))
	row(w, "grant types", grants)
	row(w, "redirect URIs", v.RedirectURIs)
	row(w, "scopes", v.Scopes)
	row(w, "resources", v.Resources)
	row(w, "refresh", refreshOf(v.Client))
	writeMembers(w, shownMetadata(v.Metadata))
	row(w, "secrets alive", v.Secrets)
	row(w, "grants alive", v.Grants)
	row(w, "created", v.CreatedAt)
	row(w, "disabled", v.DisabledAt)
}

func (p *program) clientRotateSecret() *cli.Command {
	return &cli.Command{
		Name: "rotate-secret", Usage: "give a client a new secret; the last one works until the next rotation", ArgsUsage: "CLIENT",
		Flags: []cli.Flag{&cli.BoolFlag{Name: "drop-old", Usage: "the old secrets are void at once: for a secret that leaked"}, p.confirmed()},
		Action: func(ctx context.Context, c *cli.Command) error {
			id, err := argument(c, clientArg)
			if err != nil {
				return err
			}
			drop := c.Bool("drop-old")
			return p.withAdmin(ctx, forLook, func(s *admin.Service) error {
				if err := p.confirmRotation(ctx, s, id, drop); err != nil {
					return err
				}
				plain, err := s.RotateSecret(ctx, id, drop, actor())
				if err != nil {
					return err
				}
				return p.print(map[string]any{"client_id": id, "client_secret": plain.Reveal()}, func(w io.Writer) {
					row(w, "client_id", id)
					row(w, "client_secret", plain.Reveal())
					fmt.Fprintln(w, "Keep the secret now: it is not stored and cannot be shown again.")
				})
			})
		},
	}
}

// confirmRotation asks when a rotation would void a secret that somebody may still use.
func (p *program) confirmRotation(ctx context.Context, s *admin.Service, id string, drop bool) error {
	v, err := s.ShowClient(ctx, id)
	if err != nil {
		return err
	}
	switch {
	case drop && v.Secrets > 0:
		return p.confirm(fmt.Sprintf("This voids %s of %s at once.", admin.Count(v.Secrets, "secret"), id))
	case v.Secrets > 1:
		return p.confirm(fmt.Sprintf("%s has two secrets from an earlier rotation: this voids the older one.", id))
	}
	return nil
}

func (p *program) clientEnable() *cli.Command {
	return &cli.Command{
		Name: "enable", Usage: "let a disabled client work again", ArgsUsage: "CLIENT",
		Action: func(ctx context.Context, c *cli.Command) error {
			id, err := argument(c, clientArg)
			if err != nil {
				return err
			}
			return p.withAdmin(ctx, forLook, func(s *admin.Service) error {
				changed, err := s.EnableClient(ctx, id, actor())
				if err != nil {
					return err
				}
				return p.print(map[string]any{"client_id": id, "changed": changed}, func(w io.Writer) {
					done(w, changed, id+" works again.", id+" was enabled already.")
				})
			})
		},
	}
}

// clientEnd is a verb that takes all rights of a client away.
func (p *program) clientEnd(verb, usage, past string, end func(*admin.Service, context.Context, string, admin.Actor) (admin.Ended, error)) *cli.Command {
	return &cli.Command{
		Name: verb, Usage: usage, ArgsUsage: "CLIENT", Flags: []cli.Flag{p.confirmed()},
		Action: func(ctx context.Context, c *cli.Command) error {
			id, err := argument(c, clientArg)
			if err != nil {
				return err
			}
			if id == auth.FirstPartyClient {
				return admin.ErrBuiltIn
			}
			return p.withAdmin(ctx, forLook, func(s *admin.Service) error {
				v, err := s.ShowClient(ctx, id)
				if err != nil {
					return err
				}
				if err := p.confirm(fmt.Sprintf("This %ss the client %s (%s), ends %s and revokes its access tokens.", verb, id, v.Name, admin.Count(v.Grants, "grant"))); err != nil {
					return err
				}
				ended, err := end(s, ctx, id, actor())
				if err != nil {
					return err
				}
				doc := map[string]any{"client_id": id, "changed": ended.Changed, "grants_ended": ended.Grants}
				return p.print(doc, func(w io.Writer) {
					done(w, ended.Changed, fmt.Sprintf("%s is %s; ended %s.", id, past, admin.Count(ended.Grants, "grant")), id+" is "+past+" already.")
				})
			})
		},
	}
}
