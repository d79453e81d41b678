package clients

import (
	"cmp"
	"context"
	"crypto"
	"crypto/sha256"
	"fmt"
	"time"

	"github.com/daypass/daypass/internal/auth"
	"github.com/daypass/daypass/internal/jose"
	"github.com/daypass/daypass/internal/secret"
	"github.com/daypass/daypass/internal/store"
)

// Documents reads what clients publish; internal/outbound does.
type Documents interface {
	// Get reads a document of at most most bytes.
	Get(ctx context.Context, address string, most int64) ([]byte, error)
}

// Proof is what is needed to believe a client that signs.
type Proof struct {
	Issuer        string // this server
	TokenEndpoint string // its address
	Documents     Documents
	Now           func() time.Time
}

// prove believes an assertion once (RFC 7523 §3). The error is ErrUnauthenticated, or the store's.
func (s *Service) prove(ctx context.Context, client auth.Client, assertion secret.Token) error {
	if s.proof.Now == nil {
		return ErrUnauthenticated
	}
	claims, err := s.verify(ctx, client, assertion)
	if err != nil {
		return fmt.Errorf("%w: %w", ErrUnauthenticated, err)
	}
	first := false
	err = s.db.Update(ctx, func(tx *store.Tx) (err error) {
		first, err = tx.Assertions.Use(ctx, assertionKey(client.ID, claims.ID), claims.Until())
		return err
	})
	switch {
	case err != nil:
		return fmt.Errorf("clients: %w", err)
	case !first:
		return fmt.Errorf("%w: the assertion was used before", ErrUnauthenticated)
	}
	return nil
}

func (s *Service) verify(ctx context.Context, client auth.Client, assertion secret.Token) (auth.ClientAssertion, error) {
	payload, err := s.VerifySigned(ctx, client, assertion, client.Metadata.AuthAlgorithm, auth.ClientAssertionType)
	if err != nil {
		return auth.ClientAssertion{}, err
	}
	claims, err := auth.ParseClientAssertion(payload)
	if err != nil {
		return claims, err
	}
	return claims, claims.Judge(client, s.proof.Issuer, s.proof.TokenEndpoint, s.proof.Now())
}

// VerifySigned verifies what a client signed with a key of its own, and returns the payload. algorithm, unless empty, is the
// only one; typ is what the JWT may say of itself, besides nothing or JWT, so that one kind is not taken for another
// (RFC 8725 §3.11).
func (s *Service) VerifySigned(ctx context.Context, client auth.Client, token secret.Token, algorithm, typ string) ([]byte, error) {
	allowed := jose.Algorithms()
	if algorithm != "" {
		allowed = []jose.Algorithm{jose.Algorithm(algorithm)}
	}
	payload, _, err := jose.Verify(token.Reveal(), jose.VerifyConfig{
		Algorithms: allowed, Types: []string{"", "JWT", typ},
		Keys: func(kid string, alg jose.Algorithm) (crypto.PublicKey, bool) {
			return s.keys.find(ctx, client, kid, alg)
		},
	})
	if err != nil {
		return nil, fmt.Errorf("clients: %w", err)
	}
	return payload, nil
}

// assertionKey names one use of an assertion; a jti is unique within its client.
func assertionKey(client, id string) [sha256.Size]byte {
	return sha256.Sum256([]byte(cmp.Or(client, "-") + "\x00" + id))
}
