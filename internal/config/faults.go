package config

import (
	"fmt"
	"slices"
	"strings"
)

// Fault is one thing an operator has to change.
type Fault struct {
	// Key is the name of the key, with position and member for lists: "clients[1].grants".
	Key string `json:"key"`
	// Source is where it was read: "daypass.yaml:12", "DAYPASS_LISTEN", "--listen", or "" for a key that is missing.
	Source string `json:"source,omitempty"`
	// Problem is what is wrong, Write what to write instead.
	Problem string `json:"problem"`
	Write   string `json:"write"`
}

// String is one line: key (source): problem; write: what.
func (f Fault) String() string {
	where := f.Key
	if f.Source != "" {
		where += " (" + f.Source + ")"
	}
	return fmt.Sprintf("%s: %s; write: %s", where, f.Problem, f.Write)
}

// Faults is the error of Load: everything that is wrong, in the order file, environment, flags, then what is missing or
// does not go together.
type Faults struct{ List []Fault }

var _ error = (*Faults)(nil)

func (f *Faults) Error() string {
	var b strings.Builder
	noun := "faults"
	if len(f.List) == 1 {
		noun = "fault"
	}
	fmt.Fprintf(&b, "%d %s in the configuration", len(f.List), noun)
	for _, one := range f.List {
		b.WriteString("\n  " + one.String())
	}
	return b.String()
}

func (f *Faults) add(key, source, problem, write string) {
	f.List = append(f.List, Fault{Key: key, Source: source, Problem: problem, Write: write})
}

// tells whether a fault of that key from that source has been found already.
func (f *Faults) tells(key, source string) bool {
	return slices.ContainsFunc(f.List, func(o Fault) bool { return o.Key == key && o.Source == source })
}

// quote shows what an operator wrote, shortened; never call it with a value that could be a secret.
func quote(s string) string {
	const most = 60
	if runes := []rune(s); len(runes) > most {
		s = string(runes[:most]) + "…"
	}
	return fmt.Sprintf("%q", s)
}

// nearest returns the name that differs from wrong by at most three edits and the least, or "".
func nearest(wrong string, names []string) string {
	best, least := "", 4
	for _, name := range names {
		if d := distance(wrong, name); d < least {
			best, least = name, d
		}
	}
	return best
}

// distance counts the insertions, deletions and substitutions of bytes between a and b (Levenshtein).
func distance(a, b string) int {
	if max(len(a), len(b)) > 64 {
		return 64 // no key is that long; the table below stays small
	}
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			cost := diagonal
			if a[i] != b[j] {
				cost = min(diagonal, row[j], row[j+1]) + 1
			}
			diagonal, row[j+1] = row[j+1], cost
		}
	}
	return row[len(b)]
}
