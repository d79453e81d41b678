package protocol

import (
	"net/http"

	"github.com/daypass/daypass/internal/httpkit"
)

// revoke is RFC 7009 §2. An unknown, dead or foreign token is answered like a good one.
func (p *Protocol) revoke(w http.ResponseWriter, r *http.Request) {
	c, token, err := tokenForm(r)
	if err != nil {
		writeError(w, r, err)
		return
	}
	if err := p.c.Desk.Revoke(r.Context(), c, token, caller(r)); err != nil {
		writeError(w, r, err)
		return
	}
	httpkit.NoStore(w.Header())
	w.WriteHeader(http.StatusOK)
}
