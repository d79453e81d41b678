package main

import (
	"context"
	"fmt"
	"io"

	"github.com/urfave/cli/v3"

	"github.com/daypass/daypass/internal/admin"
	"github.com/daypass/daypass/internal/secret"
)

type explanationDoc struct {
	Kind    admin.Kind     `json:"kind"`
	Verdict admin.Standing `json:"verdict"`
	Good    bool           `json:"good"`
	Rule    string         `json:"rule"`
	Advice  string         `json:"advice"`
	Decoded admin.Fields   `json:"decoded,omitempty"`
	Grant   *grantDetail   `json:"grant,omitempty"`
	Session *sessionDoc    `json:"session,omitempty"`
	Event   *eventDoc      `json:"event,omitempty"`
	Client  *clientDoc     `json:"client,omitempty"`
	User    *userDoc       `json:"user,omitempty"`
}

func explanationDocument(e admin.Explanation) explanationDoc {
	d := explanationDoc{Kind: e.Kind, Verdict: e.Verdict, Good: e.Good, Rule: e.Rule, Advice: e.Advice, Decoded: e.Decoded}
	if e.Grant != nil {
		g := grantDetails(*e.Grant)
		d.Grant = &g
	}
	if e.Session != nil {
		s := sessionDocument(*e.Session)
		d.Session = &s
	}
	if e.Event != nil {
		v := eventDocument(*e.Event)
		d.Event = &v
	}
	if e.Client != nil {
		c := clientDocument(e.Client.Client)
		d.Client = &c
	}
	if e.User != nil {
		u := userDocument(*e.User)
		d.User = &u
	}
	return d
}

func (p *program) token() *cli.Command {
	return &cli.Command{
		Name: "token", Usage: "say what a token is and what would become of it", Category: "who and what",
		Commands: []*cli.Command{{
			Name: "explain", Usage: "explain a token, or the id of a session, grant, event or user, from standard input or a prompt",
			Description: "Says what it is, the verdict that a refresh would get now, the rule that decided, what happened before and what to do.\n" +
				"It changes nothing: a token explained can still be used. It is never taken from the arguments, where the shell's history would keep it.",
			Action: func(ctx context.Context, c *cli.Command) error {
				if c.Args().Present() {
					return usagef("a token does not belong on the command line, where the shell's history keeps it: run `daypass token explain` alone and paste it, or send it to standard input. If the token is real, revoke it")
				}
				// The configuration first: nobody should paste a secret to be told of a missing folder.
				return p.withAdmin(ctx, forLook, func(s *admin.Service) error {
					pasted, err := p.pasted(ctx)
					if err != nil {
						return err
					}
					e, err := s.Explain(ctx, pasted)
					if err != nil {
						return err
					}
					return p.print(explanationDocument(e), func(w io.Writer) { writeExplanation(w, e) })
				})
			},
		}},
	}
}

func (p *program) pasted(ctx context.Context) (secret.Token, error) {
	if p.interactive() {
		return p.prompt(ctx, "Paste it (it is not shown): ")
	}
	return p.readSecret()
}

func writeExplanation(w io.Writer, e admin.Explanation) {
	what := "not good"
	if e.Good {
		what = "good"
	}
	row(w, "what", e.Kind)
	row(w, "verdict", string(e.Verdict)+" ("+what+")")
	row(w, "rule", e.Rule)
	row(w, "do", e.Advice)
	if len(e.Decoded) > 0 {
		fmt.Fprintln(w, "\nWhat it says")
		for _, f := range e.Decoded {
			row(w, f.Name, f.Value)
		}
	}
	if e.User != nil {
		fmt.Fprintf(w, "\nUser %s\n", e.User.ID)
		row(w, "email", e.User.Email)
		row(w, "roles", e.User.Roles)
	}
	if e.Client != nil {
		fmt.Fprintln(w, "\nClient")
		row(w, "client_id", e.Client.ID)
		row(w, "name", e.Client.Name)
	}
	if e.Session != nil {
		fmt.Fprintf(w, "\nSession %s\n", e.Session.ID)
		writeSession(w, *e.Session)
	}
	if e.Event != nil {
		fmt.Fprintf(w, "\nEvent %s\n", e.Event.ID)
		row(w, "at", e.Event.At)
		row(w, "kind", e.Event.Kind)
		row(w, "detail", e.Event.Detail)
	}
	if e.Grant != nil {
		fmt.Fprintf(w, "\nGrant %s\n", e.Grant.ID)
		writeGrant(w, *e.Grant)
	}
}
