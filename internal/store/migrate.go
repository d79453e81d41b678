package store

import (
	"context"
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"path"
	"strconv"
	"strings"
	"testing/fstest"
)

//go:embed migrations/*.sql
var migrationFiles embed.FS

// Migrate brings the schema up to date: numbered files, forward only, one transaction each. Several
// nodes may call it at once.
func (db *DB) Migrate(ctx context.Context) error {
	files, err := fs.Sub(migrationFiles, "migrations")
	if err != nil {
		return fmt.Errorf("store: migrations: %w", err)
	}
	return db.engine.Migrate(ctx, files)
}

// Migrated tells whether the schema is as new as this program's, without touching it. A newer one counts:
// the previous release runs on the new schema.
func (db *DB) Migrated(ctx context.Context) (bool, error) {
	newest, err := newestMigration()
	if err != nil {
		return false, err
	}
	var version int
	err = db.engine.View(ctx, func(q Querier) error {
		return q.QueryRowContext(ctx, "SELECT COALESCE(MAX(version_id), 0) FROM goose_db_version WHERE is_applied").Scan(&version)
	})
	if errors.Is(err, ErrUnavailable) {
		return false, err
	}
	return err == nil && version >= newest, nil // any other error: there is no such table
}

// newestMigration is the number of the last file. The numbers have gaps.
func newestMigration() (int, error) {
	files, err := fs.Glob(migrationFiles, "migrations/*.sql")
	if err != nil || len(files) == 0 {
		return 0, errors.Join(errors.New("store: no migrations"), err)
	}
	number, _, _ := strings.Cut(path.Base(files[len(files)-1]), "_")
	n, err := strconv.Atoi(number)
	if err != nil {
		return 0, fmt.Errorf("store: migrations: %w", err)
	}
	return n, nil
}

// Words are an engine's own words in the migrations.
type Words struct {
	Blob  string // type of byte strings
	Int   string // type of 64-bit integers
	Table string // storage option of every table
	Hot   string // storage option of grants, whose rows are updated in place
}

// Localize returns the migrations with an engine's words in place of @BLOB, @INT, @TABLE and @HOT.
func Localize(files fs.FS, w Words) (fs.FS, error) {
	words := strings.NewReplacer("@BLOB", w.Blob, "@INT", w.Int, "@TABLE", w.Table, "@HOT", w.Hot)
	local := fstest.MapFS{}
	names, err := fs.Glob(files, "*.sql")
	if err != nil {
		return nil, fmt.Errorf("store: migrations: %w", err)
	}
	for _, name := range names {
		text, err := fs.ReadFile(files, name)
		if err != nil {
			return nil, fmt.Errorf("store: migrations: %w", err)
		}
		local[name] = &fstest.MapFile{Data: []byte(words.Replace(string(text)))}
	}
	return local, nil
}
