package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"os/signal"
	"strings"
	"syscall"

	"github.com/urfave/cli/v3"

	"github.com/daypass/daypass/internal/admin"
	"github.com/daypass/daypass/internal/auth"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	code := run(ctx, os.Args, os.Stdin, os.Stdout, os.Stderr)
	stop()
	os.Exit(code)
}

// run executes one command line and returns the exit code.
func run(ctx context.Context, args []string, in *os.File, out, errOut io.Writer) int {
	p := &program{in: in, out: out, errOut: errOut}
	err := p.command().Run(ctx, args)
	if err == nil {
		return exitOK
	}
	p.json = p.json || wantsJSON(args)
	return p.report(err)
}

// program is one run of the command: its streams and the flags that every verb takes.
type program struct {
	in          *os.File
	out, errOut io.Writer
	json        bool
	configFile  string
	data        string
	yes         bool
}

// command builds the tree of verbs.
func (p *program) command() *cli.Command {
	root := &cli.Command{
		Name:    "daypass",
		Usage:   "log-ins, access tokens and refresh tokens for your applications",
		Version: buildInfo().Version,
		Description: "Begin with `daypass dev`: everything on http://localhost:8080 with a demo to click through.\n" +
			"Every verb takes --config FILE, or --data DIR for the embedded database.",
		Reader: p.in, Writer: p.out, ErrWriter: p.errOut,
		EnableShellCompletion: true,
		ExitErrHandler:        func(context.Context, *cli.Command, error) {}, // run reports, once
		Flags: []cli.Flag{
			&cli.StringFlag{Name: "config", Usage: "read the configuration from `FILE`", Destination: &p.configFile, TakesFile: true},
			&cli.StringFlag{Name: "data", Usage: "keep database and master key in the folder `DIR` (default: " + defaultData + ")", Destination: &p.data, TakesFile: true},
			&cli.BoolFlag{Name: "json", Usage: "print one JSON document, for programs", Destination: &p.json},
		},
		Commands: []*cli.Command{
			p.dev(), p.serve(), p.migrate(),
			p.user(), p.client(), p.resource(), p.key(), p.session(), p.grant(), p.token(),
			p.configVerb(), p.version(),
		},
	}
	_ = root.Walk(func(c *cli.Command) error {
		c.OnUsageError = func(_ context.Context, c *cli.Command, err error, _ bool) error {
			return usagef("%v; `%s --help` tells what it takes", err, c.FullName())
		}
		c.DisableSliceFlagSeparator = true // a URI may hold a comma
		if c.Action == nil {
			c.Action = group
		} else {
			c.HideHelpCommand = true // so that an argument may be the word "help"
		}
		return nil
	})
	return root
}

// group answers for a verb that needs another one after it.
func group(_ context.Context, c *cli.Command) error {
	if c.Args().Present() {
		return usagef("`%s` does not know %s; `%s --help` lists what there is", c.FullName(), shown(c.Args().First()), c.FullName())
	}
	if c.Root() == c {
		return cli.ShowRootCommandHelp(c)
	}
	var verbs []string
	for _, v := range c.VisibleCommands() {
		verbs = append(verbs, v.Name)
	}
	return usagef("`%s` needs one of: %s", c.FullName(), strings.Join(verbs, ", "))
}

// confirmed is the flag of verbs that take something away.
func (p *program) confirmed() cli.Flag {
	return &cli.BoolFlag{Name: "yes", Aliases: []string{"y"}, Usage: "do it without asking", Destination: &p.yes}
}

// argument returns the only argument of a verb, which name calls in messages.
func argument(c *cli.Command, name string) (string, error) {
	arg := c.Args().First()
	if n := c.Args().Len(); n != 1 || arg == "" {
		return "", usagef("`%s` takes one %s, not %d arguments; `%s --help` tells more", c.FullName(), name, n, c.FullName())
	}
	if looksSecret(arg) {
		return "", usagef("`%s` takes a %s, and this looks like a secret, which the shell's history now keeps: revoke it if it is real", c.FullName(), name)
	}
	return arg, nil
}

// nothing refuses arguments. It does not repeat them: a password may have slipped there.
func nothing(c *cli.Command) error {
	if n := c.Args().Len(); n > 0 {
		return usagef("`%s` takes flags only, not %d arguments; `%s --help` lists them", c.FullName(), n, c.FullName())
	}
	return nil
}

// shown repeats what was written unless it could be a secret.
func shown(arg string) string {
	if looksSecret(arg) {
		return "what follows it"
	}
	return fmt.Sprintf("%q", printable(arg))
}

// looksSecret tells tokens and client secrets by their prefixes, JWTs by their first letters.
func looksSecret(s string) bool {
	for _, prefix := range []string{auth.RefreshPrefix, admin.ClientSecretPrefix, auth.OpaquePrefix, "eyJ", "Bearer "} {
		if strings.HasPrefix(s, prefix) {
			return true
		}
	}
	return false
}
