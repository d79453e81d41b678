package main

import "testing"

// TestFaultEveryMutationStillFitsTheSources fails when the code that a mutation changes was rewritten: then it would prove
// nothing any more.
func TestFaultEveryMutationStillFitsTheSources(t *testing.T) {
	t.Parallel()
	root, err := moduleRoot()
	if err != nil {
		t.Fatal(err)
	}
	for _, m := range mutations() {
		for _, c := range m.changes {
			if _, err := c.apply(root); err != nil {
				t.Errorf("%s: %v", m.name, err)
			}
		}
	}
}
