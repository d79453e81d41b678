package app

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/daypass/daypass/internal/config"
	"github.com/daypass/daypass/internal/keys"
	"github.com/daypass/daypass/internal/secret"
	"github.com/daypass/daypass/internal/store"
)

// loadMasters reads the master key file and proves that it belongs to the database. With SQLite a file
// that is missing is made once, with the database; a database that has seen a key wants that key back.
func loadMasters(ctx context.Context, c config.Config, db *store.DB, why Purpose) (*keys.Masters, error) {
	raw, err := os.ReadFile(c.MasterKeyFile)
	if errors.Is(err, os.ErrNotExist) {
		if why == ForLook {
			return nil, fmt.Errorf("master key: %s does not exist: name the right file, or start the server first", c.MasterKeyFile)
		}
		raw, err = firstMaster(ctx, c, db)
	}
	if err != nil {
		return nil, fmt.Errorf("master key: %w", err)
	}
	masters, err := keys.ParseMasters(secret.New(raw))
	if err != nil {
		return nil, err
	}
	if err := masters.Verify(ctx, db); err != nil {
		return nil, err
	}
	return masters, nil
}

func firstMaster(ctx context.Context, c config.Config, db *store.DB) ([]byte, error) {
	if !c.Database.IsSQLite() {
		return nil, fmt.Errorf("%s does not exist: make it once for all nodes, a line `1:` followed by the base64 of 32 random bytes", c.MasterKeyFile)
	}
	seen, err := keys.Seen(ctx, db)
	if err != nil {
		return nil, err
	}
	if seen {
		return nil, fmt.Errorf("%s is gone, and the database was made with it: put it back from the backup", c.MasterKeyFile)
	}
	content := keys.NewMasterFile()
	return content.Bytes(), writeOnce(c.MasterKeyFile, content)
}

// writeOnce writes a secret file that must not exist yet, whole or not at all.
func writeOnce(path string, content secret.Token) error {
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return err
	}
	f, err := os.CreateTemp(filepath.Dir(path), ".daypass-*") // mode 0600
	if err != nil {
		return err
	}
	defer func() { _ = os.Remove(f.Name()) }()
	_, err = f.Write(content.Bytes())
	if err = errors.Join(err, f.Sync(), f.Close()); err != nil {
		return err
	}
	return os.Link(f.Name(), path) // fails when somebody else was first
}
