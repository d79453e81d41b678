package main

import (
	"slices"
	"testing"
	"time"
)

func TestArgumentsMakeAPlan(t *testing.T) {
	t.Parallel()
	p, err := parse(nil)
	if err != nil || p.large != 0 || p.sustained != 0 || !slices.Equal(p.connections, []int{1, 16, 64}) || !slices.Equal(p.engines, []string{"sqlite", "postgres"}) {
		t.Errorf("short: got %+v, %v", p, err)
	}
	p, err = parse([]string{"-full", "-engine", "postgres", "-connections", "2,16", "-sustained", "1m"})
	if err != nil || p.large != 10_000_000 || p.sustained != time.Minute || !slices.Equal(p.connections, []int{2, 16}) || !slices.Equal(p.engines, []string{"postgres"}) {
		t.Errorf("full: got %+v, %v", p, err)
	}
	for _, args := range [][]string{
		{"-engine", "mysql"}, {"-connections", "0"}, {"-connections", "1,x"}, {"-rounds", "0"}, {"-round", "0s"}, {"-full", "-large", "-1"}, {"more"},
	} {
		if p, err := parse(args); err == nil {
			t.Errorf("%q: got %+v, want an error", args, p)
		}
	}
}
