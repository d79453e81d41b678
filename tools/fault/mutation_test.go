//go:build linux

package main

import (
	"path/filepath"
	"testing"
)

// TestFaultEveryMutationStillFitsTheSources fails when the code that a mutation changes was rewritten: then it would prove
// nothing any more.
func TestFaultEveryMutationStillFitsTheSources(t *testing.T) {
	t.Parallel()
	root, err := moduleRoot()
	if err != nil {
		t.Fatal(err)
	}
	all := append(mutations(), mutation{name: "settable clock", changes: settableClock()})
	for _, m := range all {
		for _, c := range m.changes {
			if _, err := c.apply(filepath.Join(root, c.file)); err != nil {
				t.Errorf("%s: %v", m.name, err)
			}
		}
	}
}
