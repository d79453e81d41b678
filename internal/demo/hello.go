package demo

import (
	"net/http"
	"time"

	"github.com/daypass/daypass/internal/httpkit"
	"github.com/daypass/daypass/resource"
)

// greeting is what the protected API answers: what it learned from the access token, and nothing else.
type greeting struct {
	Message   string    `json:"message"`
	Subject   string    `json:"sub"`
	ClientID  string    `json:"client_id"`
	Scopes    []string  `json:"scopes"`
	ExpiresAt time.Time `json:"expires_at"` // of the access token
}

// API is the protected API of the demo, to be put behind resource.Protector. It asks no database itself: the token that
// let the request pass says all it needs. The Protector may ask one whether the token was revoked, as under dev.
func API() http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		token, ok := resource.FromContext(r.Context())
		if !ok { // mounted without its guard: refuse rather than greet a stranger
			httpkit.WriteProblem(w, r, httpkit.Problem{Code: httpkit.CodeUnauthenticated})
			return
		}
		httpkit.WriteJSON(w, http.StatusOK, greeting{
			Message: "Hello from the protected API.", Subject: token.Subject, ClientID: token.ClientID,
			Scopes: append([]string{}, token.Scopes...), ExpiresAt: token.Expires,
		})
	})
}
