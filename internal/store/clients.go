package store

import (
	"context"
	"slices"
	"time"

	"github.com/daypass/daypass/internal/auth"
	"github.com/daypass/daypass/oauth"
)

// Clients are the statements about clients. Those that change one move the change sequence.
type Clients struct{ q Querier }

const clientColumns = `id, name, public, secret_hashes, grant_types, redirect_uris, scopes, resources, refresh,
	first_party, epoch, created_at, disabled_at, metadata`

func scanClient(row scanner) (auth.Client, error) {
	var c auth.Client
	var hashes []byte
	var public, firstParty, created, disabled int64
	var types, uris, scopes, resources, refresh, metadata string
	if err := row.Scan(&c.ID, &c.Name, &public, &hashes, &types, &uris, &scopes, &resources, &refresh,
		&firstParty, &c.Epoch, &created, &disabled, &metadata); err != nil {
		return auth.Client{}, found(err)
	}
	for ; len(hashes) >= 32; hashes = hashes[32:] {
		c.SecretHashes = append(c.SecretHashes, [32]byte(hashes[:32]))
	}
	for _, g := range split(types) {
		c.Grants = append(c.Grants, oauth.GrantType(g))
	}
	c.RedirectURIs, c.Scopes, c.Resources = split(uris), split(scopes), split(resources)
	c.Public, c.FirstParty, c.Refresh = public != 0, firstParty != 0, auth.RefreshPolicy(refresh)
	c.CreatedAt, c.DisabledAt = fromMillis(created), fromMillis(disabled)
	return c, fromJSON(metadata, &c.Metadata)
}

func clientArgs(c auth.Client) ([]any, error) {
	metadata, err := toJSON(c.Metadata)
	hashes := []byte{}
	for _, h := range c.SecretHashes {
		hashes = append(hashes, h[:]...)
	}
	types := make([]string, len(c.Grants))
	for i, g := range c.Grants {
		types[i] = string(g)
	}
	return []any{
		c.ID, c.Name, flag(c.Public), hashes, joined(types), joined(c.RedirectURIs), joined(c.Scopes),
		joined(c.Resources), string(c.Refresh), flag(c.FirstParty), c.Epoch, millis(c.CreatedAt), millis(c.DisabledAt),
		metadata,
	}, err
}

// Insert adds a client; inserted is false when the id is taken.
func (s Clients) Insert(ctx context.Context, c auth.Client) (inserted bool, err error) {
	args, err := clientArgs(c)
	if err != nil {
		return false, err
	}
	inserted, err = one(s.q.ExecContext(ctx, `INSERT INTO clients (`+clientColumns+`)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14) ON CONFLICT (id) DO NOTHING`, args...))
	return inserted, s.moved(ctx, inserted, err)
}

// Update replaces all of a client but its id, epoch and time of creation.
func (s Clients) Update(ctx context.Context, c auth.Client) (bool, error) {
	a, err := clientArgs(c)
	if err != nil {
		return false, err
	}
	ok, err := one(s.q.ExecContext(ctx, `UPDATE clients SET name = $2, public = $3, secret_hashes = $4, grant_types = $5,
		redirect_uris = $6, scopes = $7, resources = $8, refresh = $9, first_party = $10, disabled_at = $11, metadata = $12 WHERE id = $1`,
		append(a[:10:10], a[12], a[13])...))
	return ok, s.moved(ctx, ok, err)
}

// Bump raises the client's epoch, by which every access token it holds is revoked at once, and returns
// the new one.
func (s Clients) Bump(ctx context.Context, id string, now time.Time, keep time.Duration) error {
	var epoch int64
	if err := s.q.QueryRowContext(ctx, `UPDATE clients SET epoch = epoch + 1 WHERE id = $1 RETURNING epoch`, id).Scan(&epoch); err != nil {
		return found(err)
	}
	r := auth.Revocation{Kind: auth.RevokeClient, Subject: id, Epoch: epoch, At: now, Until: now.Add(keep)}
	if err := (Revocations{s.q}).Insert(ctx, r); err != nil {
		return err
	}
	return (Settings{s.q}).Changed(ctx)
}

// Find returns a client, or auth.ErrNotFound.
func (s Clients) Find(ctx context.Context, id string) (auth.Client, error) {
	return scanClient(s.q.QueryRowContext(ctx, `SELECT `+clientColumns+` FROM clients WHERE id = $1`, text(id)))
}

// List returns all clients by id.
func (s Clients) List(ctx context.Context) ([]auth.Client, error) {
	rows, err := s.q.QueryContext(ctx, `SELECT `+clientColumns+` FROM clients ORDER BY id`)
	return collect(rows, err, scanClient)
}

// Origins returns what the enabled clients allow as origins; one that several allow comes several times.
func (s Clients) Origins(ctx context.Context) ([]string, error) {
	// Few clients run in browsers: the pattern spares the others' being read. It may find more, and then nothing is in it.
	rows, err := s.q.QueryContext(ctx, `SELECT metadata FROM clients WHERE disabled_at = 0 AND metadata LIKE '%"daypass_allowed_origins"%'`)
	lists, err := collect(rows, err, func(row scanner) (origins []string, err error) {
		var text string
		var m auth.ClientMetadata
		if err := row.Scan(&text); err != nil {
			return nil, err
		}
		err = fromJSON(text, &m)
		return m.AllowedOrigins, err
	})
	return slices.Concat(lists...), err
}

// Delete removes a client. Its grants must have been revoked in the same transaction.
func (s Clients) Delete(ctx context.Context, id string) (bool, error) {
	ok, err := one(s.q.ExecContext(ctx, `DELETE FROM clients WHERE id = $1`, id))
	return ok, s.moved(ctx, ok, err)
}

// SweepUnused deletes up to limit clients that registered themselves before the time given and hold no grant, with what was
// allowed to them, and returns how many.
func (s Clients) SweepUnused(ctx context.Context, before time.Time, limit int) (int64, error) {
	rows, err := s.q.QueryContext(ctx, `DELETE FROM clients WHERE id IN (SELECT c.id FROM clients c
		WHERE c.created_at < $1 AND c.metadata LIKE '%"daypass_registered":true%'
			AND NOT EXISTS (SELECT 1 FROM grants g WHERE g.client_id = c.id) LIMIT $2) RETURNING id`, millis(before), limit)
	gone, err := collect(rows, err, func(row scanner) (id string, err error) {
		err = row.Scan(&id)
		return id, err
	})
	if err != nil || len(gone) == 0 {
		return 0, err
	}
	for _, id := range gone {
		if err := (Consents{s.q}).DeleteOf(ctx, auth.ID{}, id); err != nil {
			return 0, err
		}
	}
	return int64(len(gone)), s.moved(ctx, true, nil)
}

func (s Clients) moved(ctx context.Context, changed bool, err error) error {
	if err != nil || !changed {
		return err
	}
	return (Settings{s.q}).Changed(ctx)
}
