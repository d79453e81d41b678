package resource_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"

	"github.com/daypass/daypass/resource"
	"github.com/daypass/daypass/resource/resourcetest"
)

func Example() {
	// In production this is your Daypass server: resource.New("https://id.example.com", …).
	issuer := resourcetest.NewIssuer()
	defer issuer.Close()

	protect, err := resource.New(issuer.URL(), issuer.Config())
	if err != nil {
		panic(err)
	}
	mux := http.NewServeMux()
	mux.Handle("GET /orders", protect.Require("orders:read")(http.HandlerFunc(
		func(w http.ResponseWriter, r *http.Request) {
			token, _ := resource.FromContext(r.Context())
			fmt.Fprintf(w, "orders of %s, asked for by %s", token.Subject, token.ClientID)
		})))

	get := func(token string) {
		r := httptest.NewRequest(http.MethodGet, "/orders", nil)
		if token != "" {
			r.Header.Set("Authorization", "Bearer "+token)
		}
		w := httptest.NewRecorder()
		mux.ServeHTTP(w, r)
		fmt.Println(w.Code, strings.TrimSpace(w.Body.String()))
		if challenge := w.Header().Get("WWW-Authenticate"); challenge != "" {
			fmt.Println(challenge)
		}
	}
	get(issuer.Token(map[string]any{"scope": "orders:read"}))
	get("")

	// Output:
	// 200 orders of user-1, asked for by app-1
	// 401 Unauthorized
	// Bearer realm="https://api.example.test"
}
