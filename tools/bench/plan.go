package main

import (
	"flag"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
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

// quick is the short form.
func quick() plan {
	return plan{
		engines: []string{sqliteEngine, postgresEngine}, connections: []int{1, compared, 64}, rounds: 5, round: time.Second,
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

// parse reads the arguments.
func parse(args []string) (plan, error) {
	p := quick()
	f := flag.NewFlagSet("bench", flag.ContinueOnError)
	full := f.Bool("full", false, "also measure a sustained load and a large table: half an hour, 20 GB of disk")
	engine := f.String("engine", "", "sqlite or postgres alone")
	f.DurationVar(&p.round, "round", p.round, "how long each load takes in each round")
	f.IntVar(&p.rounds, "rounds", p.rounds, "how many rounds")
	f.Func("connections", "how many connections, as 1,16,64; the bars stand at 16", p.setConnections)
	f.StringVar(&p.binary, "binary", "", "measure this daypass instead of building one, to compare two versions")
	large := f.Int64("large", 10_000_000, "grants of the large table, with -full")
	sustained := f.Duration("sustained", 10*time.Minute, "how long the sustained load takes, with -full")
	if err := f.Parse(args); err != nil {
		return plan{}, err
	}
	if *engine != "" {
		if !slices.Contains(p.engines, *engine) {
			return plan{}, fmt.Errorf("-engine %q: want sqlite or postgres", *engine)
		}
		p.engines = []string{*engine}
	}
	if *full {
		p.large, p.sustained = *large, *sustained
	}
	if f.NArg() > 0 || p.rounds < 1 || p.round <= 0 || p.large < 0 || p.sustained < 0 {
		return plan{}, fmt.Errorf("bad arguments %q", args)
	}
	return p, nil
}
