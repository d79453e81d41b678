package main

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"strings"

	"golang.org/x/term"

	"github.com/daypass/daypass/internal/secret"
)

// errDeclined: a person was asked and did not say yes.
var errDeclined = errors.New("nothing was changed")

// maxInput bounds what is read as a secret; nothing that Daypass hands out or takes comes near.
const maxInput = 64 << 10

// interactive tells whether a person sits at standard input.
func (p *program) interactive() bool {
	return p.in != nil && term.IsTerminal(int(p.in.Fd()))
}

// confirm tells what is about to happen and asks. Without a terminal there is nobody to ask: --yes is needed.
func (p *program) confirm(plan string) error {
	if p.yes {
		return nil
	}
	if !p.interactive() {
		return usagef("%s Nothing was changed: repeat with --yes to do it", plan)
	}
	fmt.Fprintf(p.errOut, "%s\nGo on? [y/N] ", printable(plan))
	line, err := bufio.NewReader(p.in).ReadString('\n')
	if err != nil && !errors.Is(err, io.EOF) {
		return fmt.Errorf("read the answer: %w", err)
	}
	if answer := strings.ToLower(strings.TrimSpace(line)); answer != "y" && answer != "yes" {
		return errDeclined
	}
	return nil
}

// newPassword reads a new password: all of standard input but one line end, or twice from a prompt that does not echo.
func (p *program) newPassword(ctx context.Context, fromInput bool) (secret.Token, error) {
	if fromInput {
		s, err := p.readSecret()
		if err == nil && bytes.ContainsAny(s.Bytes(), "\r\n") { // nobody could type it into the log-in page
			err = usagef("standard input has more than one line: a password is one")
		}
		return s, err
	}
	if !p.interactive() {
		return secret.Token{}, usagef("there is no terminal to ask for the password on: write --password-stdin and send it to standard input")
	}
	first, err := p.prompt(ctx, "New password: ")
	if err != nil {
		return secret.Token{}, err
	}
	second, err := p.prompt(ctx, "The same again: ")
	if err != nil {
		return secret.Token{}, err
	}
	if !first.Equal(second) {
		return secret.Token{}, errors.New("the two passwords differ; nothing was changed")
	}
	return first, nil
}

// readSecret reads standard input to its end, less one line end.
func (p *program) readSecret() (secret.Token, error) {
	b, err := io.ReadAll(io.LimitReader(p.in, maxInput+1))
	if err != nil {
		return secret.Token{}, fmt.Errorf("read standard input: %w", err)
	}
	if len(b) > maxInput {
		return secret.Token{}, usagef("standard input is longer than %d bytes", maxInput)
	}
	b = bytes.TrimSuffix(bytes.TrimSuffix(b, []byte("\n")), []byte("\r"))
	if len(b) == 0 {
		return secret.Token{}, usagef("standard input is empty")
	}
	return secret.New(b), nil
}

// prompt asks on the terminal without echo. An interrupt gives the terminal its echo back.
func (p *program) prompt(ctx context.Context, question string) (secret.Token, error) {
	fd := int(p.in.Fd())
	state, err := term.GetState(fd)
	if err != nil {
		return secret.Token{}, fmt.Errorf("terminal: %w", err)
	}
	fmt.Fprint(p.errOut, question)
	type typed struct {
		line []byte
		err  error
	}
	answer := make(chan typed, 1)
	go func() {
		line, err := term.ReadPassword(fd)
		answer <- typed{line, err}
	}()
	select {
	case <-ctx.Done():
		_ = term.Restore(fd, state)
		fmt.Fprintln(p.errOut)
		return secret.Token{}, ctx.Err()
	case a := <-answer:
		fmt.Fprintln(p.errOut)
		if a.err != nil {
			return secret.Token{}, fmt.Errorf("read from the terminal: %w", a.err)
		}
		return secret.New(a.line), nil
	}
}
