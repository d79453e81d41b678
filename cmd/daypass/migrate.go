package main

import (
	"context"
	"io"

	"github.com/urfave/cli/v3"

	"github.com/daypass/daypass/internal/app"
)

func (p *program) migrate() *cli.Command {
	return &cli.Command{
		Name: "migrate", Usage: "bring the database to the schema of this version", Category: "server",
		Description: "dev and serve do it at their start; run it before, where the server's database user may not change the schema.",
		Action: func(ctx context.Context, c *cli.Command) error {
			if err := nothing(c); err != nil {
				return err
			}
			s, err := p.settings(forCreate, "")
			if err != nil {
				return err
			}
			if err := app.Migrate(ctx, s.config); err != nil {
				return err
			}
			return p.print(map[string]bool{"migrated": true}, func(w io.Writer) { row(w, "The schema is up to date.") })
		},
	}
}
