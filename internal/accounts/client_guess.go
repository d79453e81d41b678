package accounts

import (
	"context"
	"fmt"

	"github.com/daypass/daypass/internal/auth"
	"github.com/daypass/daypass/internal/store"
)

// ClientRegistered counts a client that registers itself, by where it comes from, and returns *auth.Throttled when it has to wait.
func (s *Service) ClientRegistered(ctx context.Context, caller auth.Caller) error {
	t := newTry(seat{}, s.places(caller, s.rules.SignUpAddress, countRegistrationAddress, s.rules.SignUpNetwork, countRegistrationNetwork))
	if err := s.begin(ctx, t); err != nil {
		return fmt.Errorf("accounts: registration: %w", err)
	}
	return nil
}

// ClientFailed counts a wrong secret of a client, which need not exist, and returns *auth.Throttled when the next one has
// to wait, or the store's error. It is asked after the secret was found wrong and never before, so that nobody's guesses
// can keep the client itself out: a right secret of 256 bits needs no counter to be safe, and costs no look at one.
func (s *Service) ClientFailed(ctx context.Context, client string, caller auth.Caller) error {
	counters := s.places(caller, s.rules.ClientAddress, countClientAddress, s.rules.ClientNetwork, countClientNetwork)
	t := newTry(seat{}, append(counters, s.counter(s.rules.Client, countClient, client)))
	err := s.needs.DB.View(ctx, func(tx *store.Tx) error { return t.allowed(ctx, tx, s.now()) })
	if err == nil {
		err = s.begin(ctx, t)
	}
	if err != nil {
		return fmt.Errorf("accounts: client: %w", err)
	}
	return nil
}
