package grants_test

import (
	"crypto/sha256"
	"encoding/base64"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/daypass/daypass/internal/auth"
	"github.com/daypass/daypass/internal/grants"
	"github.com/daypass/daypass/internal/secret"
	"github.com/daypass/daypass/internal/store"
)

// One request that the network delivers twice, or a thief who is as fast as the client: of the two neither may keep what
// the code bought. On PostgreSQL the second finds the code unspent when it reads it.
func TestASecondRedemptionAtTheSameTimeEndsWhatTheFirstOneBought(t *testing.T) {
	t.Parallel()
	onEngines(t, public(), func(t *testing.T, w *world) {
		w.client.FirstParty = true
		for range 20 {
			value, verifier := w.newCode(t)
			ask := auth.Ask{Code: value, Verifier: verifier}
			bought := make(chan grants.Bought, 2)
			var both sync.WaitGroup
			for range 2 {
				both.Go(func() {
					if b, err := w.svc.RedeemCode(t.Context(), w.client, ask); err == nil {
						bought <- b
					}
				})
			}
			both.Wait()
			if len(bought) != 1 {
				t.Fatalf("%d of 2 got the code, want one", len(bought))
			}
			if row := w.rowOf(t, (<-bought).Grant.ID); row.RevokedReason != auth.ReasonCodeReplay {
				t.Fatalf("the grant that was bought ended for %q, want %q", row.RevokedReason, auth.ReasonCodeReplay)
			}
		}
	})
}

// newCode stores a code that the world's client may redeem.
func (w *world) newCode(t *testing.T) (value, verifier secret.Token) {
	t.Helper()
	value, verifier = secret.New(secret.Random(32)), secret.FromString(strings.Repeat("v", 43))
	sum := sha256.Sum256([]byte(verifier.Reveal()))
	now := w.clock.now()
	err := w.db.Update(t.Context(), func(tx *store.Tx) error {
		return tx.Codes.Insert(t.Context(), auth.AuthorizationCode{
			Hash: value.Hash(), UserID: w.user.ID, SessionID: w.session.ID, AuthTime: now, CreatedAt: now, ExpiresAt: now.Add(time.Minute),
			Request: auth.AuthorizationRequest{
				ClientID: w.client.ID, Scopes: []string{"read"}, Resources: []string{"https://api.example"},
				Challenge: base64.RawURLEncoding.EncodeToString(sum[:]),
			},
		})
	})
	if err != nil {
		t.Fatal(err)
	}
	return value, verifier
}
