package storetest

import (
	"testing"

	"github.com/daypass/daypass/internal/store"
)

func TestEnginesAreOpenedMigratedAndRunning(t *testing.T) {
	t.Parallel()
	Engines(t, func(t *testing.T, db *store.DB) {
		if err := db.Ping(t.Context()); err != nil {
			t.Fatal(err)
		}
		err := db.Update(t.Context(), func(tx *store.Tx) error {
			_, err := tx.Settings.Put(t.Context(), "a", []byte{1})
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	})
}
