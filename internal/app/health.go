package app

import (
	"context"
	"net/http"
	"time"

	"github.com/daypass/daypass/internal/httpkit"
)

const (
	maxSkew      = 2 * time.Second
	readyTimeout = 3 * time.Second
)

// healthz tells that the process answers.
func healthz(w http.ResponseWriter, _ *http.Request) {
	httpkit.WriteJSON(w, http.StatusOK, map[string]string{"status": "ok"})
}

// readyz tells that this node can do its work: the database answers and agrees with its clock, without
// which replay windows and lifetimes would differ from node to node.
func (a *App) readyz(w http.ResponseWriter, r *http.Request) {
	ctx, cancel := context.WithTimeout(r.Context(), readyTimeout)
	defer cancel()
	checks := map[string]string{"database": "ok", "clock": "ok"}
	status := http.StatusOK
	if err := a.db.Ping(ctx); err != nil {
		checks["database"], status = "does not answer", http.StatusServiceUnavailable
		checks["clock"] = "unknown"
		httpkit.Annotate(r.Context(), "cause", err.Error())
	} else if skew, err := a.db.Skew(ctx, a.now); err != nil || skew.Abs() > maxSkew {
		checks["clock"], status = "differs from the database's by more than 2 s", http.StatusServiceUnavailable
		httpkit.Annotate(r.Context(), "skew", skew.String())
	}
	if a.draining.Load() {
		checks["server"], status = "stopping", http.StatusServiceUnavailable
	}
	httpkit.WriteJSON(w, status, checks)
}
