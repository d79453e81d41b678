package app

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/daypass/daypass/internal/config"
	"github.com/daypass/daypass/internal/store"
	"github.com/daypass/daypass/internal/store/postgres"
	"github.com/daypass/daypass/internal/store/sqlite"
)

// engine is an open database with what it needs to run and to be closed.
type engine struct {
	db    *store.DB
	run   func(context.Context) error // nil: nothing to run
	close func() error
}

func openEngine(ctx context.Context, c config.Database, why Purpose) (engine, error) {
	if !c.IsSQLite() {
		e, err := postgres.Open(ctx, c.URL.Reveal())
		if err != nil {
			return engine{}, err
		}
		return engine{db: store.New(e), close: e.Close}, nil
	}
	if _, err := os.Stat(c.Path); why == ForLook && err != nil {
		return engine{}, fmt.Errorf("no database at %s: start the server or create a user first: %w", c.Path, err)
	}
	if dir := filepath.Dir(c.Path); dir != "." {
		if err := os.MkdirAll(dir, 0o700); err != nil {
			return engine{}, fmt.Errorf("data folder: %w", err)
		}
	}
	if err := private(c.Path); err != nil {
		return engine{}, err
	}
	e, err := sqlite.Open(ctx, c.Path)
	if err != nil {
		return engine{}, err
	}
	return engine{db: store.New(e), run: e.Run, close: e.Close}, nil
}

// private makes the database file before SQLite would, so that nobody else can read it.
func private(path string) error {
	f, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR, 0o600) //nolint:gosec // G304: the operator's own path
	if err != nil {
		return fmt.Errorf("database file: %w", err)
	}
	return f.Close()
}

// The two kinds of installation. Dev's holds published credentials, so serving it to the world would hand
// out accounts. The database is marked, and the data folder too, so that the refusal comes before the
// other verb's keys are touched.
const (
	markFile    = "daypass.kind"
	markSetting = "kind"
	markDev     = "dev"
	markServe   = "serve"
)

// mark claims a data folder for a verb, or refuses it when the other verb has it.
func mark(dir, kind string) error {
	path := filepath.Join(dir, markFile)
	f, err := os.OpenFile(path, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600) //nolint:gosec // G304: the operator's own path
	if err == nil {
		_, err = f.WriteString(kind + "\n")
		return errors.Join(err, f.Close())
	}
	if !errors.Is(err, os.ErrExist) {
		return fmt.Errorf("data folder: %w", err)
	}
	found, err := os.ReadFile(path) //nolint:gosec // G304: the operator's own path
	if err != nil {
		return fmt.Errorf("data folder: %w", err)
	}
	if got := strings.TrimSpace(string(found)); got != kind {
		return fmt.Errorf("the data folder %s belongs to `daypass %.20s`: choose another one with --data", dir, got)
	}
	return nil
}

// markDatabase does the same for the database, wherever it is.
func (a *App) markDatabase(ctx context.Context, kind string) error {
	var found []byte
	err := a.db.Update(ctx, func(tx *store.Tx) error {
		_, err := tx.Settings.Put(ctx, markSetting, []byte(kind))
		if err != nil {
			return err
		}
		found, err = tx.Settings.Get(ctx, markSetting)
		return err
	})
	if err == nil && string(found) != kind {
		err = fmt.Errorf("this database belongs to `daypass %s`: choose another one", found)
	}
	return err
}
