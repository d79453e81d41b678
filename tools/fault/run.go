//go:build linux

package main

import (
	"context"
	"errors"
	"sync"
	"time"
)

// enoughWrong ends a run early: more of the same proves nothing more.
const enoughWrong = 20

// run makes a world, lets it burn and looks at what is left.
func run(ctx context.Context, opt options) (_ result, err error) {
	g, err := newGuard()
	if err != nil {
		return result{}, err
	}
	defer func() { err = errors.Join(err, g.close()) }()
	began := time.Now()
	w, err := newWorld(ctx, opt, g)
	if err != nil {
		return result{}, err
	}
	defer func() { err = errors.Join(err, w.close()) }()
	devices, err := w.populate(ctx, opt.devices+1)
	if err != nil {
		return result{}, err
	}
	started := time.Now()
	if err := w.burn(ctx, devices); err != nil {
		return result{}, err
	}
	r := result{
		Engine: opt.engine, Seed: opt.seed, Devices: opt.devices, Window: opt.window.String(),
		Seconds: time.Since(started).Seconds(), LogInSeconds: started.Sub(began).Seconds(), Verdicts: w.journal.counted(),
	}
	w.tally.copyTo(&r)
	r.NotRun = w.absent()
	if r.Broken > 0 {
		r.Failures = append(r.Failures, w.journal.causes()...)
	}
	return r, ctx.Err()
}

// burn runs everything at once until enough was refreshed, and then asks every device once more in peace.
func (w *world) burn(ctx context.Context, devices []*device) error {
	lives, end := context.WithCancel(ctx)
	defer end()
	c := &chaos{w: w, rng: w.rng(1 << 32), probe: devices[0]}
	devices = devices[1:]
	watched, unwatch := context.WithCancel(ctx)
	defer unwatch()
	go w.supervise(watched)
	var all sync.WaitGroup
	var failed error
	all.Go(func() {
		if failed = c.run(lives); failed != nil {
			end()
		}
	})
	for _, d := range devices {
		all.Go(func() { d.live(lives) })
	}
	w.plant(ctx, lives, &all)
	for lives.Err() == nil && w.tally.refreshes.Load() < w.opt.refreshes && w.tally.wrong() < enoughWrong && !c.probe.gone() {
		sleep(lives, 20*time.Millisecond)
	}
	end()
	all.Wait()
	if failed != nil || ctx.Err() != nil {
		return errors.Join(failed, ctx.Err())
	}
	for _, d := range devices {
		all.Go(func() { d.last(ctx) })
	}
	all.Wait()
	w.settle(ctx)
	unwatch()
	for _, d := range append(devices, c.probe) {
		failed = errors.Join(failed, d.leave())
	}
	for _, n := range w.nodes {
		failed = errors.Join(failed, n.stop())
	}
	return failed
}

// supervise starts nodes again that ended by themselves, each of which is a failure of the run: devices that wait for one
// would otherwise wait for ever, and nobody would know why.
func (w *world) supervise(ctx context.Context) {
	for sleep(ctx, time.Second); ctx.Err() == nil; sleep(ctx, time.Second) {
		for _, n := range w.nodes {
			said, err := n.revive()
			if err != nil {
				said += err.Error()
			}
			if said != "" {
				w.tally.fail(said)
			}
		}
	}
}

// absent names what the kit does not do in this run, so that nobody takes silence for success.
func (w *world) absent() []string {
	all := w.notRun
	if w.pg != nil {
		all = append(all, "disk full (SQLite only)", "database put back to a copy of a minute ago (SQLite only; failovers stand for it)")
		if w.opt.standby == "none" {
			all = append(all, "failover (-standby none)")
		}
	}
	if !w.opt.clock {
		all = append(all, "clock set back and forth (-clock)")
	}
	return append(all, "power cut: kill -9 leaves what the operating system has")
}

// plant starts the thefts and the revocations.
func (w *world) plant(ctx, lives context.Context, all *sync.WaitGroup) {
	for _, p := range plots() {
		for range w.opt.thieves {
			all.Go(func() { w.steal(ctx, lives, p) })
		}
	}
	for i, a := range acts() {
		all.Go(func() { w.revoke(ctx, lives, a, w.rng(1<<33+uint64(i))) })
	}
	for i, c := range byRuleCases() {
		all.Go(func() { w.exempt(ctx, lives, c, w.rng(1<<35+uint64(i))) })
	}
	for i, p := range codePlots() {
		for j := range w.opt.thieves {
			all.Go(func() { w.redeemCodes(ctx, lives, p, w.rng(1<<36+uint64(i+100*j))) })
		}
	}
	all.Go(func() { w.recheck(ctx, lives, w.rng(1<<34)) })
}

// last refreshes twice in peace, with the window closed before each.
func (d *device) last(ctx context.Context) {
	for range 2 {
		d.rest(ctx)
		for !d.pass(plan{}) && !d.gone() && ctx.Err() == nil {
			d.w.tally.fail(string(d.kind) + ": not answered in peace")
		}
	}
}
