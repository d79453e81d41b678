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
	"syscall"
	"time"

	"github.com/daypass/daypass/internal/store/storetest"
)

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
	p, err := parse(os.Args[1:])
	if errors.Is(err, flag.ErrHelp) {
		return
	}
	if err != nil {
		exit(err)
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
	if err := b.measure(ctx); err != nil {
		// What was measured so far may have taken most of an hour.
		b.report.notes = append(b.report.notes, "the rest: "+err.Error())
		return errors.Join(err, b.report.write(out))
	}
	b.report.section = "the program"
	b.report.add("binary", float64(program.Size())/1e6, "MB")
	return b.report.write(out)
}

func (b *bench) measure(ctx context.Context) error {
	for _, engine := range b.plan.engines {
		if err := b.engine(ctx, engine); err != nil {
			return fmt.Errorf("%s: %w", engine, err)
		}
	}
	b.tellProgress("resource")
	return b.verification(ctx)
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
	type step struct {
		name string
		do   func(context.Context, *ground) error
	}
	steps := []step{
		{"log-ins", b.logins},
		{"code flows", b.flows},
		{"fill", func(ctx context.Context, g *ground) error { return g.fill(ctx, b.plan.grants, b.plan.driven) }},
		{"refreshes", b.speed},
		{"size", b.size},
		{"start and memory", b.footprint},
	}
	if b.plan.sustained > 0 {
		steps = append(steps, step{"sustained load", b.sustained})
	}
	if b.plan.large > 0 {
		steps = append(steps, step{"large table", b.large})
	}
	for _, step := range steps {
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
