package main

import (
	"encoding/json"
	"fmt"
	"io"
	"math"
	"text/tabwriter"
)

// figure is one measured number, as the JSON line has it.
type figure struct {
	Section string   `json:"section"`
	Name    string   `json:"figure"`
	Value   float64  `json:"value"`
	Unit    string   `json:"unit"`
	Limit   *float64 `json:"limit,omitempty"` // in the same unit
	Against string   `json:"limit_is,omitempty"`
	Ratio   float64  `json:"ratio,omitempty"`
	Bar     string   `json:"bar,omitempty"`
	Holds   *bool    `json:"holds,omitempty"` // absent: no bar
}

// report collects the figures of a run.
type report struct {
	machine machine
	bars    map[string]bar
	section string
	figures []figure
	notes   []string // what was left out, and why
}

// add notes a figure that has no limit.
func (r *report) add(name string, value float64, unit string) {
	f := figure{Section: r.section, Name: name, Value: rounded(value), Unit: unit}
	r.judge(&f, value, 0)
}

// beside notes a figure beside its limit.
func (r *report) beside(name string, value float64, unit, against string, limit float64) {
	f := figure{Section: r.section, Name: name, Value: rounded(value), Unit: unit, Against: against, Ratio: rounded(ratio(value, limit))}
	shown := rounded(limit)
	f.Limit = &shown
	r.judge(&f, value, limit)
}

func (r *report) judge(f *figure, value, limit float64) {
	if b, found := r.bars[f.Name]; found {
		holds := b.holds(value, limit)
		f.Bar, f.Holds = b.String(), &holds
	}
	r.figures = append(r.figures, *f)
}

// missed are the figures whose bar does not hold.
func (r *report) missed() (names []string) {
	for _, f := range r.figures {
		if f.Holds != nil && !*f.Holds {
			names = append(names, f.Name)
		}
	}
	return names
}

// write writes the table, the verdict and the JSON line.
func (r *report) write(w io.Writer) error {
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	section := ""
	fmt.Fprintf(w, "%s\n\n", r.machine)
	fmt.Fprintln(t, "figure\tmeasured\tlimit\tratio\tbar\tholds")
	for _, f := range r.figures {
		if f.Section != section {
			section = f.Section
			fmt.Fprintf(t, "\t\t\t\t\t\n%s\t\t\t\t\t\n", section) // a line without cells would end the columns
		}
		limit, times := "", ""
		if f.Limit != nil {
			limit, times = fmt.Sprintf("%s %s (%s)", short(*f.Limit), f.Unit, f.Against), fmt.Sprintf("%.2f", f.Ratio)
		}
		fmt.Fprintf(t, "  %s\t%s %s\t%s\t%s\t%s\t%s\n", f.Name, short(f.Value), f.Unit, limit, times, f.Bar, verdict(f.Holds))
	}
	if err := t.Flush(); err != nil {
		return fmt.Errorf("print: %w", err)
	}
	fmt.Fprintln(w)
	for _, n := range r.notes {
		fmt.Fprintln(w, "NOT MEASURED:", n)
	}
	missed := r.missed()
	for _, m := range missed {
		fmt.Fprintln(w, "BAR MISSED:", m)
	}
	if len(missed) == 0 {
		fmt.Fprintln(w, "Every bar that was measured holds.")
	}
	fmt.Fprintln(w)
	return json.NewEncoder(w).Encode(struct {
		Machine machine  `json:"machine"`
		Missed  []string `json:"bars_missed"`
		Skipped []string `json:"not_measured,omitempty"`
		Figures []figure `json:"figures"`
	}{r.machine, missed, r.notes, r.figures})
}

func verdict(holds *bool) string {
	switch {
	case holds == nil:
		return ""
	case *holds:
		return "yes"
	}
	return "NO"
}

// rounded keeps four digits, more than the measurement is worth.
func rounded(v float64) float64 {
	if v == 0 || math.IsInf(v, 0) || math.IsNaN(v) {
		return 0
	}
	scale := math.Pow(10, 3-math.Floor(math.Log10(math.Abs(v))))
	return math.Round(v*scale) / scale
}

// short writes a number for people.
func short(v float64) string {
	switch a := math.Abs(v); {
	case a >= 100 || a == 0:
		return fmt.Sprintf("%.0f", v)
	case a >= 10:
		return fmt.Sprintf("%.1f", v)
	}
	return fmt.Sprintf("%.2f", v)
}
