package frameworks

import (
	"fmt"
	"net/http"
	"time"

	"github.com/go-chi/chi/v5"

	"github.com/daypass/daypass/resource"
)

// Chi is the API on chi, whose middleware is that of net/http.
func Chi(protect *resource.Protector) http.Handler {
	r := chi.NewRouter()
	r.Get("/healthz", func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusNoContent) })
	r.Route("/orders", func(r chi.Router) {
		r.Use(protect.Require()) // whatever is added to this group is protected
		r.With(protect.Require("orders:read")).Get("/", func(w http.ResponseWriter, r *http.Request) {
			token, _ := resource.FromContext(r.Context()) // present: Require let the request pass
			_, _ = fmt.Fprintf(w, "orders of %s", token.Subject)
		})
		r.With(protect.RequireThat(resource.AllScopes("orders:write"), resource.MaxAge(5*time.Minute))).
			Post("/", func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusCreated) })
	})
	return r
}
