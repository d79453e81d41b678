package store

import (
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/daypass/daypass/internal/auth"
)

// Times are kept as milliseconds since 1970 in UTC, cut here once; the zero time is 0.
func millis(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return t.UnixMilli()
}

func fromMillis(ms int64) time.Time {
	if ms == 0 {
		return time.Time{}
	}
	return time.UnixMilli(ms).UTC()
}

// Lists hold tokens without white space (scopes, URIs, roles) and are kept space-separated.
func joined(list []string) string { return strings.Join(list, " ") }

func split(s string) []string { return strings.Fields(s) }

// text makes characters that come from outside storable. PostgreSQL refuses whole statements for a
// byte that is no UTF-8 or for NUL; a User-Agent header must not be able to stop the record of a theft,
// and with it the end of the grant.
func text(s string) string {
	return strings.ReplaceAll(strings.ToValidUTF8(s, "\uFFFD"), "\x00", "\uFFFD")
}

func flag(b bool) int64 {
	if b {
		return 1
	}
	return 0
}

// scanner is *sql.Row or *sql.Rows.
type scanner interface{ Scan(dest ...any) error }

// found maps "no rows" to auth.ErrNotFound.
func found(err error) error {
	if errors.Is(err, sql.ErrNoRows) {
		return auth.ErrNotFound
	}
	return err
}

// one tells whether a statement changed exactly one row.
func one(res sql.Result, err error) (bool, error) {
	if err != nil {
		return false, err
	}
	n, err := res.RowsAffected()
	return n == 1, err
}

func copyID(dst *auth.ID, src []byte) error {
	if len(src) == 0 {
		*dst = auth.ID{}
		return nil
	}
	if len(src) != len(dst) {
		return fmt.Errorf("store: id of %d bytes", len(src))
	}
	copy(dst[:], src)
	return nil
}

func copyHash(dst *[32]byte, src []byte) error {
	if len(src) != len(dst) {
		return fmt.Errorf("store: hash of %d bytes", len(src))
	}
	copy(dst[:], src)
	return nil
}

// idArg gives an optional id as a column value: empty bytes when it is zero.
func idArg(id auth.ID) []byte {
	if id.IsZero() {
		return []byte{}
	}
	return id[:]
}

// collect reads all rows by scan and closes them.
func collect[T any](rows *sql.Rows, err error, scan func(scanner) (T, error)) ([]T, error) {
	if err != nil {
		return nil, err
	}
	defer func() { _ = rows.Close() }()
	var all []T
	for rows.Next() {
		v, err := scan(rows)
		if err != nil {
			return nil, err
		}
		all = append(all, v)
	}
	return all, rows.Err()
}

// toJSON gives a record that nothing searches in as one text, empty for a zero record.
func toJSON(record any) (string, error) {
	data, err := json.Marshal(record)
	if err != nil {
		return "", fmt.Errorf("store: %T: %w", record, err)
	}
	if string(data) == "{}" {
		return "", nil
	}
	return text(string(data)), nil
}

// fromJSON reads what toJSON wrote into a zero record.
func fromJSON(s string, record any) error {
	if s == "" {
		return nil
	}
	if err := json.Unmarshal([]byte(s), record); err != nil {
		return fmt.Errorf("store: %T: %w", record, err)
	}
	return nil
}
