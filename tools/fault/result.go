//go:build linux

package main

import (
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"slices"
	"text/tabwriter"
)

// theftCount is one class of thefts.
type theftCount struct {
	Planted int `json:"planted"`
	Caught  int `json:"caught"`
	Later   int `json:"caught_later_after_a_fallback"`
	Missed  int `json:"missed"`
}

// revocationCount is one class of revocations.
type revocationCount struct {
	Planted int `json:"planted"`
	Held    int `json:"held"`
	Newer   int `json:"newer_than_the_copy"`
	Lost    int `json:"lost"`
}

// result is what a run says.
type result struct {
	Engine       string                      `json:"engine"`
	Seed         uint64                      `json:"seed"`
	Devices      int                         `json:"devices"`
	Window       string                      `json:"replay_window"`
	Seconds      float64                     `json:"seconds"`
	LogInSeconds float64                     `json:"log_in_seconds"`
	Refreshes    int64                       `json:"refreshes"`
	Spurious     int                         `json:"spurious_log_outs"`
	Branches     int                         `json:"second_branches"`
	Broken       int                         `json:"broken_answers"`
	Thefts       map[string]*theftCount      `json:"thefts"`
	Revocations  map[string]*revocationCount `json:"revocations"`
	Codes        map[string]*codeCount       `json:"codes"`
	Kinds        map[string]*kindCount       `json:"kinds_of_devices"`
	ByRule       map[string]*ruleCount       `json:"by_rule"`
	Faults       map[string]int              `json:"faults"`
	Errors       map[string]int              `json:"errors"`
	Outages      map[string]*outage          `json:"unavailable"`
	Verdicts     map[string]int              `json:"verdicts"`
	NotRun       []string                    `json:"not_run"`
	Failures     []string                    `json:"failures,omitempty"`
}

// missed names the bars that do not hold.
func (r result) missed() []string {
	var missed []string
	bar := func(holds bool, name string) {
		if !holds {
			missed = append(missed, name)
		}
	}
	lost, uncaught := 0, 0
	for _, c := range r.Revocations {
		lost += c.Lost
	}
	for _, c := range r.Thefts {
		uncaught += c.Missed
	}
	bar(r.Spurious == 0, "spurious log-outs: 0")
	bar(r.Branches == 0, "second branches: 0")
	bar(r.Broken == 0, "broken answers: 0")
	bar(lost == 0, "revocations lost: 0")
	bar(uncaught == 0, "thefts missed: 0")
	failed := 0
	for _, c := range r.Codes {
		failed += c.Failed
	}
	bar(failed == 0, "codes misjudged: 0")
	bar(len(r.Failures) == 0, "failures: none")
	return missed
}

// print writes the table, what went wrong, and the same in one line of JSON.
func (r result) print(out io.Writer) {
	t := tabwriter.NewWriter(out, 0, 8, 2, ' ', 0)
	row := func(cells ...any) {
		for i, c := range cells {
			if i > 0 {
				fmt.Fprint(t, "\t")
			}
			fmt.Fprint(t, c)
		}
		fmt.Fprintln(t)
	}
	fmt.Fprintf(t, "fault on %s, seed %d: %d devices, replay window %s (longer pauses stand for minutes)\n", r.Engine, r.Seed, r.Devices, r.Window)
	row("refreshes", r.Refreshes, fmt.Sprintf("in %.0f s, after %.0f s of log-ins", r.Seconds, r.LogInSeconds))
	row("spurious log-outs", r.Spurious, "bar 0")
	row("second branches", r.Branches, "bar 0")
	row("broken answers", r.Broken, "bar 0 (500 and the like)")
	for _, name := range sorted(r.Thefts) {
		c := r.Thefts[name]
		row("theft: "+name, c.Planted, fmt.Sprintf("planted, caught %d, later after a fallback %d, missed %d (bar 0)", c.Caught, c.Later, c.Missed))
	}
	for _, name := range sorted(r.Revocations) {
		c := r.Revocations[name]
		row("revocation: "+name, c.Planted, fmt.Sprintf("planted, held %d, newer than the copy %d, lost %d (bar 0)", c.Held, c.Newer, c.Lost))
	}
	for _, name := range sorted(r.Codes) {
		c := r.Codes[name]
		row("code: "+name, c.Planted, fmt.Sprintf("planted, held %d, asked for again %d, by rule %d, failed %d (bar 0)", c.Held, c.Again, c.ByRule, c.Failed))
	}
	for _, name := range sorted(r.Kinds) {
		row("devices: "+name, r.Kinds[name].Devices, fmt.Sprintf("%d refreshes", r.Kinds[name].Refreshes))
	}
	for _, name := range sorted(r.ByRule) {
		row("by rule: "+name, r.ByRule[name].LoggedOut, fmt.Sprintf("logged out of %d", r.ByRule[name].Devices))
	}
	for _, name := range sorted(r.Outages) {
		row("unavailable: "+name, fmt.Sprintf("%d ms", r.Outages[name].Millis), fmt.Sprintf("the longest of %d", r.Outages[name].Times))
	}
	for _, list := range []struct {
		title  string
		counts map[string]int
	}{{"fault", r.Faults}, {"a client saw", r.Errors}, {"verdict", r.Verdicts}} {
		for _, name := range sorted(list.counts) {
			row(list.title+": "+name, list.counts[name])
		}
	}
	for _, what := range r.NotRun {
		row("not run", what)
	}
	_ = t.Flush()
	for _, f := range r.Failures {
		fmt.Fprintln(out, "FAILED:", f)
	}
	for _, m := range r.missed() {
		fmt.Fprintln(out, "BAR MISSED:", m)
	}
	line, err := json.Marshal(r)
	if err != nil {
		fmt.Fprintln(out, "no JSON:", err)
		return
	}
	fmt.Fprintf(out, "%s\n", line)
}

func sorted[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }
