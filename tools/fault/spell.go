//go:build linux

package main

import (
	"sync"
	"time"
)

// spell is something that comes and goes, such as a database that is being put back.
type spell struct {
	mu      sync.Mutex
	ongoing int
	last    time.Time // when it last ended
}

func (s *spell) begin() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.ongoing++
}

func (s *spell) end() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.ongoing--
	s.last = time.Now()
}

// since tells that it was on at some time between then and now.
func (s *spell) since(then time.Time) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.ongoing > 0 || s.last.After(then)
}

// fall is a database that lost what was written between two moments: everything, or rotations alone.
type fall struct {
	copied, at time.Time
	rotations  bool
}

// falls are all of a run.
type falls struct {
	spell
	all []fall
}

func (f *falls) note(x fall) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.all = append(f.all, x)
}

// lost tells that something durable, written between the moment it was asked for and that at which it was answered, may
// have been lost since.
func (f *falls) lost(asked, answered time.Time) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, x := range f.all {
		if !x.rotations && x.at.After(asked) && x.copied.Before(answered) {
			return true
		}
	}
	return false
}

// number is how many there were so far.
func (f *falls) number() int {
	f.mu.Lock()
	defer f.mu.Unlock()
	return len(f.all)
}

// count is how many there were after a moment.
func (f *falls) count(after time.Time) (n int) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, x := range f.all {
		if x.at.After(after) {
			n++
		}
	}
	return n
}
