package main

import (
	"context"
	"io"

	"github.com/urfave/cli/v3"
)

func (p *program) configVerb() *cli.Command {
	return &cli.Command{
		Name: "config", Usage: "look at the configuration", Category: "server",
		Commands: []*cli.Command{{
			Name: "check", Usage: "tell everything that is wrong with the configuration, and change nothing",
			Description: "Reads the file of --config and the DAYPASS_ variables as serve does. Exit code 1 means that serve would refuse it.",
			Action: func(_ context.Context, c *cli.Command) error {
				if err := nothing(c); err != nil {
					return err
				}
				s, err := p.settings(forServe, "")
				if err != nil {
					return err
				}
				database := "postgres"
				if s.config.Database.IsSQLite() {
					database = "sqlite"
				}
				good := struct {
					OK       bool   `json:"ok"`
					Issuer   string `json:"issuer"`
					Listen   string `json:"listen"`
					Database string `json:"database"`
				}{true, s.config.Issuer, s.config.Listen, database}
				return p.print(good, func(w io.Writer) {
					row(w, "The configuration is good.")
					row(w, "issuer", good.Issuer)
					row(w, "listen", good.Listen)
					row(w, "database", good.Database)
				})
			},
		}},
	}
}
