package app

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"sync"
	"sync/atomic"
	"time"

	"github.com/daypass/daypass/internal/accounts"
	"github.com/daypass/daypass/internal/admin"
	"github.com/daypass/daypass/internal/auth"
	"github.com/daypass/daypass/internal/authorize"
	"github.com/daypass/daypass/internal/clients"
	"github.com/daypass/daypass/internal/config"
	"github.com/daypass/daypass/internal/exchange"
	"github.com/daypass/daypass/internal/grants"
	"github.com/daypass/daypass/internal/jose"
	"github.com/daypass/daypass/internal/keys"
	"github.com/daypass/daypass/internal/login"
	"github.com/daypass/daypass/internal/outbound"
	"github.com/daypass/daypass/internal/outbox"
	"github.com/daypass/daypass/internal/store"
	"github.com/daypass/daypass/internal/telemetry"
	"github.com/daypass/daypass/oauth"
)

// App is everything, built once.
type App struct {
	// Admin is what the commands and the console do.
	Admin *admin.Service

	config     config.Config
	log        *slog.Logger
	now        func() time.Time
	db         *store.DB
	engine     engine
	ring       *keys.Ring
	grants     *grants.Service
	clients    *clients.Service
	resources  *clients.Resources
	origins    *clients.Origins
	accounts   *accounts.Service
	pipeline   *exchange.Pipeline
	principals *login.Principals
	authorize  *authorize.Service
	outbound   *outbound.Client
	outbox     *outbox.Outbox
	metrics    *telemetry.Metrics // nil without metrics.listen
	handler    http.Handler
	draining   atomic.Bool

	stop    context.CancelFunc // of what Open started
	running sync.WaitGroup
}

// Purpose says what an App is opened for, and with it what opening may change.
type Purpose int

const (
	// ForLook works on what is there: opening changes nothing, neither schema nor keys.
	ForLook Purpose = iota
	// ForCreate may be the first to use a database.
	ForCreate
	// ForServe serves.
	ForServe
)

// errSchema tells that a command met a database older than itself.
var errSchema = errors.New("the schema of this database is older than this program: run `daypass migrate`, or start the server, which does it")

// Open opens the database, loads the keys and builds the use cases; the purpose says what it may make. It
// starts the database's writer, which Close stops; nothing is served yet.
func Open(ctx context.Context, c config.Config, log *slog.Logger, why Purpose) (*App, error) {
	e, err := openEngine(ctx, c.Database, why)
	if err != nil {
		return nil, err
	}
	background, stop := context.WithCancel(context.WithoutCancel(ctx))
	a := &App{config: c, log: log, now: wallClock, db: e.db, engine: e, stop: stop}
	if c.Metrics.Listen != "" {
		a.metrics = telemetry.NewMetrics()
	}
	if err := a.open(ctx, background, why); err != nil {
		return nil, errors.Join(err, a.Close())
	}
	return a, nil
}

// wallClock is the one place where the time comes from; cut to what the store keeps.
func wallClock() time.Time { return time.Now().UTC().Truncate(time.Millisecond) }

func (a *App) open(ctx, background context.Context, why Purpose) error {
	if why != ForLook {
		if err := a.db.Migrate(ctx); err != nil {
			return err
		}
	} else if current, err := a.db.Migrated(ctx); err != nil || !current {
		return errors.Join(err, errSchema)
	}
	if a.engine.run != nil {
		a.running.Go(func() {
			if err := a.engine.run(background); err != nil {
				a.log.Error("the database's writer stopped", "error", err)
			}
		})
	}
	masters, err := loadMasters(ctx, a.config, a.db, why)
	if err != nil {
		return err
	}
	if err := a.recallIssuer(ctx); err != nil {
		return err
	}
	if err := a.build(masters); err != nil {
		return err
	}
	if err := errors.Join(a.ring.Load(ctx), a.resources.Load(ctx), a.origins.Load(ctx)); err != nil || why == ForLook {
		return err
	}
	// What was sealed before has opened, so the keys are right.
	if err := a.ring.Ensure(ctx); err != nil {
		return err
	}
	return masters.Register(ctx, a.db)
}

const issuerSetting = "issuer"

// recallIssuer finds the issuer for a command that was not told one: the server's last one. Without it
// no access token could be recognised as our own.
func (a *App) recallIssuer(ctx context.Context) error {
	if a.config.Issuer != "" {
		return nil
	}
	a.config.Issuer = "urn:daypass:not-served-yet"
	err := a.db.View(ctx, func(tx *store.Tx) error {
		v, err := tx.Settings.Get(ctx, issuerSetting)
		if err == nil {
			a.config.Issuer = string(v)
		}
		return err
	})
	if errors.Is(err, auth.ErrNotFound) {
		return nil
	}
	return err
}

// Close stops what Open started and closes the database.
func (a *App) Close() error {
	a.stop()
	a.running.Wait()
	return a.engine.close()
}

func (a *App) rules(masters *keys.Masters) auth.RefreshRules {
	c := a.config
	return auth.RefreshRules{
		Window: c.Refresh.ReplayWindow, Idle: c.Refresh.Idle, SessionIdle: c.Session.Idle,
		Key: masters.Active(), RevokeFor: auth.MaxAccessLifetime + auth.RevocationSlack, // whatever the lifetime was when a token was made
	}
}

// build makes the use cases, lower floors first.
func (a *App) build(masters *keys.Masters) (err error) {
	c, rules := a.config, a.rules(masters)
	a.ring, err = keys.NewRing(keys.RingConfig{
		DB: a.db, Masters: masters, Issuer: a.config.Issuer, Algorithm: jose.Algorithm(c.AccessToken.Algorithm), Now: a.now,
	})
	if err != nil {
		return err
	}
	if a.outbound, err = outbound.New(outbound.Config{Allow: c.Outbound.Allow, CAFile: c.Outbound.CAFile, Loopback: c.PlainHTTP()}); err != nil {
		return err
	}
	a.clients = clients.New(a.db, clients.Proof{Issuer: c.Issuer, TokenEndpoint: c.Issuer + "/oauth/token", Documents: a.outbound, Now: a.now})
	a.resources, a.origins = clients.NewResources(a.db), clients.NewOrigins(a.db)
	if a.grants, err = grants.New(grants.Config{DB: a.db, Keys: masters, Rules: rules, Lifetime: c.Refresh.Absolute, Now: a.now}); err != nil {
		return err
	}
	a.accounts, err = accounts.New(accounts.Needs{
		DB: a.db, Now: a.now, Rules: rules, SessionLife: c.Session.Absolute, MinPassword: c.Password.MinLength, Common: c.Password.Blocklist,
		Keys: masters, SessionsPerUser: c.Session.MaxPerUser, Site: a.site(), SignUp: accounts.SignUpMode(c.SignUp),
	})
	if err != nil {
		return err
	}
	if err := a.buildOutbox(masters); err != nil {
		return err
	}
	if a.metrics != nil {
		a.metrics.HashQueue(a.accounts.HashQueue)
	}
	a.pipeline, err = exchange.New(exchange.Config{
		Clients: a.clients, Resources: a.resources, Guesses: a.accounts, Keys: a.ring, Lifetime: c.AccessToken.Lifetime, Fallback: a.config.Issuer + "/oauth/userinfo", Now: a.now,
		Hooks: map[oauth.GrantType]exchange.Hook{
			oauth.GrantAuthorizationCode: exchange.CodeHook{Grants: a.grants},
			oauth.GrantRefreshToken:      exchange.RefreshHook{Grants: a.grants},
			oauth.GrantClientCredentials: exchange.ClientCredentialsHook{},
			auth.GrantLogin:              a.counted(login.Hook{Accounts: a.accounts, Grants: a.grants}),
		},
	})
	if err != nil {
		return err
	}
	a.principals, err = login.NewPrincipals(login.Needs{
		DB: a.db, Accounts: a.accounts, Verifier: a.ring, Inspector: a.grants, SessionIdle: c.Session.Idle, Now: a.now,
		Audience: a.firstPartyAudience(),
	})
	if err != nil {
		return err
	}
	a.authorize, err = authorize.New(authorize.Needs{
		Issuer: a.config.Issuer, DB: a.db, Clients: a.clients, Keys: a.ring, Sealing: masters, Now: a.now,
		RequirePushed: c.PushedRequests == "required", CodeLife: c.CodeLifetime,
		Resources: a.resources,
	})
	if err != nil {
		return err
	}
	a.Admin, err = admin.New(admin.Needs{DB: a.db, Hash: a.accounts, Access: a.ring, Keys: a.ring, Tags: masters, Rules: rules, Now: a.now})
	return err
}

// firstPartyAudience names this server's own API in aud.
func (a *App) firstPartyAudience() string { return a.config.Issuer + "/v1" }

// ensureFirstParty keeps the built-in client as the configuration says: every first-party token is good
// at /v1 and at the resources called first-party. Whoever serves calls it, a command never.
func (a *App) ensureFirstParty(ctx context.Context) error {
	err := a.db.Update(ctx, func(tx *store.Tx) error { return tx.Settings.Set(ctx, issuerSetting, []byte(a.config.Issuer)) })
	if err != nil {
		return err
	}
	want := auth.Client{
		ID: auth.FirstPartyClient, Name: "Daypass", Public: true, FirstParty: true,
		Grants: []oauth.GrantType{oauth.GrantRefreshToken}, Scopes: []string{"openid", "profile", "email"},
		Resources: append([]string{a.firstPartyAudience()}, a.config.FirstParty()...), CreatedAt: a.now(),
	}
	return a.upsertClient(ctx, want)
}

const byConfiguration = "as the configuration says"

// upsertClient writes a client when it is missing or differs, so that a start changes nothing twice.
func (a *App) upsertClient(ctx context.Context, want auth.Client) error {
	err := a.db.Update(ctx, func(tx *store.Tx) error {
		have, err := tx.Clients.Find(ctx, want.ID)
		if errors.Is(err, auth.ErrNotFound) {
			// Above every epoch of a deleted client of the same id (see admin.CreateClient).
			want.Epoch = want.CreatedAt.UnixMilli()
			if _, err = tx.Clients.Insert(ctx, want); err != nil {
				return err
			}
			return tx.Events.Insert(ctx, auth.Event{At: a.now(), Kind: auth.EventClientCreated, ClientID: want.ID, Detail: byConfiguration})
		}
		if err != nil {
			return err
		}
		want.Epoch, want.CreatedAt, want.DisabledAt = have.Epoch, have.CreatedAt, have.DisabledAt
		if sameClient(have, want) {
			return nil
		}
		if _, err = tx.Clients.Update(ctx, want); err != nil {
			return err
		}
		return tx.Events.Insert(ctx, auth.Event{At: a.now(), Kind: auth.EventClientUpdated, ClientID: want.ID, Detail: byConfiguration})
	})
	if err != nil {
		return fmt.Errorf("client %s: %w", want.ID, err)
	}
	return nil
}
