package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/daypass/daypass/internal/store/storetest"
)

// plan says how much is measured.
type plan struct {
	binary         string // "": build one
	engines        []string
	connections    []int
	rounds         int
	round          time.Duration // of one load; each has so many
	grants, driven int64
	starts         int
	idle           time.Duration // before the memory of a server at rest is read
	loops          int           // calls in a batch of those too short to be timed alone
	large          int64         // grants of the large table; 0: none
	sustained      time.Duration // 0: none
}

func quick() plan {
	return plan{
		engines: []string{sqliteEngine, postgresEngine}, connections: []int{1, compared, 64}, rounds: 3, round: 1500 * time.Millisecond,
		grants: 10_000, driven: 4096, starts: 11, idle: 3 * time.Second, loops: 1000,
	}
}

// setConnections reads a list of numbers.
func (p *plan) setConnections(list string) error {
	p.connections = nil
	for text := range strings.SplitSeq(list, ",") {
		n, err := strconv.Atoi(text)
		if err != nil || n < 1 {
			return fmt.Errorf("%q is not a number of connections", text)
		}
		p.connections = append(p.connections, n)
	}
	return nil
}

// bench is one run.
type bench struct {
	plan   plan
	report report
	echo   *echoServer
	dir    string
	err    io.Writer // where progress is told
}

func main() {
	if len(os.Args) == 2 && os.Args[1] == echoVerb {
		exit(serveEcho())
		return
	}
	p := quick()
	full := flag.Bool("full", false, "also measure the large table and the sustained load: about an hour")
	engine := flag.String("engine", "", "sqlite or postgres alone")
	flag.DurationVar(&p.round, "round", p.round, "how long each load takes in each round")
	flag.IntVar(&p.rounds, "rounds", p.rounds, "how many rounds")
	flag.Func("connections", "how many connections, as 1,16,64; the bars stand at 16", p.setConnections)
	flag.StringVar(&p.binary, "binary", "", "measure this daypass instead of building one, to compare two versions")
	large := flag.Int64("large", 10_000_000, "grants of the large table, with -full")
	sustained := flag.Duration("sustained", 10*time.Minute, "how long the sustained load takes, with -full")
	flag.Parse()
	if *engine != "" {
		p.engines = []string{*engine}
	}
	if *full {
		p.large, p.sustained = *large, *sustained
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	exit(run(ctx, p, os.Stdout, os.Stderr))
}

func exit(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

// run measures everything that the plan says and prints the report.
func run(ctx context.Context, p plan, out, progress io.Writer) (err error) {
	if !supported {
		return errors.New("this needs Linux: processor time is read from /proc")
	}
	b := &bench{plan: p, report: report{machine: thisMachine(), bars: bars()}, err: progress}
	if b.dir, err = os.MkdirTemp("", "daypass-bench-"); err != nil {
		return fmt.Errorf("bench: %w", err)
	}
	defer func() { err = errors.Join(err, os.RemoveAll(b.dir)) }()
	if b.plan.binary == "" {
		b.tellProgress("building")
		if b.plan.binary, err = build(ctx, b.dir); err != nil {
			return err
		}
	}
	program, err := os.Stat(b.plan.binary)
	if err != nil {
		return fmt.Errorf("bench: %w", err)
	}
	if b.echo, err = startEcho(ctx); err != nil {
		return err
	}
	defer func() { err = errors.Join(err, b.echo.stop()) }()
	for _, engine := range p.engines {
		if err := b.engine(ctx, engine); err != nil {
			return fmt.Errorf("%s: %w", engine, err)
		}
	}
	b.tellProgress("resource")
	if err := b.verification(ctx); err != nil {
		return err
	}
	b.report.section = "the program"
	b.report.add("binary", float64(program.Size())/1e6, "MB")
	return b.report.write(out)
}

func (b *bench) tellProgress(what string) {
	fmt.Fprintf(b.err, "%s %s\n", time.Now().Format(time.TimeOnly), what)
}

// engine measures one engine, or notes that it is not there.
func (b *bench) engine(ctx context.Context, engine string) (err error) {
	b.tellProgress(engine + ": start")
	g, err := open(ctx, b.plan.binary, filepath.Join(b.dir, engine), engine)
	if errors.Is(err, storetest.ErrNoPostgres) && !insisted() {
		b.report.notes = append(b.report.notes, engine+": "+err.Error())
		return nil
	}
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, g.close()) }()
	b.tellProgress(fmt.Sprintf("%s: daypass is process %d", engine, g.server.pid))
	for _, step := range []struct {
		name string
		do   func(context.Context, *ground) error
	}{
		{"log-ins", b.logins},
		{"fill", func(ctx context.Context, g *ground) error { return g.fill(ctx, b.plan.grants, b.plan.driven) }},
		{"refreshes", b.speed},
		{"size", b.size},
		{"start and memory", b.footprint},
		{"sustained load", b.sustained},
		{"large table", b.large},
	} {
		b.tellProgress(engine + ": " + step.name)
		if err := step.do(ctx, g); err != nil {
			return fmt.Errorf("%s: %w", step.name, err)
		}
	}
	return nil
}

// insisted reports whether a missing tool is a failure, as it is in continuous integration.
func insisted() bool {
	ci, err := strconv.ParseBool(os.Getenv("CI"))
	return err == nil && ci
}
