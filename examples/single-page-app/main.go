// Command single-page-app serves a page that logs its users in through Daypass all by itself:
// docs/tutorials/single-page-app.md tells it step by step. Any web server for files would do.
package main

import (
	"embed"
	"log"
	"net/http"
	"os"
	"time"
)

//go:embed index.html app.js oauth.js
var files embed.FS

func main() {
	issuer, listen := env("ISSUER", "http://localhost:8080"), env("LISTEN", "localhost:8083")
	static := http.FileServerFS(files)
	page := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		// Tokens are in this page: no script but ours runs in it, and it can talk to nobody but the issuer.
		w.Header().Set("Content-Security-Policy", "default-src 'none'; script-src 'self'; connect-src "+issuer+
			"; base-uri 'none'; form-action 'none'; frame-ancestors 'none'")
		w.Header().Set("Referrer-Policy", "no-referrer")
		w.Header().Set("X-Content-Type-Options", "nosniff")
		static.ServeHTTP(w, r)
	})
	server := &http.Server{Addr: listen, Handler: page, ReadHeaderTimeout: 5 * time.Second}
	log.Printf("open http://%s/", listen)
	log.Fatal(server.ListenAndServe())
}

func env(name, otherwise string) string {
	if v := os.Getenv(name); v != "" {
		return v
	}
	return otherwise
}
