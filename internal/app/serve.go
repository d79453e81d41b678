package app

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"os"
	"runtime/debug"
	"sync"
	"time"

	"github.com/daypass/daypass/internal/config"
	"github.com/daypass/daypass/internal/httpkit"
)

const (
	drain = 10 * time.Second
	// memoryGoal makes the collector work harder instead of growing, while passwords are hashed at 19 MiB each.
	memoryGoal = 256 << 20
)

// Serve applies the declared users and clients and serves until ctx ends. dir, if any, is the data
// folder of the embedded default.
func Serve(ctx context.Context, c config.Config, dir string, log *slog.Logger) error {
	if err := claim(dir, markServe); err != nil {
		return err
	}
	listener, err := listen(ctx, c)
	if err != nil {
		return err
	}
	defer func() { _ = listener.Close() }() // no effect once served
	a, err := Open(ctx, c, log)
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
		err = a.serve(ctx, listener, func() {})
	}
	return errors.Join(err, a.Close())
}

// listen takes the port before anything else is touched, so that a second start changes nothing.
func listen(ctx context.Context, c config.Config) (net.Listener, error) {
	listener, err := (&net.ListenConfig{}).Listen(ctx, "tcp", c.Listen)
	if err != nil {
		return nil, fmt.Errorf("listen: %w (another address: --listen HOST:PORT)", err)
	}
	return listener, nil
}

// Migrate brings the schema up to date and does nothing else.
func Migrate(ctx context.Context, c config.Config) error {
	e, err := openEngine(ctx, c.Database)
	if err != nil {
		return err
	}
	return errors.Join(e.db.Migrate(ctx), e.close())
}

// serve answers on listener, runs the jobs and stops gracefully: readiness fails first, running requests finish.
func (a *App) serve(ctx context.Context, listener net.Listener, ready func()) error {
	if os.Getenv("GOMEMLIMIT") == "" {
		debug.SetMemoryLimit(memoryGoal)
	}
	server := httpkit.NewServer(a.handler, a.log)
	if a.config.TLS.CertFile != "" {
		pair, err := tls.LoadX509KeyPair(a.config.TLS.CertFile, a.config.TLS.KeyFile)
		if err != nil {
			return fmt.Errorf("tls: %w", err)
		}
		server.TLSConfig.Certificates = []tls.Certificate{pair}
	}
	var running sync.WaitGroup
	jobs, stop := context.WithCancel(context.WithoutCancel(ctx))
	for _, job := range []func(context.Context){
		a.follow, a.sweep,
		func(ctx context.Context) { _ = a.accounts.Run(ctx) }, // it always returns nil
	} {
		running.Go(func() { job(jobs) })
	}
	go func() { // ends with ctx
		<-ctx.Done()
		a.draining.Store(true)
	}()
	a.log.Info("listening", "address", listener.Addr().String(), "issuer", a.config.Issuer, "database", a.db.Engine())
	ready()
	err := httpkit.Serve(ctx, server, listener, drain)
	stop()
	running.Wait()
	a.log.Info("stopped")
	return err
}
