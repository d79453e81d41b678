// Command protect-api is the smallest API behind Daypass: one route that needs an access token.
//
// Start `go run ./cmd/daypass dev` first, then this, and call it with a token from /v1/login:
//
//	curl http://localhost:8081/hello -H "Authorization: Bearer $ACCESS"
package main

import (
	"fmt"
	"log"
	"net/http"
	"os"
	"time"

	"github.com/daypass/daypass/resource"
)

func main() {
	issuer := env("ISSUER", "http://localhost:8080")
	protect, err := resource.New(issuer, resource.Config{Audience: env("AUDIENCE", issuer+"/demo/api")})
	if err != nil {
		log.Fatal(err)
	}
	hello := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		token, _ := resource.FromContext(r.Context()) // present: Require let the request pass
		_, _ = fmt.Fprintf(w, "hello %s\n", token.Subject)
	})
	mux := http.NewServeMux()
	mux.Handle("GET /hello", protect.Require()(hello))
	server := &http.Server{Addr: env("LISTEN", "localhost:8081"), Handler: mux, ReadHeaderTimeout: 5 * time.Second}
	log.Fatal(server.ListenAndServe())
}

func env(name, otherwise string) string {
	if v := os.Getenv(name); v != "" {
		return v
	}
	return otherwise
}
