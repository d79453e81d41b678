package main

import "fmt"

// bar is what was promised of a figure. Times compares with the limit measured in the same run, otherwise the figure counts
// by itself.
type bar struct {
	least bool // the figure may not be below, else not above
	times bool
	value float64
	unit  string
}

// holds judges a figure; limit is ignored unless the bar is a multiple of it.
func (b bar) holds(figure, limit float64) bool {
	if b.times {
		if limit <= 0 {
			return false // nothing was measured to compare with
		}
		figure /= limit
	}
	if b.least {
		return figure >= b.value
	}
	return figure <= b.value
}

func (b bar) String() string {
	sign, unit := "≤", " "+b.unit
	if b.least {
		sign = "≥"
	}
	if b.times {
		unit = " ×"
	}
	return fmt.Sprintf("%s %g%s", sign, b.value, unit)
}

// bars are the promises, by the name of the figure.
func bars() map[string]bar {
	most := func(value float64, unit string) bar { return bar{value: value, unit: unit} }
	least := func(value float64, unit string) bar { return bar{least: true, value: value, unit: unit} }
	timesMost := func(value float64) bar { return bar{times: true, value: value} }
	timesLeast := func(value float64) bar { return bar{times: true, least: true, value: value} }
	return map[string]bar{
		"postgres, 16 connections: server CPU per refresh":            timesMost(2),
		"postgres, 16 connections: database CPU per refresh":          timesMost(1.3),
		"postgres, 16 connections: refreshes":                         timesLeast(0.35),
		"postgres: updates on their page (HOT)":                       least(95, "%"),
		"postgres: bytes per live grant":                              most(1024, "B"),
		"postgres: log-ins":                                           timesLeast(0.9),
		"postgres: p99 of refreshes while log-ins saturate the cores": most(50, "ms"),
		"postgres: server CPU per refresh, large table":               timesMost(1.2),
		"postgres: server CPU per code flow":                          most(500, "µs"),
		"postgres: server CPU per introspection":                      most(100, "µs"),

		"sqlite, 16 connections: server CPU per refresh":            timesMost(2.5),
		"sqlite, 16 connections: refreshes":                         timesLeast(0.4),
		"sqlite: bytes per live grant":                              most(1024, "B"),
		"sqlite: log-ins":                                           timesLeast(0.9),
		"sqlite: p99 of refreshes while log-ins saturate the cores": most(50, "ms"),
		"sqlite: server CPU per refresh, large table":               timesMost(1.2),
		"sqlite: server CPU per code flow":                          most(500, "µs"),
		"sqlite: server CPU per introspection":                      most(100, "µs"),
		"sqlite: idle memory":                                       most(30, "MiB"),
		"sqlite: start to first answer, existing file":              most(50, "ms"),

		"postgres, sustained: server memory, last minute":     timesMost(1.1),
		"postgres, sustained: table and indexes, last minute": timesMost(1.1),
		"postgres, sustained: p99, last minute":               timesMost(1.1),
		"sqlite, sustained: server memory, last minute":       timesMost(1.1),
		"sqlite, sustained: table and indexes, last minute":   timesMost(1.1),
		"sqlite, sustained: p99, last minute":                 timesMost(1.1),

		"resource: token met for the first time": timesMost(1.3),
		"resource: remembered token":             most(1, "µs"),
		"binary":                                 most(40, "MB"),
	}
}
