package main

import (
	"fmt"
	"io"

	"github.com/urfave/cli/v3"

	"github.com/daypass/daypass/internal/auth"
)

const maxLimit = 10_000 // rows of one list

func positive(n int) error {
	if n < 1 || n > maxLimit {
		return fmt.Errorf("write a number from 1 to %d", maxLimit)
	}
	return nil
}

// optionalID reads a flag that holds an id; zero when it is not given.
func optionalID(c *cli.Command, flag string) (auth.ID, error) {
	if !c.IsSet(flag) {
		return auth.ID{}, nil
	}
	return parseID(c.String(flag), "--"+flag)
}

func parseID(s, what string) (auth.ID, error) {
	id, err := auth.ParseID(s)
	if err != nil {
		return id, usagef("%s: %s is no id; an id looks like 0190a3c2-7b1e-7c3d-9a4b-0123456789ab", what, shown(s))
	}
	return id, nil
}

// done tells that something was changed, or was so before.
func done(w io.Writer, changed bool, now, before string) {
	if changed {
		row(w, now)
		return
	}
	row(w, before)
}
