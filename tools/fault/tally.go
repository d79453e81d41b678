//go:build linux

package main

import (
	"fmt"
	"maps"
	"sync"
	"sync/atomic"
	"time"
)

// tally counts what happened in a run.
type tally struct {
	refreshes atomic.Int64 // answered with tokens

	mu       sync.Mutex
	faults   map[string]int // by kind
	errors   map[string]int // what clients saw, by class
	spurious int
	branches int // two successors of one token
	broken   int // answers that no client may ever see: 500 and the like
	byRule   map[string]*ruleCount
	thefts   map[string]*theftCount
	revoked  map[string]*revocationCount
	codes    map[string]*codeCount
	kinds    map[string]*kindCount
	outages  map[string]*outage
	failures []string
}

// kindCount is one kind of devices.
type kindCount struct {
	Devices   int `json:"devices"`
	Refreshes int `json:"refreshes"`
}

// ruleCount is one class of what the rules do not promise.
type ruleCount struct {
	Devices   int `json:"devices"`
	LoggedOut int `json:"logged_out"`
}

// outage is how long clients got nothing after one kind of event.
type outage struct {
	Times   int           `json:"times"`
	Longest time.Duration `json:"-"`
	Millis  int64         `json:"longest_ms"`
}

func newTally() *tally {
	return &tally{
		faults: map[string]int{}, errors: map[string]int{}, byRule: map[string]*ruleCount{}, thefts: map[string]*theftCount{},
		revoked: map[string]*revocationCount{}, outages: map[string]*outage{}, codes: map[string]*codeCount{}, kinds: map[string]*kindCount{},
	}
}

func (t *tally) device(k kind) { t.ofKind(k, func(c *kindCount) { c.Devices++ }) }

func (t *tally) refreshed(k kind) { t.ofKind(k, func(c *kindCount) { c.Refreshes++ }) }

func (t *tally) ofKind(k kind, change func(*kindCount)) {
	t.mu.Lock()
	defer t.mu.Unlock()
	c := t.kinds[string(k)]
	if c == nil {
		c = &kindCount{}
		t.kinds[string(k)] = c
	}
	change(c)
}

func (t *tally) fault(names ...string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	for _, n := range names {
		t.faults[n]++
	}
}

// answer counts what a request came back with.
func (t *tally) answer(r reply) {
	if r.class == granted {
		t.refreshes.Add(1)
		return
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	if r.class == dropped || r.class == unsent {
		return // a fault of ours, counted there
	}
	t.errors[string(r.class)]++
	switch r.class {
	case refused, noServer, reset, unavail:
	default:
		t.broken++
		t.note(fmt.Sprintf("an answer that no client may see: %s", r))
	}
}

// rule counts a device that the rules do not cover, and whether it was logged out.
func (t *tally) rule(name string, devices, loggedOut int) {
	t.mu.Lock()
	defer t.mu.Unlock()
	c := t.byRule[name]
	if c == nil {
		c = &ruleCount{}
		t.byRule[name] = c
	}
	c.Devices += devices
	c.LoggedOut += loggedOut
}

// logOut counts a device that was refused although nothing excuses it.
func (t *tally) logOut(story string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.spurious++
	t.note("spurious log-out: " + story)
}

func (t *tally) branch(story string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.branches++
	t.note("two successors: " + story)
}

func (t *tally) out(kind string, lasted time.Duration) {
	t.mu.Lock()
	defer t.mu.Unlock()
	o := t.outages[kind]
	if o == nil {
		o = &outage{}
		t.outages[kind] = o
	}
	o.Times++
	o.Longest = max(o.Longest, lasted)
	o.Millis = o.Longest.Milliseconds()
}

// fail notes why a bar is missed, with the first few in words.
func (t *tally) fail(story string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.note(story)
}

// wrong is how often a bar was missed so far.
func (t *tally) wrong() int {
	t.mu.Lock()
	defer t.mu.Unlock()
	n := t.spurious + t.branches + t.broken
	for _, c := range t.thefts {
		n += c.Missed
	}
	for _, c := range t.revoked {
		n += c.Lost
	}
	for _, c := range t.codes {
		n += c.Failed
	}
	return n
}

const storiesKept = 12

func (t *tally) note(story string) {
	if len(t.failures) < storiesKept {
		t.failures = append(t.failures, story)
	}
}

func (t *tally) copyTo(r *result) {
	t.mu.Lock()
	defer t.mu.Unlock()
	r.Refreshes = t.refreshes.Load()
	r.Spurious, r.Branches, r.Broken = t.spurious, t.branches, t.broken
	r.Faults, r.Errors = maps.Clone(t.faults), maps.Clone(t.errors)
	r.ByRule, r.Thefts, r.Revocations, r.Outages, r.Codes, r.Kinds = t.byRule, t.thefts, t.revoked, t.outages, t.codes, t.kinds
	r.Failures = t.failures
}
