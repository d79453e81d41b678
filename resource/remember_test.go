package resource_test

import (
	"context"
	"crypto"
	"encoding/base64"
	"errors"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/daypass/daypass/internal/jose"
	"github.com/daypass/daypass/oauth"
	"github.com/daypass/daypass/resource"
	"github.com/daypass/daypass/resource/resourcetest"
)

func TestRememberedTokenIsNotVerifiedAgain(t *testing.T) {
	// Not parallel: AllocsPerRun counts those of the whole process.
	issuer := newIssuer(t)
	token := issuer.Token(nil)
	for remember, most := range map[int]float64{0: 3, -1: 1000} {
		p := newProtector(t, issuer, func(c *resource.Config) { c.Remember = remember })
		got := testing.AllocsPerRun(20, func() {
			if _, err := p.Verify(t.Context(), token); err != nil {
				t.Fatal(err)
			}
		})
		if got > most || remember < 0 && got < 30 {
			t.Errorf("Remember %d: %v allocations", remember, got)
		}
	}
}

func TestRememberedTokenDiesWhenItExpires(t *testing.T) {
	t.Parallel()
	issuer := newIssuer(t)
	p := newProtector(t, issuer, nil)
	h := p.Require()(hello)
	token := issuer.Token(nil)
	wantStatus(t, "new", call(h, bearer(token)).StatusCode, 200)
	issuer.Advance(resourcetest.Lifetime + 29*time.Second)
	wantStatus(t, "within the leeway", call(h, bearer(token)).StatusCode, 200)
	issuer.Advance(time.Second)
	wantStatus(t, "at its end", call(h, bearer(token)).StatusCode, 401)
	wantStatus(t, "remembered at its end", p.Remembered(), 0)
}

func TestClockTurnedBackMakesARememberedTokenJudgedAnew(t *testing.T) {
	t.Parallel()
	issuer := newIssuer(t)
	h := newProtector(t, issuer, nil).Require()(hello)
	issuer.Advance(time.Hour)
	token := issuer.Token(nil)
	wantStatus(t, "new", call(h, bearer(token)).StatusCode, 200)
	issuer.Advance(-time.Hour)
	wantStatus(t, "an hour before it was issued", call(h, bearer(token)).StatusCode, 401)
}

func TestRefusalsAreNeverRemembered(t *testing.T) {
	t.Parallel()
	issuer, other := newIssuer(t), newIssuer(t)
	p := newProtector(t, issuer, nil)
	good := issuer.Token(nil)
	for name, token := range map[string]string{
		"expired":                  issuer.Token(map[string]any{"exp": issuer.Now().Add(-time.Hour).Unix(), "iat": 1}),
		"not yet good":             issuer.Token(map[string]any{"nbf": issuer.Now().Add(time.Hour).Unix()}),
		"for another API":          issuer.Token(map[string]any{"aud": "https://other.example"}),
		"another's signature":      other.Token(map[string]any{"iss": issuer.URL()}),
		"bound to a key":           issuer.Token(map[string]any{"cnf": map[string]any{"jkt": "x"}}),
		"garbage":                  "a.b.c",
		"a good one and one more":  good + "A",
		"a good one with padding":  good + "=",
		"a good one, one less":     good[:len(good)-1],
		"longer than what is read": good + strings.Repeat("A", 8<<10),
	} {
		for range 2 {
			if res := call(p.Require()(hello), bearer(token)); res.StatusCode != 401 {
				t.Errorf("%s: got %d", name, res.StatusCode)
			}
		}
	}
	wantStatus(t, "remembered", p.Remembered(), 0)
	wantStatus(t, "the good one", call(p.Require()(hello), bearer(good)).StatusCode, 200)
	wantStatus(t, "without the scope, though remembered", call(p.Require("x")(hello), bearer(good)).StatusCode, 403)
	wantStatus(t, "with one character more, though remembered", call(p.Require()(hello), bearer(good+"A")).StatusCode, 401)
	wantStatus(t, "in two headers, though remembered", call(p.Require()(hello), bearer(good+","+good)).StatusCode, 400)
	wantStatus(t, "remembered", p.Remembered(), 1)
}

func TestLongerTokenIsNotTakenForTheOneItBeginsWith(t *testing.T) {
	t.Parallel()
	const longest = 8 << 10
	issuer := newIssuer(t)
	p := newProtector(t, issuer, nil)
	// Blanks in the header and a claim that pads: some pair has exactly the length up to which tokens are looked at.
	claims := issuer.Claims()
	claims["x"] = strings.Repeat("x", 5000)
	payload := string(mustJSON(t, claims))
	encoded, signature := base64.RawURLEncoding.EncodedLen, 64
	for n := range 5 * 1000 {
		header, payload := issuer.Header()+strings.Repeat(" ", n%5), payload+strings.Repeat(" ", n/5)
		if encoded(len(header))+1+encoded(len(payload))+1+encoded(signature) == longest {
			token := issuer.Sign(header, payload)
			wantStatus(t, "the longest", call(p.Require()(hello), bearer(token)).StatusCode, 200)
			wantStatus(t, "one more letter", call(p.Require()(hello), bearer(token+"A")).StatusCode, 401)
			return
		}
	}
	t.Fatal("no token has the wanted length")
}

func TestTokenThatBecomesGoodIsAccepted(t *testing.T) {
	t.Parallel()
	issuer := newIssuer(t)
	h := newProtector(t, issuer, nil).Require()(hello)
	token := issuer.Token(map[string]any{"nbf": issuer.Now().Add(time.Minute).Unix()})
	wantStatus(t, "too early", call(h, bearer(token)).StatusCode, 401)
	issuer.Advance(time.Minute)
	wantStatus(t, "in time", call(h, bearer(token)).StatusCode, 200)
}

func TestCheckIsAskedAboutRememberedTokensToo(t *testing.T) {
	t.Parallel()
	issuer := newIssuer(t)
	asked, verdict := 0, error(nil)
	h := newProtector(t, issuer, func(c *resource.Config) {
		c.Check = func(context.Context, resource.Token) error { asked++; return verdict }
	}).Require()(hello)
	token := issuer.Token(nil)
	wantStatus(t, "first", call(h, bearer(token)).StatusCode, 200)
	wantStatus(t, "second", call(h, bearer(token)).StatusCode, 200)
	verdict = &resource.Refusal{Code: oauth.InvalidToken}
	wantStatus(t, "revoked", call(h, bearer(token)).StatusCode, 401)
	verdict = errors.New("database down")
	wantStatus(t, "cannot decide", call(h, bearer(token)).StatusCode, 503)
	verdict = nil
	wantStatus(t, "not revoked after all", call(h, bearer(token)).StatusCode, 200)
	wantStatus(t, "times asked", asked, 5)
}

func TestWithdrawnKeyTakesItsRememberedTokensAlong(t *testing.T) {
	t.Parallel()
	inBubble(t, func(t *testing.T, w *wire, ring *keyRing, status func(string) int) {
		token := ring.token("a")
		wantStatus(t, "first", status(token), 200)
		w.set(keysAddress, text(ring.doc("b")))
		time.Sleep(5*time.Minute - time.Second)
		wantStatus(t, "while the keys are fresh", status(token), 200)
		time.Sleep(time.Second)
		wantStatus(t, "the request behind which keys are fetched", status(token), 200)
		synctest.Wait()
		wantStatus(t, "after that", status(token), 401)
		wantStatus(t, "key fetches", w.count(keysAddress), 2)
	})
}

func TestRememberedTokenOutlivesAnotherKeyComing(t *testing.T) {
	t.Parallel()
	inBubble(t, func(t *testing.T, w *wire, ring *keyRing, status func(string) int) {
		token := ring.token("a")
		wantStatus(t, "first", status(token), 200)
		w.set(keysAddress, text(ring.doc("b", "a")))
		for range 2 {
			time.Sleep(4 * time.Minute)
			wantStatus(t, "later", status(token), 200)
			synctest.Wait()
		}
		wantStatus(t, "after the refresh", status(token), 200)
		wantStatus(t, "key fetches", w.count(keysAddress), 2)
	})
}

func TestKeyOfTheSameNameIsNotTheSameKey(t *testing.T) {
	t.Parallel()
	inBubble(t, func(t *testing.T, w *wire, ring *keyRing, status func(string) int) {
		token := ring.token("a")
		wantStatus(t, "first", status(token), 200)
		w.set(keysAddress, text(strings.ReplaceAll(ring.doc("b"), `"kid":"b"`, `"kid":"a"`)))
		time.Sleep(5 * time.Minute)
		status(token)
		synctest.Wait()
		wantStatus(t, "after its name was given to another key", status(token), 401)
	})
}

func TestMemoryDoesNotOutliveTheKeysInAnOutage(t *testing.T) {
	t.Parallel()
	inBubble(t, func(t *testing.T, w *wire, ring *keyRing, status func(string) int) {
		claims := ring.tokenFor("a", 2*time.Hour)
		wantStatus(t, "first", status(claims), 200)
		w.set(keysAddress, broken)
		for range 59 {
			time.Sleep(time.Minute)
			wantStatus(t, "during the outage", status(claims), 200)
			synctest.Wait()
		}
		time.Sleep(time.Minute)
		wantStatus(t, "after an hour", status(claims), 503)
	})
}

// changingKeys is a KeySource whose answer a test changes.
type changingKeys struct {
	mu  sync.Mutex
	key crypto.PublicKey
	err error
}

func (k *changingKeys) PublicKey(context.Context, string, resource.Algorithm) (crypto.PublicKey, error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.key, k.err
}

func TestKeySourceOfOnesOwnIsAskedForRememberedTokensToo(t *testing.T) {
	t.Parallel()
	for _, alg := range []jose.Algorithm{jose.ES256, jose.EdDSA, jose.RS256} {
		issuer := newIssuer(t)
		key, err := jose.GenerateKey(alg)
		if err != nil {
			t.Fatal(err)
		}
		another, err := jose.GenerateKey(alg)
		if err != nil {
			t.Fatal(err)
		}
		source := &changingKeys{key: key.Public()}
		h := newProtector(t, issuer, func(c *resource.Config) { c.Keys = source }).Require()(hello)
		token := signed(t, issuer, key, alg)
		ask := func(what string, key crypto.PublicKey, err error, want int) {
			t.Helper()
			source.key, source.err = key, err
			wantStatus(t, string(alg)+": "+what, call(h, bearer(token)).StatusCode, want)
		}
		ask("first", key.Public(), nil, 200)
		ask("remembered", key.Public(), nil, 200)
		ask("another key", another.Public(), nil, 401)
		ask("the key again", key.Public(), nil, 200)
		ask("withdrawn", nil, resource.ErrUnknownKey, 401)
		ask("the key once more", key.Public(), nil, 200)
		ask("cannot tell", nil, errors.New("down"), 503)
		ask("no key at all", nil, nil, 401)
		ask("a secret", []byte("secret"), nil, 401)
	}
}

func signed(t *testing.T, issuer *resourcetest.Issuer, key crypto.Signer, alg jose.Algorithm) string {
	t.Helper()
	signer, err := jose.NewSigner(key, alg, "k", "at+jwt")
	if err != nil {
		t.Fatal(err)
	}
	token, err := signer.Sign(mustJSON(t, issuer.Claims()))
	if err != nil {
		t.Fatal(err)
	}
	return token
}

func TestMemoryOfTokensIsBounded(t *testing.T) {
	t.Parallel()
	issuer := newIssuer(t)
	p := newProtector(t, issuer, func(c *resource.Config) { c.Remember = 3 })
	var tokens []string
	for range 10 {
		tokens = append(tokens, issuer.Token(nil))
	}
	for range 2 {
		for _, token := range tokens {
			wantStatus(t, "good", call(p.Require()(hello), bearer(token)).StatusCode, 200)
			if n := p.Remembered(); n > 3 {
				t.Fatalf("remembers %d", n)
			}
		}
	}
	off := newProtector(t, issuer, func(c *resource.Config) { c.Remember = -1 })
	wantStatus(t, "without memory", call(off.Require()(hello), bearer(tokens[0])).StatusCode, 200)
	wantStatus(t, "remembered without memory", off.Remembered(), 0)
}

func TestAppendingToATokensListsDoesNotReachTheNextRequest(t *testing.T) {
	t.Parallel()
	issuer := newIssuer(t)
	p := newProtector(t, issuer, nil)
	text := issuer.Token(map[string]any{"scope": "a a b", "roles": []string{"x", "y", "z"}, "amr": []string{"pwd", "otp", "mfa"}, "aud": []string{resourcetest.Audience, "x", "y"}})
	for range 2 {
		token, err := p.Verify(t.Context(), text)
		if err != nil || !slices.Equal(token.Scopes, []string{"a", "b"}) {
			t.Fatalf("got %q, %v", token.Scopes, err)
		}
		for _, list := range [][]string{token.Scopes, token.Roles, token.AMR, token.Audience} {
			if cap(list) != len(list) {
				t.Errorf("%q has room for more", list)
			}
		}
	}
}

func TestOneProtectorServesManyAtOnce(t *testing.T) {
	t.Parallel()
	issuer := newIssuer(t)
	h := newProtector(t, issuer, func(c *resource.Config) { c.Remember = 5 }).Require()(hello)
	var tokens []string
	for range 10 {
		tokens = append(tokens, issuer.Token(nil))
	}
	var wg sync.WaitGroup
	for worker := range 8 {
		wg.Go(func() {
			for n := range 50 {
				if got := call(h, bearer(tokens[(n+worker)%len(tokens)])).StatusCode; got != 200 {
					t.Errorf("got %d", got)
				}
			}
		})
	}
	wg.Wait()
}
