package app

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"os"
	"runtime"
	"runtime/debug"
	"sync"
	"time"

	"github.com/daypass/daypass/internal/config"
	"github.com/daypass/daypass/internal/httpkit"
	"github.com/daypass/daypass/internal/store"
)

const (
	drain = 10 * time.Second
	// memoryGoal makes the collector work harder instead of growing, while passwords are hashed at 19 MiB each.
	memoryGoal = 256 << 20
	// gcPercent lets the heap grow to five times what is alive before it is collected. A server holds a few MiB, so that Go's
	// own 100 would collect every hundred refreshes and spend a quarter of their processor time on it; memoryGoal bounds it.
	gcPercent = 400
)

// Serve applies the declared users and clients and serves until ctx ends. dir, if any, is the data
// folder of the embedded default.
func Serve(ctx context.Context, c config.Config, dir string, log *slog.Logger) error {
	on, err := listen(ctx, c)
	if err != nil {
		return err
	}
	defer on.close() // no effect once served
	if err := claim(dir, markServe); err != nil {
		return err
	}
	a, err := openPatiently(ctx, c, log)
	if err != nil {
		return err
	}
	if err = a.markDatabase(ctx, markServe); err == nil {
		err = a.declare(ctx)
	}
	if err == nil {
		err = a.mount(nil)
	}
	if err == nil {
		err = a.serve(ctx, on, func() {})
	}
	return errors.Join(err, a.Close())
}

const (
	// databasePatience is how long a start waits for a database that does not answer: one that starts beside it, or is
	// recovering from the same power cut, takes some seconds, and not everybody has a supervisor that tries again.
	databasePatience = time.Minute
	databaseGap      = 250 * time.Millisecond
)

// openPatiently is Open that waits for a database elsewhere. What else is wrong is told at once.
func openPatiently(ctx context.Context, c config.Config, log *slog.Logger) (*App, error) {
	for until := time.Now().Add(databasePatience); ; {
		a, err := Open(ctx, c, log, ForServe)
		if !errors.Is(err, store.ErrUnavailable) || c.Database.IsSQLite() || time.Now().After(until) {
			return a, err
		}
		log.Warn("the database does not answer; waiting for it", "error", err)
		select {
		case <-ctx.Done():
			return nil, err
		case <-time.After(databaseGap):
		}
	}
}

// ports are what one process listens on; metrics is nil without metrics.listen.
type ports struct{ main, metrics net.Listener }

func (p ports) close() {
	_ = p.main.Close()
	if p.metrics != nil {
		_ = p.metrics.Close()
	}
}

// listen takes the ports before anything else is touched, so that a second start changes nothing.
func listen(ctx context.Context, c config.Config) (on ports, err error) {
	if on.main, err = (&net.ListenConfig{}).Listen(ctx, "tcp", c.Listen); err != nil {
		return ports{}, fmt.Errorf("listen: %w (another address: --listen HOST:PORT)", err)
	}
	if c.Metrics.Listen == "" {
		return on, nil
	}
	if on.metrics, err = (&net.ListenConfig{}).Listen(ctx, "tcp", c.Metrics.Listen); err != nil {
		_ = on.main.Close()
		return ports{}, fmt.Errorf("metrics.listen: %w", err)
	}
	return on, nil
}

// Migrate brings the schema up to date and, for a SQLite file without one, makes the master key; the other
// commands then work before the first start.
func Migrate(ctx context.Context, c config.Config) error {
	e, err := openEngine(ctx, c.Database, ForCreate)
	if err != nil {
		return err
	}
	err = e.db.Migrate(ctx)
	if _, missing := os.Stat(c.MasterKeyFile); err == nil && c.Database.IsSQLite() && errors.Is(missing, os.ErrNotExist) {
		_, err = firstMaster(ctx, c, e.db)
	}
	return errors.Join(err, e.close())
}

// serve answers on its ports, runs the jobs and stops gracefully: readiness fails first, running requests finish.
func (a *App) serve(ctx context.Context, on ports, ready func()) error {
	limitMemory()
	defer spareThreads()()
	server := httpkit.NewServer(a.handler, a.log)
	var pair *certificate
	if a.config.TLS.CertFile != "" {
		var err error
		if pair, err = loadCertificate(a.config.TLS.CertFile, a.config.TLS.KeyFile, a.log); err != nil {
			return err
		}
		server.TLSConfig.GetCertificate = pair.get
	}
	var running sync.WaitGroup
	jobs, stop := context.WithCancel(context.WithoutCancel(ctx))
	all := []func(context.Context){
		a.follow, a.sweep,
		func(ctx context.Context) { _ = a.accounts.Run(ctx) }, // it always returns nil
	}
	all = append(all, a.outbox.Run)
	if pair != nil {
		all = append(all, pair.watch)
	}
	for _, job := range all {
		running.Go(func() { job(jobs) })
	}
	if on.metrics != nil { // ends with the jobs, after the last request
		running.Go(func() { a.serveMetrics(jobs, on.metrics) })
	}
	go func() { // ends with ctx
		<-ctx.Done()
		a.draining.Store(true)
	}()
	a.log.Info("listening", "address", on.main.Addr().String(), "issuer", a.config.Issuer, "database", a.db.Engine())
	ready()
	err := httpkit.Serve(ctx, server, on.main, drain)
	stop()
	running.Wait()
	a.log.Info("stopped")
	return err
}

// limitMemory sets how much memory is traded for processor time, unless the operator has.
func limitMemory() {
	if os.Getenv("GOMEMLIMIT") == "" {
		debug.SetMemoryLimit(memoryGoal)
	}
	if os.Getenv("GOGC") == "" {
		debug.SetGCPercent(gcPercent)
	}
}

// spareThreads lets twice as many threads run Go as there are cores. Passwords are hashed on as many at once as cores, in
// stretches that give way only every 10 ms; with no thread to spare every other request would wait that long at each of
// its steps. So the system's scheduler shares the cores, which lets in at once who has slept. The function returned undoes
// it.
func spareThreads() (undo func()) {
	if os.Getenv("GOMAXPROCS") != "" {
		return func() {}
	}
	cores := runtime.GOMAXPROCS(0)
	runtime.GOMAXPROCS(2 * cores)
	return func() { runtime.GOMAXPROCS(cores) }
}
