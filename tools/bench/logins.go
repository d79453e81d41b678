package main

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"runtime"
	"slices"
	"sync"
	"time"

	"github.com/go-crypt/crypt/algorithm/argon2"
)

const (
	password = "a quiet brass lantern"
	knockers = 16 // who log in at the same time: enough to saturate, within the queue
	calm     = 4  // who go on refreshing meanwhile
	pause    = 5 * time.Millisecond
)

// logins measures log-ins by password beside bare argon2id, and how long others wait meanwhile. The refresh tokens of the
// log-ins are kept, to be driven.
func (b *bench) logins(ctx context.Context, g *ground) error {
	b.report.section = "log-in by password on " + g.engine
	in := &harvest{}
	knock, closeAll, err := in.lanes(ctx, g, knockers)
	if err != nil {
		return err
	}
	defer closeAll()
	var login, bare outcome
	err = b.takeTurns(ctx, b.plan.rounds, []turn{{lanes: knock, of: g.watch(), to: &login}, {lanes: argon(runtime.NumCPU()), to: &bare}})
	if err != nil {
		return err
	}
	b.report.beside(g.engine+": log-ins", login.perSecond(), "/s", "bare argon2id", bare.perSecond())
	b.report.beside(g.engine+": CPU per log-in", login.each(login.server+login.database)/1000, "ms", "bare argon2id", bare.each(bare.generator)/1000)
	g.tokens = slices.Clone(in.tokens) // the storm below harvests more
	g.real = len(g.tokens)
	return b.others(ctx, g, knock)
}

// others measures refreshes while log-ins saturate the cores.
func (b *bench) others(ctx context.Context, g *ground, knock []lane) error {
	refresh, closeAll, err := g.refreshes(min(calm, len(g.tokens)))
	if err != nil {
		return err
	}
	defer closeAll()
	for i, l := range refresh {
		refresh[i] = func() error { time.Sleep(pause); return l() } // people do not hammer
	}
	d := time.Duration(b.plan.rounds) * b.plan.round
	var storm sync.WaitGroup
	var fault error
	storm.Go(func() { _, fault = drive(ctx, knock, d, watched{}) })
	o, err := drive(ctx, refresh, d, watched{})
	storm.Wait()
	if err := errors.Join(err, fault); err != nil {
		return err
	}
	for i := range o.latencies {
		o.latencies[i] -= pause
	}
	b.report.add(g.engine+": p50 of refreshes while log-ins saturate the cores", o.quantile(0.5), "ms")
	b.report.add(g.engine+": p99 of refreshes while log-ins saturate the cores", o.quantile(0.99), "ms")
	return nil
}

func email(i int) string { return fmt.Sprintf("user%d@example.com", i) }

// harvest keeps the tokens of log-ins.
type harvest struct {
	mu     sync.Mutex
	tokens []string
}

// lanes returns n connections, each of which logs a user of its own in.
func (h *harvest) lanes(ctx context.Context, g *ground, n int) ([]lane, func(), error) {
	for i := range n {
		if err := g.in.command(ctx, password, "user", "create", "--email", email(i), "--password-stdin"); err != nil {
			return nil, nil, err
		}
	}
	who := 0
	return connect(n, g.in.address, "/v1/login", func(w *wire) lane {
		body := fmt.Appendf(nil, `{"email":%q,"password":%q}`, email(who), password)
		who++
		return func() error {
			status, reply, err := w.post(body)
			if err != nil {
				return fmt.Errorf("log in: %w", err)
			}
			token, found := member(reply, "refresh_token")
			if status != http.StatusOK || !found {
				return fmt.Errorf("log in: status %d: %.300s", status, reply)
			}
			h.mu.Lock()
			defer h.mu.Unlock()
			h.tokens = append(h.tokens, token)
			return nil
		}
	})
}

// argon hashes on n threads with the parameters of the server (OWASP's) and the library that it uses.
func argon(n int) (lanes []lane) {
	for range n {
		lanes = append(lanes, func() error {
			a, err := argon2.New(argon2.WithVariantID(), argon2.WithM(19456), argon2.WithT(2), argon2.WithP(1), argon2.WithK(32), argon2.WithS(16))
			if err == nil {
				_, err = a.Hash(password)
			}
			return err
		})
	}
	return lanes
}
