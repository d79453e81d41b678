package main

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"path/filepath"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/stdlib"
	_ "modernc.org/sqlite" // the driver "sqlite"

	"github.com/daypass/daypass/internal/auth"
	"github.com/daypass/daypass/internal/store/storetest"
)

const (
	sqliteEngine   = "sqlite"
	postgresEngine = "postgres"
	// poolSize is the server's own (internal/store/postgres), so that the bare UPDATE meets the database with as many sessions.
	poolSize = 16
)

// ground is one engine with a server on it.
type ground struct {
	engine string
	in     *installation
	server *running
	owner  *sql.DB           // the database as its owner sees it
	pg     *storetest.Server // nil on SQLite
	dsn    string
	tokens []string  // current refresh tokens of the grants that are driven
	ids    []auth.ID // of the made ones among them
	real   int       // how many of the last tokens are from log-ins
	filled int64     // rows that fill has made
}

// open installs a server on the engine and starts it.
func open(ctx context.Context, binary, dir, engine string) (_ *ground, err error) {
	g := &ground{engine: engine}
	defer func() {
		if err != nil {
			err = errors.Join(err, g.close())
		}
	}()
	database := sqliteEngine + ":" + filepath.Join(dir, "daypass.db")
	g.dsn = "file:" + filepath.Join(dir, "daypass.db") +
		"?_pragma=busy_timeout(10000)&_pragma=journal_mode(WAL)&_pragma=synchronous(FULL)&_pragma=wal_autocheckpoint(10000)&_pragma=cache_size(-16000)"
	if engine == postgresEngine {
		// PostgreSQL's own defaults but for the memory, which every installation sets, and room for a long run's log.
		g.pg, err = storetest.StartServer(storetest.Setting("shared_buffers", "1GB"), storetest.Setting("max_wal_size", "4GB"))
		if err != nil {
			return nil, err
		}
		if g.dsn, err = g.pg.Database(); err != nil {
			return nil, err
		}
		database = g.dsn
	}
	if g.in, err = install(binary, dir, database); err != nil {
		return nil, err
	}
	if g.server, err = g.in.serve(ctx); err != nil {
		return nil, err
	}
	g.owner, err = g.connect(false)
	return g, err
}

// connect opens the database through the driver that the server uses; relaxed is how it commits a rotation.
func (g *ground) connect(relaxed bool) (*sql.DB, error) {
	if g.pg == nil {
		db, err := sql.Open("sqlite", g.dsn)
		if err != nil {
			return nil, fmt.Errorf("open the database: %w", err)
		}
		db.SetMaxOpenConns(1) // one writer; more would only wait for each other
		return db, nil
	}
	c, err := pgx.ParseConfig(g.dsn)
	if err != nil {
		return nil, fmt.Errorf("open the database: %w", err)
	}
	if relaxed {
		c.RuntimeParams["synchronous_commit"] = "off"
	}
	db := stdlib.OpenDB(*c)
	db.SetMaxOpenConns(poolSize)
	db.SetMaxIdleConns(poolSize)
	return db, nil
}

// watch names the processes whose time a refresh takes.
func (g *ground) watch() watched {
	w := watched{server: g.server.pid}
	if g.pg != nil {
		w.database = g.pg.PID()
	}
	return w
}

// restart stops the server and starts it again on the same data.
func (g *ground) restart(ctx context.Context) (err error) {
	if err = g.server.stop(); err == nil {
		g.server, err = g.in.serve(ctx)
	}
	return err
}

// number asks the database for one number.
func (g *ground) number(ctx context.Context, query string, args ...any) (n float64, err error) {
	if err = g.owner.QueryRowContext(ctx, query, args...).Scan(&n); err != nil {
		err = fmt.Errorf("%s: %w", query, err)
	}
	return n, err
}

func (g *ground) close() error {
	var errs []error
	if g.owner != nil {
		errs = append(errs, g.owner.Close())
	}
	if g.server != nil {
		errs = append(errs, g.server.stop())
	}
	if g.pg != nil {
		errs = append(errs, g.pg.Close())
	}
	return errors.Join(errs...)
}
