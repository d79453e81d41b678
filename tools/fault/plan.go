//go:build linux

package main

import (
	"math/rand/v2"
	"time"
)

// fate is what the network does to one request and its reply.
type fate int

const (
	arrives   fate = iota // both arrive
	neverSent             // the request is lost
	hungUp                // the connection is closed before the reply
	cutInside             // it is closed in the middle of the reply
	lostAfter             // the whole reply is read and then lost, as by a page that is closed
	killed                // the process that sent it is killed before the reply is in its store
)

// names are those of the result.
func (f fate) String() string {
	return [...]string{
		"arrives", "request lost", "connection closed before the reply", "reply cut inside the body", "reply lost after the body",
		"process killed (kill -9) in a refresh",
	}[f]
}

// door is the endpoint through which a refresh goes; both belong to one grant.
type door int

const (
	doorV1 door = iota
	doorOAuth
)

// plan is what happens to one refresh of a device.
type plan struct {
	node      uint64 // which of the nodes gets it
	door      door
	hold      time.Duration // before the request reaches the server
	fate      fate
	late      time.Duration // before the reply reaches the device
	twin      bool          // the request is delivered twice
	twinHold  time.Duration
	twinLands bool // the reply to the second delivery reaches the device as well
}

// slow is how long a request may take on a loaded machine beyond what the plan says.
const slow = 400 * time.Millisecond

// drawLone is a plan for a message that is alone: it may be lost, but nothing of it stays behind.
func drawLone(rng *rand.Rand) plan {
	p := plan{node: rng.Uint64(), door: door(rng.IntN(2))}
	if rng.IntN(10) < 4 {
		p.fate = fate(1 + rng.IntN(4))
	}
	return p
}

// drawCrowd is a plan for one of several messages; nothing of it may be under way for longer than room.
func drawCrowd(rng *rand.Rand, room time.Duration) plan {
	p := drawLone(rng)
	part := func() time.Duration { return time.Duration(rng.Int64N(int64(max(room/2, 1)))) }
	if rng.IntN(4) == 0 {
		p.hold = part()
	}
	if rng.IntN(4) == 0 {
		p.late = part()
	}
	if rng.IntN(4) == 0 {
		p.twin, p.twinLands = true, rng.IntN(2) == 0
		if rng.IntN(2) == 0 {
			p.twinHold = part()
		}
	}
	return p
}

// ofProcess is the plan as a process can carry it out: what cuts a connection elsewhere kills the process, and nothing is
// delivered twice.
func (p plan) ofProcess() plan {
	if p.fate == hungUp || p.fate == cutInside {
		p.fate = killed
	}
	p.twin, p.twinHold, p.twinLands = false, 0, false
	return p
}

// faults are the names under which the plan counts.
func (p plan) faults() []string {
	var names []string
	if p.fate != arrives {
		names = append(names, p.fate.String())
	}
	if p.hold > 0 {
		names = append(names, "request delayed")
	}
	if p.late > 0 {
		names = append(names, "reply delayed")
	}
	if p.twin {
		names = append(names, "request duplicated")
	}
	if p.twinHold > 0 {
		names = append(names, "duplicate delayed")
	}
	return names
}
