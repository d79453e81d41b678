package main

import (
	"strings"
	"testing"
)

func TestABarIsMetAtItsEdge(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		bar           bar
		figure, limit float64
		want          bool
	}{
		{bar{value: 30}, 30, 0, true},
		{bar{value: 30}, 30.1, 0, false},
		{bar{least: true, value: 95}, 95, 0, true},
		{bar{least: true, value: 95}, 94.9, 0, false},
		{bar{times: true, value: 2}, 160, 80, true},
		{bar{times: true, value: 2}, 161, 80, false},
		{bar{times: true, least: true, value: 0.35}, 350, 1000, true},
		{bar{times: true, least: true, value: 0.35}, 349, 1000, false},
		{bar{times: true, value: 2}, 1, 0, false}, // nothing to compare with
		{bar{times: true, least: true, value: 0.35}, 1, 0, false},
	} {
		if got := c.bar.holds(c.figure, c.limit); got != c.want {
			t.Errorf("%v: %v against %v: got %v", c.bar, c.figure, c.limit, got)
		}
	}
}

// The promises, in the words of the table.
func TestTheBarsAreThePromisedOnes(t *testing.T) {
	t.Parallel()
	want := map[string]string{
		"postgres, 16 connections: server CPU per refresh":   "≤ 2 ×",
		"postgres, 16 connections: database CPU per refresh": "≤ 1.3 ×",
		"postgres, 16 connections: refreshes":                "≥ 0.35 ×",
		"sqlite, 16 connections: server CPU per refresh":     "≤ 2.5 ×",
		"sqlite, 16 connections: refreshes":                  "≥ 0.4 ×",
		"resource: token met for the first time":             "≤ 1.3 ×",
		"resource: remembered token":                         "≤ 1 µs",
		"sqlite: idle memory":                                "≤ 30 MiB",
		"sqlite: start to first answer, existing file":       "≤ 50 ms",
		"binary":                                "≤ 40 MB",
		"sqlite: bytes per live grant":          "≤ 1024 B",
		"postgres: bytes per live grant":        "≤ 1024 B",
		"postgres: updates on their page (HOT)": "≥ 95 %",
		"sqlite: log-ins":                       "≥ 0.9 ×",
		"postgres: log-ins":                     "≥ 0.9 ×",
		"sqlite: p99 of refreshes while log-ins saturate the cores":   "≤ 50 ms",
		"postgres: p99 of refreshes while log-ins saturate the cores": "≤ 50 ms",
		"sqlite: server CPU per code flow":                            "≤ 500 µs",
		"postgres: server CPU per code flow":                          "≤ 500 µs",
		"sqlite: server CPU per introspection":                        "≤ 100 µs",
		"postgres: server CPU per introspection":                      "≤ 100 µs",
		"sqlite: server CPU per refresh, large table":                 "≤ 1.2 ×",
		"postgres: server CPU per refresh, large table":               "≤ 1.2 ×",
	}
	for name, text := range want {
		if got := bars()[name].String(); got != text {
			t.Errorf("%s: got %q, want %q", name, got, text)
		}
	}
	sustained := 0
	for name, b := range bars() {
		if _, listed := want[name]; listed {
			continue
		}
		sustained++
		if !strings.Contains(name, "sustained") || b.String() != "≤ 1.1 ×" {
			t.Errorf("%s: %v is promised nowhere", name, b)
		}
	}
	if sustained != 6 {
		t.Errorf("%d bars of the sustained load, want memory, size and p99 on both engines", sustained)
	}
}
