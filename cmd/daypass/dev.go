package main

import (
	"context"

	"github.com/urfave/cli/v3"

	"github.com/daypass/daypass/internal/app"
)

func listenFlag() cli.Flag {
	return &cli.StringFlag{Name: "listen", Usage: "listen on `HOST:PORT`"}
}

func (p *program) dev() *cli.Command {
	return &cli.Command{
		Name: "dev", Usage: "run everything on this machine, with a demo", Category: "server",
		Description: "Serves http://localhost:8080 from ./" + defaultData + " with a demo user, clients and a protected API, and prints how to use them.",
		Flags:       []cli.Flag{listenFlag()},
		Action: func(ctx context.Context, c *cli.Command) error {
			if err := nothing(c); err != nil {
				return err
			}
			s, err := p.settings(forDev, c.String("listen"))
			if err != nil {
				return err
			}
			return app.Dev(ctx, s.config, s.dir, s.log, p.out)
		},
	}
}
