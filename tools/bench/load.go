package main

import (
	"context"
	"errors"
	"slices"
	"sync"
	"time"
)

// lane is one caller: each call makes one request and waits for its answer. Lanes run at the same time, the calls of one
// lane after each other.
type lane func() error

// outcome is what a load came to.
type outcome struct {
	took      time.Duration
	server    time.Duration // processor time of the program that was asked
	database  time.Duration // of PostgreSQL, all its processes
	generator time.Duration // of this process
	latencies []time.Duration
}

// watched are the process ids whose processor time is charged to a load; 0 is none.
type watched struct{ server, database int }

func (w watched) read() (server, database time.Duration, err error) {
	if w.server != 0 {
		if server, err = treeCPU(w.server); err != nil {
			return 0, 0, err
		}
	}
	if w.database != 0 {
		database, err = treeCPU(w.database)
	}
	return server, database, err
}

// drive calls all lanes again and again for d.
func drive(ctx context.Context, lanes []lane, d time.Duration, w watched) (outcome, error) {
	ctx, cancel := context.WithCancel(ctx) // the first failure ends the others
	defer cancel()
	server, database, err := w.read()
	if err != nil {
		return outcome{}, err
	}
	mine, began := ownCPU(), time.Now()
	latencies, faults := make([][]time.Duration, len(lanes)), make([]error, len(lanes))
	var all sync.WaitGroup
	for i, call := range lanes {
		all.Go(func() {
			for at := time.Now(); at.Sub(began) < d && ctx.Err() == nil; {
				if faults[i] = call(); faults[i] != nil {
					cancel()
					return
				}
				now := time.Now()
				latencies[i] = append(latencies[i], now.Sub(at))
				at = now
			}
		})
	}
	all.Wait()
	o := outcome{took: time.Since(began), generator: ownCPU() - mine, latencies: slices.Concat(latencies...)}
	server2, database2, err := w.read()
	o.server, o.database = server2-server, database2-database
	return o, errors.Join(append(faults, err, context.Cause(ctx))...)
}

// add joins a later round of the same load.
func (o *outcome) add(p outcome) {
	o.took += p.took
	o.server += p.server
	o.database += p.database
	o.generator += p.generator
	o.latencies = append(o.latencies, p.latencies...)
}

func (o outcome) requests() float64 { return float64(len(o.latencies)) }

func (o outcome) perSecond() float64 { return ratio(o.requests(), o.took.Seconds()) }

// each is the share of one request in a processor time, in microseconds.
func (o outcome) each(of time.Duration) float64 {
	return ratio(float64(of.Nanoseconds())/1000, o.requests())
}

// quantile is the latency that a share q of the requests kept, in milliseconds.
func (o outcome) quantile(q float64) float64 {
	if len(o.latencies) == 0 {
		return 0
	}
	sorted := slices.Sorted(slices.Values(o.latencies))
	return float64(sorted[int(q*float64(len(sorted)-1))].Nanoseconds()) / 1e6
}

// ratio is a/b, and 0 where there is nothing to compare with.
func ratio(a, b float64) float64 {
	if b == 0 {
		return 0
	}
	return a / b
}

// pacer lets callers pass at a steady rate. Whoever is late does not hurry the others.
type pacer struct {
	mu   sync.Mutex
	gap  time.Duration
	next time.Time
}

// set starts over at a rate a second; 0 or less lets everybody pass.
func (p *pacer) set(rate float64) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.gap, p.next = time.Duration(ratio(float64(time.Second), max(rate, 0))), time.Now()
}

// wait returns when it is the caller's turn.
func (p *pacer) wait() {
	p.mu.Lock()
	now := time.Now()
	if p.next.Before(now) {
		p.next = now
	}
	until := p.next
	p.next = p.next.Add(p.gap)
	p.mu.Unlock()
	time.Sleep(until.Sub(now))
}
