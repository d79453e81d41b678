// Command web-app-go is a web application that logs its users in through Daypass: docs/tutorials/web-app-go.md tells it
// step by step.
package main

import (
	"context"
	_ "embed"
	"html/template"
	"log"
	"net/http"
	"os"
	"strings"
	"time"

	"github.com/coreos/go-oidc/v3/oidc"
	"golang.org/x/oauth2"
)

//go:embed home.html
var homePage string

// app is the application and what it knows of the issuer.
type app struct {
	issuer     string
	address    string // of the application itself
	provider   *oidc.Provider
	endSession string // where the issuer logs users out
	oauth      oauth2.Config
	sessions   sessions
	home       *template.Template
}

func newApp(ctx context.Context, issuer, address, id, secret string) (*app, error) {
	provider, err := oidc.NewProvider(ctx, issuer) // reads /.well-known/openid-configuration
	if err != nil {
		return nil, err
	}
	var more struct {
		EndSession string `json:"end_session_endpoint"`
	}
	if err := provider.Claims(&more); err != nil {
		return nil, err
	}
	home, err := template.New("home").Parse(homePage)
	if err != nil {
		return nil, err
	}
	return &app{
		issuer: issuer, address: address, provider: provider, endSession: more.EndSession, home: home,
		oauth: oauth2.Config{
			ClientID: id, ClientSecret: secret, Endpoint: provider.Endpoint(),
			RedirectURL: address + "/callback", Scopes: []string{oidc.ScopeOpenID, "email"},
		},
	}, nil
}

func main() {
	listen := env("LISTEN", "localhost:8082")
	a, err := newApp(context.Background(), env("ISSUER", "http://localhost:8080"), env("ADDRESS", "http://"+listen),
		env("CLIENT_ID", "notes"), os.Getenv("CLIENT_SECRET"))
	if err != nil {
		log.Fatal(err)
	}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /{$}", a.showHome)
	mux.HandleFunc("GET /login", a.logIn)
	mux.HandleFunc("GET /callback", a.callback)
	mux.HandleFunc("POST /logout", a.logOut)
	guarded := http.NewCrossOriginProtection().Handler(mux) // no other site can post to /logout
	server := &http.Server{Addr: listen, Handler: guarded, ReadHeaderTimeout: 5 * time.Second}
	log.Printf("open %s", a.address)
	log.Fatal(server.ListenAndServe())
}

func (a *app) showHome(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Cache-Control", "no-store") // the page is of one user
	if err := a.home.Execute(w, a.sessions.of(r)); err != nil {
		log.Print(err)
	}
}

// cookie is one that no script and no other site can use.
func (a *app) cookie(name, value string, lasts time.Duration) *http.Cookie {
	return &http.Cookie{ //nolint:gosec // G124: Secure on https alone, since some browsers refuse it on http://localhost
		Name: name, Value: value, Path: "/", MaxAge: int(lasts.Seconds()), HttpOnly: true, SameSite: http.SameSiteLaxMode,
		Secure: strings.HasPrefix(a.address, "https://"),
	}
}

func env(name, otherwise string) string {
	if v := os.Getenv(name); v != "" {
		return v
	}
	return otherwise
}
