// Command native-app is a command-line program that logs its user in through Daypass, in the user's own browser (RFC 8252):
// docs/tutorials/native-app.md tells it step by step.
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"

	"github.com/coreos/go-oidc/v3/oidc"
	"golang.org/x/oauth2"
)

// tool is the program and what it knows of the issuer.
type tool struct {
	issuer   string
	provider *oidc.Provider
	oauth    oauth2.Config
	revoke   string // where the issuer takes tokens back
}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	err := run(ctx, os.Args[1:])
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "notes:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, args []string) error {
	if len(args) != 1 {
		return errors.New("say login, whoami or logout")
	}
	t, err := newTool(ctx, env("ISSUER", "http://localhost:8080"), env("CLIENT_ID", "notes-cli"))
	if err != nil {
		return err
	}
	switch args[0] {
	case "login":
		return t.logIn(ctx)
	case "whoami":
		return t.whoAmI(ctx)
	case "logout":
		return t.logOut(ctx)
	}
	return fmt.Errorf("%q is unknown: say login, whoami or logout", args[0])
}

func newTool(ctx context.Context, issuer, id string) (*tool, error) {
	provider, err := oidc.NewProvider(ctx, issuer) // reads /.well-known/openid-configuration
	if err != nil {
		return nil, err
	}
	var more struct {
		Revocation string `json:"revocation_endpoint"`
	}
	if err := provider.Claims(&more); err != nil {
		return nil, err
	}
	t := &tool{issuer: issuer, provider: provider, revoke: more.Revocation}
	t.oauth = oauth2.Config{ClientID: id, Endpoint: provider.Endpoint(), Scopes: []string{oidc.ScopeOpenID, "email", oidc.ScopeOfflineAccess}}
	t.oauth.Endpoint.AuthStyle = oauth2.AuthStyleInParams // a public client has an id and no secret
	return t, nil
}

func env(name, otherwise string) string {
	if v := os.Getenv(name); v != "" {
		return v
	}
	return otherwise
}
