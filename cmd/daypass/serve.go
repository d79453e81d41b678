package main

import (
	"context"

	"github.com/urfave/cli/v3"

	"github.com/daypass/daypass/internal/app"
)

func (p *program) serve() *cli.Command {
	return &cli.Command{
		Name: "serve", Usage: "run the server as configured", Category: "server",
		Flags: []cli.Flag{listenFlag()},
		Action: func(ctx context.Context, c *cli.Command) error {
			if err := nothing(c); err != nil {
				return err
			}
			s, err := p.settings(forServe, c.String("listen"))
			if err != nil {
				return err
			}
			return app.Serve(ctx, s.config, s.dir, s.log)
		},
	}
}
