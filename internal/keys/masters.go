package keys

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/daypass/daypass/internal/auth"
	"github.com/daypass/daypass/internal/secret"
	"github.com/daypass/daypass/internal/store"
)

// Purposes of derived keys. A new use gets a new purpose, never an old one.
const (
	purposeCheck   = "daypass master key check v1"
	purposeSigning = "daypass signing key seal v1"
	purposeSession = "daypass sid key seal v1"
)

// ErrMaster tells that the loaded master keys and the database do not belong together.
var ErrMaster = errors.New("keys: this master key does not open the database's check value: it is another installation's key, or the file was changed")

// Masters are the master keys loaded by this node.
type Masters struct {
	keys   map[byte]secret.Token
	tags   map[byte]secret.Token
	opaque map[byte]secret.Token
	active byte
}

var _ auth.TagKeys = (*Masters)(nil)

// ParseMasters reads a master key file: lines `version:base64 of 32 bytes`, version 1 to 255; empty
// lines and lines that start with # are skipped. The highest version is active.
func ParseMasters(file secret.Token) (*Masters, error) {
	m := &Masters{keys: map[byte]secret.Token{}, tags: map[byte]secret.Token{}, opaque: map[byte]secret.Token{}}
	for i, line := range strings.Split(file.Reveal(), "\n") {
		line = strings.TrimSpace(line)
		if line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		version, text, _ := strings.Cut(line, ":")
		v, err := strconv.ParseUint(version, 10, 8)
		if err != nil || v == 0 {
			return nil, fmt.Errorf("keys: master key file, line %d: want version:base64, version 1 to 255", i+1)
		}
		raw, err := base64.StdEncoding.Strict().DecodeString(strings.TrimSpace(text))
		if err != nil || len(raw) != secret.MasterSize {
			return nil, fmt.Errorf("keys: master key file, line %d: want the base64 of %d bytes after the colon", i+1, secret.MasterSize)
		}
		if _, twice := m.keys[byte(v)]; twice {
			return nil, fmt.Errorf("keys: master key file, line %d: version %d stands twice", i+1, v)
		}
		m.keys[byte(v)] = secret.New(raw)
		m.tags[byte(v)] = secret.Derive(secret.New(raw), auth.RefreshTagPurpose)
		m.opaque[byte(v)] = secret.Derive(secret.New(raw), auth.OpaquePurpose)
		m.active = max(m.active, byte(v))
	}
	if m.active == 0 {
		return nil, errors.New("keys: the master key file holds no key (want a line version:base64 of 32 bytes)")
	}
	return m, nil
}

// NewMasterFile returns the content of a fresh master key file.
func NewMasterFile() secret.Token {
	return secret.FromString("1:" + base64.StdEncoding.EncodeToString(secret.Random(secret.MasterSize)) + "\n")
}

// Active is the version that new tokens and seals are made with.
func (m *Masters) Active() byte { return m.active }

// TagKey implements auth.TagKeys.
func (m *Masters) TagKey(version byte) (secret.Token, bool) {
	k, ok := m.tags[version]
	return k, ok
}

// seal encrypts under the active master key; the result begins with its version.
func (m *Masters) seal(purpose, context string, plain []byte) (version byte, sealed []byte, err error) {
	sealed, err = secret.Seal(secret.Derive(m.keys[m.active], purpose), plain, context)
	return m.active, sealed, err
}

func (m *Masters) open(version byte, purpose, context string, sealed []byte) ([]byte, error) {
	master, ok := m.keys[version]
	if !ok {
		return nil, fmt.Errorf("keys: master key version %d is needed and not loaded", version)
	}
	return secret.Open(secret.Derive(master, purpose), sealed, context)
}

const checkPrefix = "master_check:"

func checkName(version byte) string { return checkPrefix + strconv.Itoa(int(version)) }

// Seen tells whether the database was ever used with a master key.
func Seen(ctx context.Context, db *store.DB) (bool, error) {
	stored, err := checks(ctx, db)
	return len(stored) > 0, err
}

func checks(ctx context.Context, db *store.DB) (stored map[string][]byte, err error) {
	err = db.View(ctx, func(tx *store.Tx) (err error) {
		stored, err = tx.Settings.WithPrefix(ctx, checkPrefix)
		return err
	})
	return stored, wrap("keys: check master keys", err)
}

// Verify proves that the loaded master keys belong to this database and changes nothing: each one must
// open the check value of its version, if there is one, and where there are check values at least one
// must be opened. Otherwise the error wraps ErrMaster.
func (m *Masters) Verify(ctx context.Context, db *store.DB) error {
	stored, err := checks(ctx, db)
	if err != nil {
		return err
	}
	opened := 0
	for version, key := range m.keys {
		sealed, known := stored[checkName(version)]
		if !known {
			continue
		}
		if _, err := secret.Open(secret.Derive(key, purposeCheck), sealed, checkName(version)); err != nil {
			return fmt.Errorf("%w (version %d)", ErrMaster, version)
		}
		opened++
	}
	if len(stored) > 0 && opened == 0 {
		return fmt.Errorf("%w (none of the loaded versions is known to it)", ErrMaster)
	}
	return nil
}

// Register leaves a check value for every loaded version that has none. Whoever serves calls it, after all
// that was sealed before has opened, so that a wrong key never leaves a trace.
func (m *Masters) Register(ctx context.Context, db *store.DB) error {
	for version, key := range m.keys {
		sealed, err := secret.Seal(secret.Derive(key, purposeCheck), []byte("daypass"), checkName(version))
		if err != nil {
			return err
		}
		err = db.Update(ctx, func(tx *store.Tx) error {
			_, err := tx.Settings.Put(ctx, checkName(version), sealed)
			return err
		})
		if err != nil {
			return fmt.Errorf("keys: register master key: %w", err)
		}
	}
	return m.Verify(ctx, db)
}
