package app

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"net/http"
	"net/netip"
	"os"
	"path/filepath"
	"strings"

	"github.com/daypass/daypass/internal/auth"
	"github.com/daypass/daypass/internal/config"
	"github.com/daypass/daypass/internal/httpkit"
	"github.com/daypass/daypass/internal/secret"
	"github.com/daypass/daypass/oauth"
)

// What `daypass dev` prepares. All of it is printed and the folder is refused by `serve`.
const (
	demoEmail    = "demo@example.com"
	demoPassword = "correct horse battery staple" // published on purpose, for dev alone
	demoApp      = "demo-app"
	demoService  = "demo-service"
	demoSecret   = "demo-service.secret" // a file in the data folder
	demoAPIPath  = "/demo/api"
)

// DevConfig adds what dev serves beside the configuration: the demo API is a first-party resource, and mail is printed to
// the log unless a server for it is set.
func DevConfig(c config.Config) config.Config {
	c.PrintMail = true
	c.FirstPartyResources = append([]string{c.Issuer + demoAPIPath}, c.FirstPartyResources...)
	return c
}

// Dev prepares a data folder with the demo's user and clients, serves everything until ctx ends and
// tells on out how to use it.
func Dev(ctx context.Context, c config.Config, dir string, log *slog.Logger, out io.Writer) error {
	on, err := listen(ctx, c)
	if err != nil {
		return err
	}
	defer on.close() // no effect once served
	if err := claim(dir, markDev); err != nil {
		return err
	}
	if strings.HasSuffix(c.Issuer, ":0") { // any free port: the issuer is the one that was got
		c.Issuer = config.LocalIssuer(on.main.Addr().String())
	}
	a, err := Open(ctx, DevConfig(c), log, ForServe)
	if err != nil {
		return err
	}
	err = a.dev(ctx, on, dir, out)
	return errors.Join(err, a.Close())
}

func (a *App) dev(ctx context.Context, on ports, dir string, out io.Writer) error {
	if err := a.markDatabase(ctx, markDev); err != nil {
		return err
	}
	password, err := a.seed(ctx, dir)
	if err != nil {
		return err
	}
	if err := a.declare(ctx); err != nil {
		return err
	}
	if err := a.mountDev(); err != nil {
		return err
	}
	return a.serve(ctx, on, func() { a.banner(out, password) })
}

// seed makes what the tour of the README uses and returns the secret of demo-service.
func (a *App) seed(ctx context.Context, dir string) (secret.Token, error) {
	if _, err := a.addUser(ctx, demoEmail, secret.FromString(demoPassword), []string{"demo"}); err != nil {
		return secret.Token{}, fmt.Errorf("demo user: %w", err)
	}
	password, err := stableSecret(filepath.Join(dir, demoSecret))
	if err != nil {
		return secret.Token{}, fmt.Errorf("demo client: %w", err)
	}
	demoAPI := a.config.Issuer + demoAPIPath
	for _, c := range []auth.Client{
		{
			ID: demoApp, Name: "Demo application", Public: true, Grants: []oauth.GrantType{oauth.GrantAuthorizationCode, oauth.GrantRefreshToken},
			RedirectURIs: []string{"http://127.0.0.1/callback"}, Scopes: []string{"openid", "profile", "email", "offline_access"}, Resources: []string{demoAPI},
		},
		{
			ID: demoService, Name: "Demo service", Grants: []oauth.GrantType{oauth.GrantClientCredentials, oauth.GrantRefreshToken},
			SecretHashes: [][32]byte{password.Hash()}, Scopes: []string{"hello"}, Resources: []string{demoAPI},
		},
	} {
		c.CreatedAt = a.now()
		if err := a.upsertClient(ctx, c); err != nil {
			return secret.Token{}, err
		}
	}
	return password, nil
}

// stableSecret keeps a secret in a file, so that what was printed yesterday still works.
func stableSecret(path string) (secret.Token, error) {
	raw, err := os.ReadFile(path) //nolint:gosec // G304: in the data folder
	if errors.Is(err, fs.ErrNotExist) {
		fresh := secret.FromString("dps_" + secret.RandomToken(32).Reveal())
		return fresh, writeOnce(path, fresh)
	}
	if err != nil {
		return secret.Token{}, err
	}
	return secret.FromString(strings.TrimSpace(string(raw))), nil
}

func (a *App) banner(out io.Writer, password secret.Token) {
	_, _ = fmt.Fprintf(out, `
  Daypass is running for development.

    Open            %[1]s/demo
    Log in as       %[2]s
    Password        %[3]s

    Public client   %[4]s
    Service client  %[5]s
    Its secret      %[6]s
    Demo API        %[1]s/demo/api/hello

  Stop with Ctrl-C. The data stays in the data folder.

`, a.config.Issuer, demoEmail, demoPassword, demoApp, demoService, password.Reveal())
}

// local refuses whoever is not on this machine, whatever the address listened on: dev publishes the password
// of its demo user.
func local(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if peer, err := netip.ParseAddrPort(r.RemoteAddr); err != nil || !peer.Addr().Unmap().IsLoopback() {
			httpkit.WriteProblem(w, r, httpkit.Problem{
				Code: httpkit.CodeInvalidRequest, Status: http.StatusForbidden,
				Detail: "daypass dev answers this machine alone. Use daypass serve for others.",
			})
			return
		}
		next.ServeHTTP(w, r)
	})
}

// claim makes the data folder and marks it.
func claim(dir, kind string) error {
	if dir == "" {
		return nil // an explicit database and master key file: no folder of ours
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return fmt.Errorf("data folder: %w", err)
	}
	return mark(dir, kind)
}
