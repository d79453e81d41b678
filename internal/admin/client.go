package admin

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/daypass/daypass/internal/auth"
	"github.com/daypass/daypass/internal/jose"
	"github.com/daypass/daypass/internal/secret"
	"github.com/daypass/daypass/internal/store"
	"github.com/daypass/daypass/oauth"
)

// ClientSecretPrefix starts every client secret, so that people and secret scanners recognise one.
const ClientSecretPrefix = "dps_"

const clientSecretSize = 32 // bytes: 256 bits, so that a plain SHA-256 is enough to store (design §6)

// NewClient is a client to be created.
type NewClient struct {
	ID           string // empty: generated
	Name         string
	Public       bool
	Grants       []oauth.GrantType // none: what the rest implies, see [NewClient.defaults]
	RedirectURIs []string
	Scopes       []string
	Resources    []string
	Refresh      auth.RefreshPolicy // empty: rotate for a public client, fixed for any other
	FirstParty   bool
	Metadata     auth.ClientMetadata
}

// ClientView is a client with what hangs on it. The hashes of its secrets are not filled in.
type ClientView struct {
	auth.Client
	Secrets int // alive: 0 for a public client, 2 after a rotation
	Grants  int // alive
}

// CreateClient adds a client and returns the secret of a confidential one, which is shown this once. It
// returns *Invalid, or auth.ErrConflict when the id is taken.
func (s *Service) CreateClient(ctx context.Context, n NewClient, by Actor) (auth.Client, secret.Token, error) {
	n.defaults()
	if err := n.check(); err != nil {
		return auth.Client{}, secret.Token{}, err
	}
	now := s.n.Now()
	c := n.client()
	c.CreatedAt = now
	if err := s.signFor(ctx, c); err != nil {
		return auth.Client{}, secret.Token{}, err
	}
	// Above every epoch of a deleted client of the same id, whose revocation may still be followed: from
	// zero, resource servers would refuse the new client's tokens with the old one's.
	c.Epoch = now.UnixMilli()
	var plain secret.Token
	if c.HasSecret() {
		plain = newClientSecret()
		c.SecretHashes = [][32]byte{plain.Hash()}
	}
	err := s.n.DB.Update(ctx, func(tx *store.Tx) error {
		inserted, err := tx.Clients.Insert(ctx, c)
		if err != nil {
			return err
		}
		if !inserted {
			return fmt.Errorf("a client with the id %q: %w", c.ID, auth.ErrConflict)
		}
		kind := "confidential"
		if c.Public {
			kind = "public"
		}
		e := s.tell(by, auth.EventClientCreated, now, fmt.Sprintf("%s; scopes: %s; resources: %s", kind, words(c.Scopes), words(c.Resources)))
		e.ClientID = c.ID
		return tx.Events.Insert(ctx, e)
	})
	if err != nil {
		return auth.Client{}, secret.Token{}, err
	}
	c.SecretHashes = nil
	return c, plain, nil
}

// hasSecret tells whether a secret is one of the client's.
func (s *Service) hasSecret(ctx context.Context, id string, plain secret.Token) bool {
	found := false
	err := s.n.DB.View(ctx, func(tx *store.Tx) error {
		c, err := tx.Clients.Find(ctx, id)
		for _, h := range c.SecretHashes {
			found = found || sameHash(h, plain.Hash())
		}
		return err
	})
	return err == nil && found
}

// Clients lists all clients by id.
func (s *Service) Clients(ctx context.Context) ([]ClientView, error) {
	var all []auth.Client
	err := s.n.DB.View(ctx, func(tx *store.Tx) (err error) {
		all, err = tx.Clients.List(ctx)
		return err
	})
	views := make([]ClientView, len(all))
	for i, c := range all {
		views[i] = viewClient(c)
	}
	return views, err
}

// ShowClient returns a client and how many grants it holds.
func (s *Service) ShowClient(ctx context.Context, id string) (ClientView, error) {
	var v ClientView
	now := s.n.Now()
	err := s.n.DB.View(ctx, func(tx *store.Tx) error {
		c, err := tx.Clients.Find(ctx, id)
		if err != nil {
			return missing(err, "client", id)
		}
		grants, err := tx.Grants.List(ctx, store.Selector{Client: id}, countLimit)
		v = viewClient(c)
		v.Grants = alive(grants, now)
		return err
	})
	return v, err
}

func viewClient(c auth.Client) ClientView {
	v := ClientView{Client: c, Secrets: len(c.SecretHashes)}
	v.SecretHashes = nil
	return v
}

// RotateSecret gives a confidential client a new secret, shown this once. The newest of the old ones goes on
// working until the next rotation, so that the client can be moved without a gap; with dropOld it dies now,
// for a secret that leaked.
func (s *Service) RotateSecret(ctx context.Context, id string, dropOld bool, by Actor) (secret.Token, error) {
	plain := newClientSecret()
	err := s.changeClient(ctx, id, func(tx *store.Tx, c *auth.Client, now time.Time) (auth.Event, error) {
		if c.Public {
			return auth.Event{}, &Invalid{[]Fault{{"client", fmt.Sprintf("%q is public and has no secret", id)}}}
		}
		if !c.HasSecret() {
			return auth.Event{}, &Invalid{[]Fault{{"client", fmt.Sprintf("%q signs with a key of its own and has no secret", id)}}}
		}
		keep := c.SecretHashes[:min(len(c.SecretHashes), 1)]
		detail := "the previous secret still works"
		if dropOld {
			keep, detail = nil, "the previous secrets are void"
		}
		c.SecretHashes = slices.Concat([][32]byte{plain.Hash()}, keep)
		return s.tell(by, auth.EventClientSecret, now, detail), nil
	})
	if err != nil {
		return secret.Token{}, err
	}
	return plain, nil
}

// UpdateClient lets edit change what an operator may change of a client: neither id nor kind, secrets and times. It returns the
// client as it is then, and whether anything had to change; *Invalid when the rules for clients forbid it.
func (s *Service) UpdateClient(ctx context.Context, id string, edit func(*auth.Client), by Actor) (ClientView, bool, error) {
	var now auth.Client
	changed := false
	if id == auth.FirstPartyClient {
		return ClientView{}, false, ErrBuiltIn
	}
	first, err := s.ShowClient(ctx, id)
	if err != nil {
		return ClientView{}, false, err
	}
	edited(&first.Client, edit)
	if err := checkClient(first.Client); err != nil {
		return ClientView{}, false, err
	}
	if err := s.signFor(ctx, first.Client); err != nil { // before a reply is asked for
		return ClientView{}, false, err
	}
	err = s.changeClient(ctx, id, func(_ *store.Tx, c *auth.Client, at time.Time) (auth.Event, error) {
		before := *c
		edited(c, edit)
		if err := checkClient(*c); err != nil {
			return auth.Event{}, err
		}
		now = *c
		told := differences(clientMembers(before), clientMembers(*c))
		if changed = len(told) > 0; !changed {
			return auth.Event{}, nil
		}
		return s.tell(by, auth.EventClientUpdated, at, "changed: "+strings.Join(told, ", ")), nil
	})
	return viewClient(now), changed, err
}

// edited applies an edit to what it may change.
func edited(c *auth.Client, edit func(*auth.Client)) {
	before := *c
	edit(c)
	c.ID, c.Public, c.SecretHashes, c.Epoch = before.ID, before.Public, before.SecretHashes, before.Epoch
	c.CreatedAt, c.DisabledAt = before.CreatedAt, before.DisabledAt
	c.RedirectURIs, c.Scopes, c.Resources, c.Grants = unique(c.RedirectURIs), unique(c.Scopes), unique(c.Resources), unique(c.Grants)
	if !c.HasSecret() {
		c.SecretHashes = nil
	}
}

// signFor sees to it that there is a key for whatever is signed for a client.
func (s *Service) signFor(ctx context.Context, c auth.Client) error {
	var all []jose.Algorithm
	for _, alg := range c.SigningAlgorithms() {
		all = append(all, jose.Algorithm(alg))
	}
	if all == nil {
		return nil
	}
	return s.n.Keys.EnsureFor(ctx, all...)
}

// DisableClient ends all grants of a client and every access token it holds; it can do nothing until enabled.
func (s *Service) DisableClient(ctx context.Context, id string, by Actor) (Ended, error) {
	var done Ended
	err := s.changeClient(ctx, id, func(tx *store.Tx, c *auth.Client, now time.Time) (auth.Event, error) {
		if done = (Ended{}); c.Disabled() {
			return auth.Event{}, nil
		}
		c.DisabledAt = now
		grants, err := s.endClient(ctx, tx, id, auth.ReasonClientDisabled, now)
		done = Ended{Changed: true, Grants: grants}
		return s.tell(by, auth.EventClientDisabled, now, Count(grants, "grant")+" ended"), err
	})
	return done, err
}

// EnableClient lets a disabled client work again; its users log in again.
func (s *Service) EnableClient(ctx context.Context, id string, by Actor) (changed bool, err error) {
	err = s.changeClient(ctx, id, func(_ *store.Tx, c *auth.Client, now time.Time) (auth.Event, error) {
		if changed = c.Disabled(); !changed {
			return auth.Event{}, nil
		}
		c.DisabledAt = time.Time{}
		return s.tell(by, auth.EventClientEnabled, now, ""), nil
	})
	return changed, err
}

// DeleteClient ends all grants and access tokens of a client and removes it. Its events stay.
func (s *Service) DeleteClient(ctx context.Context, id string, by Actor) (Ended, error) {
	var done Ended
	if id == auth.FirstPartyClient {
		return done, ErrBuiltIn
	}
	now := s.n.Now()
	err := s.n.DB.Update(ctx, func(tx *store.Tx) error {
		c, err := s.lockClient(ctx, tx, id)
		if err != nil {
			return err
		}
		grants, err := s.endClient(ctx, tx, id, auth.ReasonClientDeleted, now)
		if err != nil {
			return err
		}
		if _, err := tx.Clients.Delete(ctx, id); err != nil {
			return err
		}
		// Whoever registers the id again is somebody else, to whom nobody has allowed anything.
		if err := tx.Consents.DeleteOf(ctx, auth.ID{}, id); err != nil {
			return err
		}
		done = Ended{Changed: true, Grants: grants}
		e := s.tell(by, auth.EventClientDeleted, now, fmt.Sprintf("%s: %s ended", c.Name, Count(grants, "grant")))
		e.ClientID = id
		return tx.Events.Insert(ctx, e)
	})
	return done, err
}

// changeClient reads a client, lets fn change it, and writes it with the event; an event without a kind
// means that nothing is to be changed.
func (s *Service) changeClient(ctx context.Context, id string, fn func(*store.Tx, *auth.Client, time.Time) (auth.Event, error)) error {
	if id == auth.FirstPartyClient {
		return ErrBuiltIn
	}
	now := s.n.Now()
	return s.n.DB.Update(ctx, func(tx *store.Tx) error {
		c, err := s.lockClient(ctx, tx, id)
		if err != nil {
			return err
		}
		e, err := fn(tx, &c, now)
		if err != nil || e.Kind == "" {
			return err
		}
		if _, err := tx.Clients.Update(ctx, c); err != nil {
			return err
		}
		e.ClientID = id
		return tx.Events.Insert(ctx, e)
	})
}

// lockClient reads a client after taking the row of the change sequence, which every change of a client
// moves: two operators at once queue there, and neither writes over what the other has just done.
func (s *Service) lockClient(ctx context.Context, tx *store.Tx, id string) (auth.Client, error) {
	if err := tx.Settings.Changed(ctx); err != nil {
		return auth.Client{}, err
	}
	c, err := tx.Clients.Find(ctx, id)
	return c, missing(err, "client", id)
}

func (s *Service) endClient(ctx context.Context, tx *store.Tx, id, reason string, now time.Time) (grants int, err error) {
	ids, err := tx.Grants.Revoke(ctx, store.Selector{Client: id}, reason, now, s.n.Rules.RevokeFor)
	if err != nil {
		return 0, err
	}
	return len(ids), tx.Clients.Bump(ctx, id, now, s.n.Rules.RevokeFor)
}

func newClientSecret() secret.Token {
	return secret.FromString(ClientSecretPrefix + secret.RandomToken(clientSecretSize).Reveal())
}

// newClientID draws an id that is easy to read aloud: 20 characters of lower-case base32.
func newClientID() string {
	const alphabet = "abcdefghijkmnpqrstuvwxyz23456789" // 32, without l, o, 0 and 1
	var b strings.Builder
	for _, r := range secret.Random(20) {
		b.WriteByte(alphabet[r&31])
	}
	return b.String()
}
