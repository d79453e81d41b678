package main

import (
	"fmt"
	"os"
	"strconv"
	"strings"
	"time"

	"github.com/urfave/cli/v3"
)

// edit is a flag that sets one member of a T: the same for the verb that makes one and the verb that changes one.
type edit[T any] struct {
	flag cli.Flag
	name string
	set  func(to *T, c *cli.Command) error
}

// flagsOf are the flags of a table of edits.
func flagsOf[T any](all []edit[T]) []cli.Flag {
	flags := make([]cli.Flag, len(all))
	for i, e := range all {
		flags[i] = e.flag
	}
	return flags
}

// editOf collects what the command line sets into one change. given is false when it sets nothing. A value that cannot be
// read is an error here, before anything is opened.
func editOf[T any](c *cli.Command, all []edit[T]) (change func(*T), given bool, err error) {
	var set []edit[T]
	for _, e := range all {
		if !c.IsSet(e.name) {
			continue
		}
		if err := e.set(new(T), c); err != nil {
			return nil, false, usagef("--%s: %v", e.name, err)
		}
		set = append(set, e)
	}
	return func(to *T) {
		for _, e := range set {
			_ = e.set(to, c) // it could be read before
		}
	}, len(set) > 0, nil
}

// textEdit sets a text; an empty one takes it away.
func textEdit[T any, S ~string](name, usage string, member func(*T) *S) edit[T] {
	return edit[T]{&cli.StringFlag{Name: name, Usage: usage}, name, func(to *T, c *cli.Command) error {
		*member(to) = S(c.String(name))
		return nil
	}}
}

// listEdit sets a list from a flag that may be repeated; a single empty value takes the list away.
func listEdit[T any, S ~string](name, usage string, member func(*T) *[]S) edit[T] {
	return edit[T]{&cli.StringSliceFlag{Name: name, Usage: usage + " (may be repeated)"}, name, func(to *T, c *cli.Command) error {
		given := c.StringSlice(name)
		list := make([]S, 0, len(given))
		for _, s := range given {
			if s != "" || len(given) > 1 {
				list = append(list, S(s))
			}
		}
		*member(to) = list
		return nil
	}}
}

// flagEdit sets a yes or no; --NAME=false takes it away.
func flagEdit[T any](name, usage string, member func(*T) *bool) edit[T] {
	return edit[T]{&cli.BoolFlag{Name: name, Usage: usage}, name, func(to *T, c *cli.Command) error {
		*member(to) = c.Bool(name)
		return nil
	}}
}

// parsedEdit sets what parse reads from a text.
func parsedEdit[T any](name, usage string, parse func(to *T, s string) error) edit[T] {
	return edit[T]{&cli.StringFlag{Name: name, Usage: usage}, name, func(to *T, c *cli.Command) error { return parse(to, c.String(name)) }}
}

// parseLifetime reads a duration; an empty one, or 0, is the default.
func parseLifetime(s string) (time.Duration, error) {
	if s == "" || s == "0" {
		return 0, nil
	}
	d, err := time.ParseDuration(s)
	if err != nil || d <= 0 {
		return 0, fmt.Errorf("%s is no duration such as 10m", shown(s))
	}
	return d, nil
}

func parseSeconds(s string) (*int64, error) {
	if s == "" {
		return nil, nil //nolint:nilnil // none is a value here
	}
	n, err := strconv.ParseInt(s, 10, 64)
	if err != nil {
		return nil, fmt.Errorf("%s is no number of seconds", shown(s))
	}
	return &n, nil
}

// readText reads a file that holds no secret.
func readText(path string) ([]byte, error) {
	if path == "" {
		return nil, nil
	}
	b, err := os.ReadFile(path) //nolint:gosec // G304: the operator's own path
	if err != nil {
		return nil, err
	}
	return []byte(strings.TrimSpace(string(b))), nil
}
