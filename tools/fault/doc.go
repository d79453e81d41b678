//go:build linux

// Command fault drives the real daypass binary over HTTP with a crowd of simulated devices while everything around it
// breaks, and says whether somebody was logged out who should not have been.
//
// A device keeps its tokens in one store that up to three tabs share, into which the reply that arrives last is written.
// The network between it and the server (plan.go, carry.go) loses, cuts, repeats, delays and reorders what it carries;
// chaos.go kills servers and puts databases back. ledger.go is the model: from what one device sent and when, and from
// when the database lost writes, it tells whether a refusal is spurious or which rule of docs/refresh.md excuses it.
// Thefts and revocations are planted beside the devices, each on a user of its own.
//
//	go run ./tools/fault -refreshes 100000 -db sqlite -seed 1
//
// prints a readable table and one line of JSON, and ends with code 1 when a bar is missed. The seed settles what is done,
// not how the machine schedules it: a run that failed is run again with its seed, and finds the same kind of fault.
// It imports nothing of Daypass, so what it proves is what a client sees. Only Linux has all that it needs: loopback
// addresses without number, and the children of a process.
package main
