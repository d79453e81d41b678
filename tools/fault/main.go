//go:build linux

package main

import (
	"cmp"
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"
	"time"
)

// options are what a run is told.
type options struct {
	engine    string
	refreshes int64
	seed      uint64
	short     bool
	devices   int
	thieves   int // at once, of each class
	nodes     int
	standby   string        // of PostgreSQL: none, async or sync
	window    time.Duration // refresh.replay_window of the server; what is "minutes" elsewhere is longer than this
	calm      time.Duration // between two misfortunes, and up to twice as long
	clock     bool          // set the servers' clock back and forth
	changes   []change      // laid over the sources of the server
}

func main() {
	if path := os.Getenv(envTokens); path != "" {
		_ = shareFile(path, os.Stdin, os.Stdout) // it ends with its input
		return
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	code := command(ctx, os.Args[1:], os.Stdout, os.Stderr)
	stop()
	os.Exit(code)
}

// command runs the kit once per database and returns the exit code: 1 when a bar is missed, 2 when the run itself failed.
func command(ctx context.Context, args []string, out, complaints io.Writer) int {
	opt, err := parse(args, complaints)
	if errors.Is(err, flag.ErrHelp) {
		return 0
	}
	if err != nil {
		fmt.Fprintln(complaints, err)
		return 2
	}
	r, err := run(ctx, opt)
	if err != nil {
		fmt.Fprintf(complaints, "fault: seed %d: %v\n", opt.seed, err)
		return 2
	}
	r.print(out)
	if len(r.missed()) > 0 {
		return 1
	}
	return 0
}

func parse(args []string, complaints io.Writer) (options, error) {
	opt := options{nodes: 1, thieves: 2, calm: time.Second}
	flags := flag.NewFlagSet("fault", flag.ContinueOnError)
	flags.SetOutput(complaints)
	flags.StringVar(&opt.engine, "db", "sqlite", "sqlite or postgres")
	flags.Int64Var(&opt.refreshes, "refreshes", 100_000, "end after so many refreshes")
	flags.Uint64Var(&opt.seed, "seed", uint64(time.Now().Unix()), "the seed of the run")
	flags.BoolVar(&opt.short, "short", false, "a run of some seconds, whatever -refreshes says")
	flags.IntVar(&opt.devices, "devices", 0, "how many devices; by -refreshes without it")
	flags.StringVar(&opt.standby, "standby", "async", "of PostgreSQL: none, async or sync; with one there are failovers")
	flags.BoolVar(&opt.clock, "clock", false, "set the servers' clock back and forth by minutes")
	mutant := flags.String("mutation", "", "lay a bug over the sources of the server, to see that it is found")
	flags.DurationVar(&opt.window, "window", 0, "refresh.replay_window; without it 2s on SQLite and 4s on PostgreSQL, whose answers may take longer")
	if err := flags.Parse(args); err != nil {
		return opt, err
	}
	if *mutant != "" {
		m, err := mutationNamed(*mutant)
		if err != nil {
			return opt, err
		}
		opt.changes = m.changes
	}
	switch opt.standby {
	case "none", "async", "sync":
	default:
		return opt, fmt.Errorf("-standby %s: want none, async or sync", opt.standby)
	}
	switch opt.engine {
	case "sqlite":
		opt.window = cmp.Or(opt.window, 2*time.Second)
	case "postgres":
		opt.nodes, opt.window = 2, cmp.Or(opt.window, 4*time.Second)
	default:
		return opt, fmt.Errorf("-db %s: want sqlite or postgres", opt.engine)
	}
	if opt.short {
		opt.refreshes, opt.thieves = 3000, 1
	}
	if opt.devices == 0 {
		opt.devices = int(min(max(opt.refreshes/50, 60), 800))
	}
	return opt, nil
}
