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

const resourceArg = "RESOURCE (its URI)"

type resourceDoc struct {
	URI           string           `json:"uri"`
	Name          string           `json:"name"`
	Scopes        []string         `json:"scopes"`
	Lifetime      int64            `json:"lifetime,omitempty"` // seconds
	Algorithm     string           `json:"algorithm,omitempty"`
	Format        auth.TokenFormat `json:"format"`
	Introspection []string         `json:"introspection_clients"`
	CreatedAt     time.Time        `json:"created_at"`
	DisabledAt    *time.Time       `json:"disabled_at,omitempty"`
}

func resourceDocument(r auth.Resource) resourceDoc {
	return resourceDoc{
		r.ID, r.Name, listed(r.Scopes), int64(r.Lifetime.Seconds()), r.Algorithm, formatOf(r), listed(r.Introspection), r.CreatedAt, optional(r.DisabledAt),
	}
}

func formatOf(r auth.Resource) auth.TokenFormat {
	if r.Opaque() {
		return auth.FormatOpaque
	}
	return auth.FormatJWT
}

// resourceEdits are the flags that say what a resource is like.
func resourceEdits() []edit[auth.Resource] {
	return []edit[auth.Resource]{
		textEdit("name", "what users are shown (default: the URI)", func(r *auth.Resource) *string { return &r.Name }),
		listEdit("scope", "a `SCOPE` that belongs to it; its tokens have no others", func(r *auth.Resource) *[]string { return &r.Scopes }),
		parsedEdit("lifetime", "how long its access tokens live, from 1m to 1h (default: access_token.lifetime)", func(r *auth.Resource, s string) (err error) {
			r.Lifetime, err = parseLifetime(s)
			return err
		}),
		textEdit("algorithm", "the signature of its access tokens: ES256, EdDSA, RS256 or PS256 (default: access_token.algorithm)", func(r *auth.Resource) *string { return &r.Algorithm }),
		textEdit("format", "`FORMAT` of its access tokens: jwt or opaque (default: jwt)", func(r *auth.Resource) *auth.TokenFormat { return &r.Format }),
		listEdit("introspection-client", "the `ID` of a client that may ask about its tokens (default: all that name it)", func(r *auth.Resource) *[]string { return &r.Introspection }),
	}
}

func (p *program) resource() *cli.Command {
	return &cli.Command{
		Name: "resource", Usage: "register, list, change protected APIs", Category: "who and what",
		Commands: []*cli.Command{
			p.resourceCreate(), p.resourceList(), p.resourceShow(), p.resourceUpdate(), p.resourceDisable(), p.resourceEnable(), p.resourceDelete(),
		},
	}
}

func (p *program) resourceCreate() *cli.Command {
	return &cli.Command{
		Name: "create", Usage: "register a protected API", Flags: append([]cli.Flag{
			&cli.StringFlag{Name: "uri", Usage: "the absolute `URI` that names it, the aud of its tokens", Required: true},
		}, flagsOf(resourceEdits())...),
		Action: func(ctx context.Context, c *cli.Command) error {
			if err := nothing(c); err != nil {
				return err
			}
			change, _, err := editOf(c, resourceEdits())
			if err != nil {
				return err
			}
			r := auth.Resource{ID: c.String("uri")}
			change(&r)
			return p.withAdmin(ctx, forCreate, func(s *admin.Service) error {
				made, err := s.CreateResource(ctx, r, actor())
				if err != nil {
					return err
				}
				return p.print(resourceDocument(made), func(w io.Writer) { row(w, "registered", made.ID) })
			})
		},
	}
}

func (p *program) resourceList() *cli.Command {
	return listing[auth.Resource]{
		usage: "list the registered resources", member: "resources", load: (*admin.Service).Resources,
		document: func(r auth.Resource) any { return resourceDocument(r) },
		head:     []any{"URI", "NAME", "SCOPES", "FORMAT", "DISABLED"},
		cells:    func(r auth.Resource) []any { return []any{r.ID, r.Name, r.Scopes, formatOf(r), r.DisabledAt} },
	}.command(p)
}

func (p *program) resourceShow() *cli.Command {
	return &cli.Command{
		Name: "show", Usage: "tell all about a resource", ArgsUsage: "RESOURCE",
		Action: p.withResource(func(ctx context.Context, _ *cli.Command, s *admin.Service, uri string) error {
			v, err := s.ShowResource(ctx, uri)
			if err != nil {
				return err
			}
			doc := struct {
				resourceDoc
				Clients []string `json:"clients"`
			}{resourceDocument(v.Resource), listed(v.Clients)}
			return p.print(doc, func(w io.Writer) {
				row(w, "uri", v.ID)
				row(w, "name", v.Name)
				row(w, "scopes", v.Scopes)
				row(w, "lifetime", lifetimeOf(v.Resource))
				row(w, "format", formatOf(v.Resource))
				row(w, "algorithm", v.Algorithm)
				row(w, "introspection clients", v.Introspection)
				row(w, "clients", v.Clients)
				row(w, "created", v.CreatedAt)
				row(w, "disabled", v.DisabledAt)
			})
		}),
	}
}

func lifetimeOf(r auth.Resource) string {
	if r.Lifetime == 0 {
		return "the default"
	}
	return r.Lifetime.String()
}

func (p *program) resourceUpdate() *cli.Command {
	return &cli.Command{
		Name: "update", Usage: "change what a resource is like", ArgsUsage: "RESOURCE", Flags: flagsOf(resourceEdits()),
		Description: "A flag replaces what was there, a list as a whole; an empty value takes it away: --algorithm \"\".",
		Action: p.withResource(func(ctx context.Context, c *cli.Command, s *admin.Service, uri string) error {
			change, given, err := editOf(c, resourceEdits())
			if err == nil && !given {
				err = usagef("`%s` changes nothing without a flag; `%s --help` lists them", c.FullName(), c.FullName())
			}
			if err != nil {
				return err
			}
			r, changed, err := s.UpdateResource(ctx, uri, change, actor())
			if err != nil {
				return err
			}
			doc := struct {
				resourceDoc
				Changed bool `json:"changed"`
			}{resourceDocument(r), changed}
			return p.print(doc, func(w io.Writer) { done(w, changed, uri+" is changed.", uri+" was like that already.") })
		}),
	}
}

func (p *program) resourceDisable() *cli.Command {
	return &cli.Command{
		Name: "disable", Usage: "give no more tokens for a resource until it is enabled", ArgsUsage: "RESOURCE", Flags: []cli.Flag{p.confirmed()},
		Action: p.withResource(func(ctx context.Context, _ *cli.Command, s *admin.Service, uri string) error {
			v, err := s.ShowResource(ctx, uri)
			if err != nil {
				return err
			}
			if err := p.confirm(fmt.Sprintf("This stops tokens for %s, which %s.", uri, named(v))); err != nil {
				return err
			}
			changed, err := s.DisableResource(ctx, uri, actor())
			if err != nil {
				return err
			}
			return p.print(map[string]any{"uri": uri, "changed": changed}, func(w io.Writer) { done(w, changed, uri+" is disabled.", uri+" is disabled already.") })
		}),
	}
}

// named says how many clients name a resource.
func named(v admin.ResourceView) string {
	if len(v.Clients) == 1 {
		return "1 client names"
	}
	return fmt.Sprintf("%d clients name", len(v.Clients))
}

func (p *program) resourceEnable() *cli.Command {
	return &cli.Command{
		Name: "enable", Usage: "give tokens for a disabled resource again", ArgsUsage: "RESOURCE",
		Action: p.withResource(func(ctx context.Context, _ *cli.Command, s *admin.Service, uri string) error {
			changed, err := s.EnableResource(ctx, uri, actor())
			if err != nil {
				return err
			}
			return p.print(map[string]any{"uri": uri, "changed": changed}, func(w io.Writer) { done(w, changed, uri+" is enabled.", uri+" was enabled already.") })
		}),
	}
}

func (p *program) resourceDelete() *cli.Command {
	return &cli.Command{
		Name: "delete", Usage: "forget a resource; clients that name it get the defaults", ArgsUsage: "RESOURCE", Flags: []cli.Flag{p.confirmed()},
		Action: p.withResource(func(ctx context.Context, _ *cli.Command, s *admin.Service, uri string) error {
			v, err := s.ShowResource(ctx, uri)
			if err != nil {
				return err
			}
			if err := p.confirm(fmt.Sprintf("This forgets %s, which %s: they go on getting tokens for it, with the defaults.", uri, named(v))); err != nil {
				return err
			}
			if err := s.DeleteResource(ctx, uri, actor()); err != nil {
				return err
			}
			return p.print(map[string]any{"uri": uri, "changed": true}, func(w io.Writer) { row(w, uri+" is deleted.") })
		}),
	}
}

// withResource opens the database for a verb about one resource.
func (p *program) withResource(do func(context.Context, *cli.Command, *admin.Service, string) error) cli.ActionFunc {
	return func(ctx context.Context, c *cli.Command) error {
		uri, err := argument(c, resourceArg)
		if err != nil {
			return err
		}
		return p.withAdmin(ctx, forLook, func(s *admin.Service) error { return do(ctx, c, s, uri) })
	}
}
