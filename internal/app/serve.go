package app

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"sync"
	"time"

	"github.com/daypass/daypass/internal/config"
	"github.com/daypass/daypass/internal/httpkit"
)

const drain = 10 * time.Second

// Serve applies the declared users and clients and serves until ctx ends. dir, if any, is the data
// folder of the embedded default.
func Serve(ctx context.Context, c config.Config, dir string, log *slog.Logger) error {
	if err := claim(dir, markServe); err != nil {
		return err
	}
	a, err := Open(ctx, c, log)
	if err != nil {
		return err
	}
	err = a.declare(ctx)
	if err == nil {
		err = a.mount(nil)
	}
	if err == nil {
		err = a.serve(ctx, func() {})
	}
	return errors.Join(err, a.Close())
}

// Migrate brings the schema up to date and does nothing else.
func Migrate(ctx context.Context, c config.Config) error {
	e, err := openEngine(ctx, c.Database)
	if err != nil {
		return err
	}
	return errors.Join(e.db.Migrate(ctx), e.close())
}

// serve listens, runs the jobs and stops gracefully: readiness fails first, running requests finish.
func (a *App) serve(ctx context.Context, ready func()) error {
	listener, err := (&net.ListenConfig{}).Listen(ctx, "tcp", a.config.Listen)
	if err != nil {
		return fmt.Errorf("listen: %w", err)
	}
	server := httpkit.NewServer(a.handler, a.log)
	if a.config.TLS.CertFile != "" {
		pair, err := tls.LoadX509KeyPair(a.config.TLS.CertFile, a.config.TLS.KeyFile)
		if err != nil {
			return errors.Join(fmt.Errorf("tls: %w", err), listener.Close())
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
	go func() { //nolint:gosec // G118: ends with ctx
		<-ctx.Done()
		a.draining.Store(true)
	}()
	a.log.Info("listening", "address", listener.Addr().String(), "issuer", a.config.Issuer, "database", a.db.Engine())
	ready()
	err = httpkit.Serve(ctx, server, listener, drain)
	stop()
	running.Wait()
	a.log.Info("stopped")
	return err
}
