package app

import (
	"context"
	"errors"
	"net"
	"time"

	"github.com/daypass/daypass/internal/auth"
	"github.com/daypass/daypass/internal/exchange"
	"github.com/daypass/daypass/internal/httpkit"
	"github.com/daypass/daypass/internal/telemetry"
)

// metricsDrain is short: whoever misses a scrape asks again.
const metricsDrain = 2 * time.Second

// observer is what the wrapper around all requests tells; nil counts nothing.
func (a *App) observer() func(httpkit.Observation) {
	if a.metrics == nil {
		return nil
	}
	return a.metrics.Request
}

// counted is the log-in's hook, counted when there is somebody to count for.
func (a *App) counted(hook exchange.Hook) exchange.Hook {
	if a.metrics == nil {
		return hook
	}
	return countedLogIn{hook, a.metrics}
}

// countedLogIn counts how log-ins end, whichever door they come through: the page, the JSON API or a sign-up.
type countedLogIn struct {
	hook    exchange.Hook
	metrics *telemetry.Metrics
}

var _ exchange.Hook = countedLogIn{}

func (l countedLogIn) Redeem(ctx context.Context, client auth.Client, ask auth.Ask) (auth.Granted, error) {
	granted, err := l.hook.Redeem(ctx, client, ask)
	switch {
	case err == nil:
		l.metrics.LogIn(telemetry.LogInOK)
	case errors.Is(err, auth.ErrCredentials):
		l.metrics.LogIn(telemetry.LogInRefused)
	case errors.Is(err, auth.ErrBusy):
		l.metrics.LogIn(telemetry.LogInBusy)
	default:
		l.metrics.LogIn(telemetry.LogInFailed)
	}
	return granted, err
}

// serveMetrics answers /metrics until ctx ends. A fault of it is logged and stops nothing else.
func (a *App) serveMetrics(ctx context.Context, listener net.Listener) {
	a.log.Info("listening for /metrics", "address", listener.Addr().String())
	if err := httpkit.Serve(ctx, httpkit.NewServer(a.metrics.Handler(), a.log), listener, metricsDrain); err != nil {
		a.log.Error("the metrics listener stopped", "error", err)
	}
}
