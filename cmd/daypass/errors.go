package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/daypass/daypass/internal/admin"
	"github.com/daypass/daypass/internal/auth"
	"github.com/daypass/daypass/internal/store"
)

// Exit codes.
const (
	exitOK     = 0
	exitFailed = 1
	exitUsage  = 2
)

// usageError is a command line that was not understood; its text says what to write instead.
type usageError struct{ text string }

func (e *usageError) Error() string { return e.text }

func usagef(format string, args ...any) error { return &usageError{fmt.Sprintf(format, args...)} }

// configError is a configuration that was refused. Its first line sums up, each other one is a fault.
type configError struct{ cause error }

func (e *configError) Error() string { return e.cause.Error() }

func (e *configError) Unwrap() error { return e.cause }

// failure is an error as it is told.
type failure struct {
	Text   string   `json:"error"`
	Code   string   `json:"code"`
	Faults []string `json:"faults,omitempty"` // of the configuration, each with its key and what to write

	exit int
}

// describe is the one table from errors to what a person or a program is told.
func describe(err error) failure {
	f := failure{Text: err.Error(), Code: "failed", exit: exitFailed}
	var usage *usageError
	var config *configError
	switch {
	case errors.As(err, &usage):
		f.Code, f.exit = "usage", exitUsage
	case errors.As(err, &config):
		f.Code = "configuration"
		for line := range strings.Lines(f.Text) {
			f.Faults = append(f.Faults, strings.TrimSpace(line))
		}
		f.Text, f.Faults = f.Faults[0], f.Faults[1:]
	case errors.Is(err, admin.ErrInvalid):
		f.Code, f.exit = "invalid", exitUsage
	case errors.Is(err, admin.ErrBuiltIn):
		f.Code = "built_in"
	case errors.Is(err, auth.ErrNotFound):
		f.Code = "not_found"
	case errors.Is(err, auth.ErrConflict):
		f.Code = "conflict"
	case errors.Is(err, auth.ErrWeakPassword):
		f.Code = "weak_password"
		f.Text = "password refused: " + err.Error()
	case errors.Is(err, auth.ErrBusy):
		f.Code = "busy"
	case errors.Is(err, errDeclined):
		f.Code = "declined"
	case errors.Is(err, context.Canceled):
		f.Code, f.Text = "interrupted", "interrupted; nothing is half done"
	case errors.Is(err, store.ErrUnavailable):
		f.Code, f.Text = "unavailable", "the database does not answer now; try again, or look whether it runs ("+err.Error()+")"
	}
	return f
}

// report tells an error on standard error and returns the exit code.
func (p *program) report(err error) int {
	f := describe(err)
	if p.json {
		enc := json.NewEncoder(p.errOut)
		enc.SetEscapeHTML(false)
		_ = enc.Encode(f)
		return f.exit
	}
	fmt.Fprintln(p.errOut, "daypass: "+printable(f.Text))
	for _, fault := range f.Faults {
		fmt.Fprintln(p.errOut, "  "+printable(fault))
	}
	return f.exit
}

// wantsJSON looks for the flag in a command line that could not be parsed.
func wantsJSON(args []string) bool {
	end := slices.Index(args, "--")
	if end < 0 {
		end = len(args)
	}
	return slices.Contains(args[:end], "--json")
}
