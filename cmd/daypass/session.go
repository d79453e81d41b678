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

type sessionDoc struct {
	ID         auth.ID    `json:"id"`
	Sub        auth.ID    `json:"sub"`
	Clients    []string   `json:"clients"`
	IP         string     `json:"ip"`
	UserAgent  string     `json:"user_agent"`
	CreatedAt  time.Time  `json:"created_at"`
	LastUsedAt time.Time  `json:"last_used_at"`
	ExpiresAt  time.Time  `json:"expires_at"`
	EndedAt    *time.Time `json:"ended_at,omitempty"`
	EndReason  string     `json:"end_reason,omitempty"`
}

func sessionDocument(v auth.SessionView) sessionDoc {
	return sessionDoc{
		v.ID, v.UserID, listed(v.ClientIDs), v.Device.IP, v.Device.UserAgent, v.CreatedAt, v.LastUse, v.ExpiresAt, optional(v.EndedAt), v.EndReason,
	}
}

func sessionDocuments(all []auth.SessionView) []sessionDoc {
	docs := make([]sessionDoc, len(all))
	for i, v := range all {
		docs[i] = sessionDocument(v)
	}
	return docs
}

func writeSession(w io.Writer, v auth.SessionView) {
	row(w, "user", v.UserID)
	row(w, "from", v.Device.IP)
	row(w, "with", v.Device.UserAgent)
	row(w, "created", v.CreatedAt)
	row(w, "last used", v.LastUse)
	row(w, "over at", v.ExpiresAt)
	row(w, "ended", v.EndedAt)
	row(w, "because", v.EndReason)
}

func (p *program) session() *cli.Command {
	return &cli.Command{
		Name: "session", Usage: "list and end log-ins", Category: "who and what",
		Commands: []*cli.Command{p.sessionList(), p.sessionEnd()},
	}
}

func (p *program) sessionList() *cli.Command {
	return &cli.Command{
		Name: "list", Usage: "list a user's live sessions, newest first", ArgsUsage: "USER",
		Flags: []cli.Flag{&cli.StringFlag{Name: "user", Usage: "the `USER`, instead of the argument"}},
		Action: func(ctx context.Context, c *cli.Command) error {
			ref := c.String("user")
			if ref == "" || c.Args().Present() {
				var err error
				if ref, err = argument(c, userArg); err != nil {
					return err
				}
			}
			return p.withAdmin(ctx, forLook, func(s *admin.Service) error {
				u, err := s.FindUser(ctx, ref)
				if err != nil {
					return err
				}
				all, err := s.Sessions(ctx, u.ID)
				if err != nil {
					return err
				}
				doc := map[string]any{"sessions": sessionDocuments(all)}
				return p.print(doc, func(w io.Writer) {
					row(w, "ID", "CREATED", "LAST USED", "FROM", "CLIENTS", "WITH")
					for _, v := range all {
						row(w, v.ID, v.CreatedAt, v.LastUse, v.Device.IP, v.ClientIDs, v.Device.UserAgent)
					}
				})
			})
		},
	}
}

func (p *program) sessionEnd() *cli.Command {
	return &cli.Command{
		Name: "end", Usage: "end a session, or with --user all of a user's, and the grants that hang on it", ArgsUsage: "[SESSION]",
		Flags: []cli.Flag{&cli.StringFlag{Name: "user", Usage: "end all sessions of the `USER`"}, p.confirmed()},
		Action: func(ctx context.Context, c *cli.Command) error {
			if ref := c.String("user"); ref != "" {
				if err := nothing(c); err != nil {
					return err
				}
				return p.endSessions(ctx, ref)
			}
			arg, err := argument(c, "SESSION id")
			if err != nil {
				return err
			}
			id, err := parseID(arg, "session")
			if err != nil {
				return err
			}
			return p.endSession(ctx, id)
		},
	}
}

func (p *program) endSession(ctx context.Context, id auth.ID) error {
	return p.withAdmin(ctx, forLook, func(s *admin.Service) error {
		v, err := s.FindSession(ctx, id)
		if err != nil {
			return err
		}
		if err := p.confirm(fmt.Sprintf("This ends session %s of user %s, last used %s, with its grants.", id, v.UserID, when(v.LastUse))); err != nil {
			return err
		}
		ended, err := s.EndSession(ctx, id, actor())
		if err != nil {
			return err
		}
		doc := struct {
			ID auth.ID `json:"id"`
			endedDoc
		}{id, endedDocument(ended)}
		return p.print(doc, func(w io.Writer) {
			done(w, ended.Changed, fmt.Sprintf("Ended %s.", ended), "The session had ended already.")
		})
	})
}

func (p *program) endSessions(ctx context.Context, ref string) error {
	return p.withAdmin(ctx, forLook, func(s *admin.Service) error {
		u, err := s.FindUser(ctx, ref)
		if err != nil {
			return err
		}
		all, err := s.Sessions(ctx, u.ID)
		if err != nil {
			return err
		}
		if err := p.confirm(fmt.Sprintf("This ends %s of %s, with their grants.", admin.Count(len(all), "session"), u.Email)); err != nil {
			return err
		}
		ended, err := s.EndSessions(ctx, u.ID, actor())
		if err != nil {
			return err
		}
		return p.print(userEnded{u.ID, endedDocument(ended)}, func(w io.Writer) {
			done(w, ended.Changed, fmt.Sprintf("Ended %s.", ended), u.Email+" had no session.")
		})
	})
}
