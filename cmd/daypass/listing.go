package main

import (
	"context"
	"io"

	"github.com/urfave/cli/v3"

	"github.com/daypass/daypass/internal/admin"
)

// listing is a verb that lists all of one noun.
type listing[T any] struct {
	usage    string
	member   string // of the JSON document
	load     func(*admin.Service, context.Context) ([]T, error)
	document func(T) any
	head     []any
	cells    func(T) []any
}

func (l listing[T]) command(p *program) *cli.Command {
	return &cli.Command{
		Name: "list", Usage: l.usage,
		Action: func(ctx context.Context, c *cli.Command) error {
			if err := nothing(c); err != nil {
				return err
			}
			return p.withAdmin(ctx, forLook, func(s *admin.Service) error {
				all, err := l.load(s, ctx)
				if err != nil {
					return err
				}
				docs := make([]any, len(all))
				for i, v := range all {
					docs[i] = l.document(v)
				}
				return p.print(map[string]any{l.member: docs}, func(w io.Writer) {
					row(w, l.head...)
					for _, v := range all {
						row(w, l.cells(v)...)
					}
				})
			})
		},
	}
}
