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

const userArg = "USER (an email address or a sub)"

type userDoc struct {
	Sub        auth.ID    `json:"sub"`
	Email      string     `json:"email"`
	Roles      []string   `json:"roles"`
	CreatedAt  time.Time  `json:"created_at"`
	DisabledAt *time.Time `json:"disabled_at,omitempty"`
	auth.Profile
}

func userDocument(u auth.User) userDoc {
	return userDoc{u.ID, u.Email, listed(u.Roles), u.CreatedAt, optional(u.DisabledAt), u.Profile}
}

// userEnded is what a verb that takes rights away answers.
type userEnded struct {
	Sub auth.ID `json:"sub"`
	endedDoc
}

type endedDoc struct {
	Changed  bool `json:"changed"`
	Sessions int  `json:"sessions_ended"`
	Grants   int  `json:"grants_ended"`
}

func endedDocument(e admin.Ended) endedDoc { return endedDoc{e.Changed, e.Sessions, e.Grants} }

func (p *program) user() *cli.Command {
	return &cli.Command{
		Name: "user", Usage: "create, list, disable users and set their passwords", Category: "who and what",
		Commands: []*cli.Command{
			p.userCreate(), p.userList(), p.userShow(), p.userUpdate(), p.userSetPassword(), p.userEnable(),
			p.userEnd("disable", "end all of a user's sessions and grants; no log-in until enabled", "disabled", func(ctx context.Context, s *admin.Service, u auth.User) (admin.Ended, error) {
				return s.DisableUser(ctx, u.ID, actor())
			}),
			p.userEnd("delete", "end all of a user's sessions and grants and remove the user", "deleted", func(ctx context.Context, s *admin.Service, u auth.User) (admin.Ended, error) {
				return s.DeleteUser(ctx, u.ID, actor())
			}),
		},
	}
}

func (p *program) userCreate() *cli.Command {
	return &cli.Command{
		Name: "create", Usage: "add a user",
		Flags: []cli.Flag{
			&cli.StringFlag{Name: "email", Usage: "the `ADDRESS` to log in with", Required: true},
			&cli.BoolFlag{Name: "password-stdin", Usage: "read the password from standard input"},
			&cli.StringSliceFlag{Name: "role", Usage: "give the `ROLE` (may be repeated)"},
		},
		Action: func(ctx context.Context, c *cli.Command) error {
			if err := nothing(c); err != nil {
				return err
			}
			password, err := p.newPassword(ctx, c.Bool("password-stdin"))
			if err != nil {
				return err
			}
			return p.withAdmin(ctx, forCreate, func(s *admin.Service) error {
				u, err := s.CreateUser(ctx, admin.NewUser{Email: c.String("email"), Password: password, Roles: c.StringSlice("role")}, actor())
				if err != nil {
					return err
				}
				return p.print(userDocument(u), func(w io.Writer) {
					row(w, "created", u.Email)
					row(w, "sub", u.ID)
					row(w, "roles", u.Roles)
				})
			})
		},
	}
}

func (p *program) userList() *cli.Command {
	return &cli.Command{
		Name: "list", Usage: "list users in the order of their creation",
		Flags: []cli.Flag{
			&cli.IntFlag{Name: "limit", Usage: "list at most `N`", Value: 100, Validator: positive},
			&cli.StringFlag{Name: "after", Usage: "go on after the user with this `SUB`"},
		},
		Action: func(ctx context.Context, c *cli.Command) error {
			if err := nothing(c); err != nil {
				return err
			}
			after, err := optionalID(c, "after")
			if err != nil {
				return err
			}
			return p.withAdmin(ctx, forLook, func(s *admin.Service) error {
				users, next, err := s.Users(ctx, after, c.Int("limit"))
				if err != nil {
					return err
				}
				doc := struct {
					Users []userDoc `json:"users"`
					Next  *auth.ID  `json:"next,omitempty"`
				}{Users: []userDoc{}}
				for _, u := range users {
					doc.Users = append(doc.Users, userDocument(u))
				}
				if !next.IsZero() {
					doc.Next = &next
				}
				return p.print(doc, func(w io.Writer) {
					row(w, "SUB", "EMAIL", "ROLES", "CREATED", "DISABLED")
					for _, u := range users {
						row(w, u.ID, u.Email, u.Roles, u.CreatedAt, u.DisabledAt)
					}
					if doc.Next != nil {
						fmt.Fprintf(w, "There are more: --after %s\n", next)
					}
				})
			})
		},
	}
}

func (p *program) userShow() *cli.Command {
	return &cli.Command{
		Name: "show", Usage: "tell all about a user", ArgsUsage: "USER",
		Action: func(ctx context.Context, c *cli.Command) error {
			ref, err := argument(c, userArg)
			if err != nil {
				return err
			}
			return p.withAdmin(ctx, forLook, func(s *admin.Service) error {
				v, err := s.ShowUser(ctx, ref)
				if err != nil {
					return err
				}
				doc := struct {
					userDoc
					Sessions []sessionDoc `json:"sessions"`
					Grants   int          `json:"grants"`
					Events   []eventDoc   `json:"events"`
				}{userDocument(v.User), sessionDocuments(v.Sessions), v.Grants, eventDocuments(v.Events)}
				return p.print(doc, func(w io.Writer) {
					row(w, "sub", v.ID)
					row(w, "email", v.Email)
					row(w, "roles", v.Roles)
					writeMembers(w, v.Profile)
					row(w, "created", v.CreatedAt)
					row(w, "disabled", v.DisabledAt)
					row(w, "sessions", len(v.Sessions))
					row(w, "grants", v.Grants)
					writeEvents(w, v.Events)
				})
			})
		},
	}
}

func (p *program) userSetPassword() *cli.Command {
	return &cli.Command{
		Name: "set-password", Usage: "give a user a new password; ends all sessions and grants", ArgsUsage: "USER",
		Flags: []cli.Flag{&cli.BoolFlag{Name: "password-stdin", Usage: "read the password from standard input"}, p.confirmed()},
		Action: func(ctx context.Context, c *cli.Command) error {
			ref, err := argument(c, userArg)
			if err != nil {
				return err
			}
			return p.endUser(ctx, ref, "This sets a new password for", "has a new password", func(s *admin.Service, u auth.User) (admin.Ended, error) {
				password, err := p.newPassword(ctx, c.Bool("password-stdin"))
				if err != nil {
					return admin.Ended{}, err
				}
				return s.SetPassword(ctx, u.ID, password, actor())
			})
		},
	}
}

func (p *program) userEnable() *cli.Command {
	return &cli.Command{
		Name: "enable", Usage: "let a disabled user log in again", ArgsUsage: "USER",
		Action: func(ctx context.Context, c *cli.Command) error {
			ref, err := argument(c, userArg)
			if err != nil {
				return err
			}
			return p.withAdmin(ctx, forLook, func(s *admin.Service) error {
				u, err := s.FindUser(ctx, ref)
				if err != nil {
					return err
				}
				changed, err := s.EnableUser(ctx, u.ID, actor())
				if err != nil {
					return err
				}
				return p.print(userEnded{u.ID, endedDoc{Changed: changed}}, func(w io.Writer) {
					done(w, changed, u.Email+" can log in again.", u.Email+" was enabled already.")
				})
			})
		},
	}
}

// userEnd is a verb that takes all rights of a user away.
func (p *program) userEnd(verb, usage, past string, end func(context.Context, *admin.Service, auth.User) (admin.Ended, error)) *cli.Command {
	return &cli.Command{
		Name: verb, Usage: usage, ArgsUsage: "USER", Flags: []cli.Flag{p.confirmed()},
		Action: func(ctx context.Context, c *cli.Command) error {
			ref, err := argument(c, userArg)
			if err != nil {
				return err
			}
			return p.endUser(ctx, ref, "This "+verb+"s the user", "is "+past, func(s *admin.Service, u auth.User) (admin.Ended, error) {
				return end(ctx, s, u)
			})
		},
	}
}

func (p *program) endUser(ctx context.Context, ref, plan, past string, end func(*admin.Service, auth.User) (admin.Ended, error)) error {
	return p.withAdmin(ctx, forLook, func(s *admin.Service) error {
		u, err := s.FindUser(ctx, ref)
		if err != nil {
			return err
		}
		stake, err := s.UserStake(ctx, u.ID)
		if err != nil {
			return err
		}
		if err := p.confirm(fmt.Sprintf("%s %s and ends %s.", plan, u.Email, stake)); err != nil {
			return err
		}
		ended, err := end(s, u)
		if err != nil {
			return err
		}
		return p.print(userEnded{u.ID, endedDocument(ended)}, func(w io.Writer) {
			done(w, ended.Changed, fmt.Sprintf("%s %s; ended %s.", u.Email, past, ended), fmt.Sprintf("%s %s already; nothing was changed.", u.Email, past))
		})
	})
}
