package resource_test

import (
	"bytes"
	"context"
	"crypto"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/daypass/daypass/internal/jose"
	"github.com/daypass/daypass/resource"
)

// inBubble runs a test with an issuer that publishes key "a", and a function that tells the status a token gets.
func inBubble(t *testing.T, test func(t *testing.T, w *wire, ring *keyRing, status func(token string) int)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		ring := newKeyRing(t, "a", "b")
		w := &wire{answers: map[string]func(*http.Request) (*http.Response, error){
			metadataAddress: text(metadataDoc(fakeIssuer, keysAddress)),
			keysAddress:     text(ring.doc("a")),
		}}
		p, err := resource.New(fakeIssuer, resource.Config{Audience: "urn:api", Client: &http.Client{Transport: w}})
		if err != nil {
			t.Fatal(err)
		}
		h := p.Require()(hello)
		test(t, w, ring, func(token string) int { return call(h, bearer(token)).StatusCode })
	})
}

func wantStatus(t *testing.T, what string, got, want int) {
	t.Helper()
	if got != want {
		t.Fatalf("%s: got %d, want %d", what, got, want)
	}
}

func TestKeysAreFetchedOnceAndKept(t *testing.T) {
	t.Parallel()
	inBubble(t, func(t *testing.T, w *wire, ring *keyRing, status func(string) int) {
		wantStatus(t, "requests before the first token", len(w.requests), 0)
		for range 10 {
			wantStatus(t, "good", status(ring.token("a")), 200)
		}
		wantStatus(t, "metadata fetches", w.count(metadataAddress), 1)
		wantStatus(t, "key fetches", w.count(keysAddress), 1)
	})
}

func TestManyAtOnceShareOneFetch(t *testing.T) {
	t.Parallel()
	inBubble(t, func(t *testing.T, w *wire, ring *keyRing, status func(string) int) {
		release := make(chan struct{})
		w.set(keysAddress, func(*http.Request) (*http.Response, error) {
			<-release
			return reply(http.StatusOK, ring.doc("a")), nil
		})
		var wg sync.WaitGroup
		for range 50 {
			wg.Go(func() {
				if got := status(ring.token("a")); got != 200 {
					t.Errorf("got %d", got)
				}
			})
		}
		synctest.Wait() // all fifty wait now
		close(release)
		wg.Wait()
		wantStatus(t, "key fetches", w.count(keysAddress), 1)
	})
}

func TestCallerThatHangsUpDoesNotFailTheOthers(t *testing.T) {
	t.Parallel()
	inBubble(t, func(t *testing.T, w *wire, ring *keyRing, _ func(string) int) {
		release := make(chan struct{})
		w.set(keysAddress, func(r *http.Request) (*http.Response, error) {
			select {
			case <-release:
				return reply(http.StatusOK, ring.doc("a")), nil
			case <-r.Context().Done():
				return nil, r.Context().Err()
			}
		})
		p, err := resource.New(fakeIssuer, resource.Config{Audience: "urn:api", Client: &http.Client{Transport: w}})
		if err != nil {
			t.Fatal(err)
		}
		ctx, hangUp := context.WithCancel(t.Context())
		first, second := make(chan error, 1), make(chan error, 1)
		go func() { _, err := p.Verify(ctx, ring.token("a")); first <- err }()
		synctest.Wait()
		go func() { _, err := p.Verify(t.Context(), ring.token("a")); second <- err }()
		synctest.Wait()
		hangUp()
		if err := <-first; !errors.Is(err, context.Canceled) {
			t.Fatalf("the caller who hung up got %v", err)
		}
		close(release)
		if err := <-second; err != nil {
			t.Fatalf("the other caller got %v", err)
		}
	})
}

func TestUnknownKeyIsLookedForOnceInAWhile(t *testing.T) {
	t.Parallel()
	inBubble(t, func(t *testing.T, w *wire, ring *keyRing, status func(string) int) {
		wantStatus(t, "known key", status(ring.token("a")), 200)
		for range 100 {
			wantStatus(t, "unknown key", status(ring.token("b")), 401)
		}
		wantStatus(t, "key fetches inside the pause", w.count(keysAddress), 1)
		w.set(keysAddress, text(ring.doc("a", "b")))
		time.Sleep(30 * time.Second)
		wantStatus(t, "new key after the pause", status(ring.token("b")), 200)
		wantStatus(t, "old key", status(ring.token("a")), 200)
		wantStatus(t, "key fetches", w.count(keysAddress), 2)
	})
}

func TestStaleKeysAreRefreshedBehindRequests(t *testing.T) {
	t.Parallel()
	inBubble(t, func(t *testing.T, w *wire, ring *keyRing, status func(string) int) {
		wantStatus(t, "good", status(ring.token("a")), 200)
		release := make(chan struct{})
		w.set(keysAddress, func(*http.Request) (*http.Response, error) {
			<-release
			return reply(http.StatusOK, ring.doc("b")), nil
		})
		time.Sleep(5*time.Minute - time.Second)
		wantStatus(t, "fresh", status(ring.token("a")), 200)
		wantStatus(t, "key fetches while fresh", w.count(keysAddress), 1)
		time.Sleep(time.Second)
		wantStatus(t, "stale, not waiting", status(ring.token("a")), 200)
		synctest.Wait()
		wantStatus(t, "key fetches when stale", w.count(keysAddress), 2)
		close(release)
		synctest.Wait()
		wantStatus(t, "the key that was withdrawn", status(ring.token("a")), 401)
		wantStatus(t, "the key that came", status(ring.token("b")), 200)
	})
}

func TestKeysOutliveAnOutageForAnHourAndNoLonger(t *testing.T) {
	t.Parallel()
	inBubble(t, func(t *testing.T, w *wire, ring *keyRing, status func(string) int) {
		wantStatus(t, "good", status(ring.token("a")), 200)
		w.set(keysAddress, broken)
		for range 59 {
			time.Sleep(time.Minute)
			wantStatus(t, "during the outage", status(ring.token("a")), 200)
			synctest.Wait()
		}
		wantStatus(t, "an unknown key that cannot be looked for", status(ring.token("b")), 503)
		time.Sleep(time.Minute)
		wantStatus(t, "after an hour", status(ring.token("a")), 503)
		w.set(keysAddress, text(ring.doc("a")))
		time.Sleep(2 * time.Second)
		wantStatus(t, "when it is back", status(ring.token("a")), 200)
	})
}

func TestWithoutKeysTheAnswerIs503(t *testing.T) {
	t.Parallel()
	inBubble(t, func(t *testing.T, w *wire, ring *keyRing, status func(string) int) {
		w.set(metadataAddress, broken)
		for range 20 {
			wantStatus(t, "issuer away", status(ring.token("a")), 503)
		}
		wantStatus(t, "fetches inside the pause", w.count(metadataAddress), 1)
		wantStatus(t, "garbage needs no keys", status("a.b.c"), 401)
		w.set(metadataAddress, text(metadataDoc(fakeIssuer, keysAddress)))
		time.Sleep(2 * time.Second)
		wantStatus(t, "issuer back", status(ring.token("a")), 200)
	})
}

func TestFetchIsCutOffAfterFiveSeconds(t *testing.T) {
	t.Parallel()
	inBubble(t, func(t *testing.T, w *wire, ring *keyRing, status func(string) int) {
		w.set(keysAddress, func(r *http.Request) (*http.Response, error) {
			<-r.Context().Done()
			return nil, r.Context().Err()
		})
		began := time.Now()
		wantStatus(t, "issuer hangs", status(ring.token("a")), 503)
		if waited := time.Since(began); waited != 5*time.Second {
			t.Fatalf("waited %v", waited)
		}
	})
}

func TestClockTurnedBackDoesNotStopFetches(t *testing.T) {
	t.Parallel()
	ring := newKeyRing(t, "a")
	w := &wire{answers: map[string]func(*http.Request) (*http.Response, error){metadataAddress: broken, keysAddress: text(ring.doc("a"))}}
	now := time.Now().Add(24 * time.Hour)
	p, err := resource.New(fakeIssuer, resource.Config{
		Audience: "urn:api", Client: &http.Client{Transport: w}, Now: func() time.Time { return now },
	})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := p.Verify(t.Context(), ring.token("a")); err == nil {
		t.Fatal("want an error while the issuer is away")
	}
	now = time.Now()
	w.set(metadataAddress, text(metadataDoc(fakeIssuer, keysAddress)))
	if _, err := p.Verify(t.Context(), ring.token("a")); err != nil {
		t.Fatal(err)
	}
}

func TestDocumentsThatAreNotTrusted(t *testing.T) {
	t.Parallel()
	ring := newKeyRing(t, "a")
	good := ring.doc("a")
	redirect := func(*http.Request) (*http.Response, error) {
		res := reply(http.StatusFound, "")
		res.Header.Set("Location", "https://evil.example/doc")
		return res, nil
	}
	status := func(code int, body string) func(*http.Request) (*http.Response, error) {
		return func(*http.Request) (*http.Response, error) { return reply(code, body), nil }
	}
	endless := func(*http.Request) (*http.Response, error) {
		res := reply(http.StatusOK, "")
		res.Body = io.NopCloser(io.MultiReader(strings.NewReader(good), bytes.NewReader(make([]byte, 300<<10))))
		return res, nil
	}
	type answer = func(*http.Request) (*http.Response, error)
	for name, tc := range map[string]struct{ metadata, keys answer }{
		"metadata of another issuer":      {text(metadataDoc("https://evil.example", keysAddress)), text(good)},
		"metadata with a slash too many":  {text(metadataDoc(fakeIssuer+"/", keysAddress)), text(good)},
		"metadata without issuer":         {text(`{"jwks_uri":"` + keysAddress + `"}`), text(good)},
		"metadata, issuer in other case":  {text(`{"ISSUER":"` + fakeIssuer + `","jwks_uri":"` + keysAddress + `"}`), text(good)},
		"metadata with a member twice":    {text(`{"issuer":"x","issuer":"` + fakeIssuer + `","jwks_uri":"` + keysAddress + `"}`), text(good)},
		"metadata without jwks_uri":       {text(`{"issuer":"` + fakeIssuer + `"}`), text(good)},
		"metadata is no JSON":             {text(`<html>`), text(good)},
		"metadata redirects":              {redirect, text(good)},
		"metadata with another status":    {status(http.StatusNonAuthoritativeInfo, metadataDoc(fakeIssuer, keysAddress)), text(good)},
		"keys by plain http":              {text(metadataDoc(fakeIssuer, "http://keys.example.com/jwks")), text(good)},
		"keys by http on this machine":    {text(metadataDoc(fakeIssuer, "http://127.0.0.1/jwks")), text(good)},
		"keys from a file":                {text(metadataDoc(fakeIssuer, "file:///etc/passwd")), text(good)},
		"keys with user information":      {text(metadataDoc(fakeIssuer, "https://u:p@keys.example.com/jwks")), text(good)},
		"keys redirect":                   {text(metadataDoc(fakeIssuer, keysAddress)), redirect},
		"keys with an error status":       {text(metadataDoc(fakeIssuer, keysAddress)), status(http.StatusInternalServerError, good)},
		"keys too large":                  {text(metadataDoc(fakeIssuer, keysAddress)), endless},
		"keys with a private key":         {text(metadataDoc(fakeIssuer, keysAddress)), text(strings.Replace(good, `"kid"`, `"d":"AA","kid"`, 1))},
		"keys are no key set":             {text(metadataDoc(fakeIssuer, keysAddress)), text(`{"keys":{}}`)},
		"keys cannot be reached":          {text(metadataDoc(fakeIssuer, keysAddress)), broken},
		"metadata cannot be reached":      {broken, text(good)},
		"metadata larger than the limit":  {endless, text(good)},
		"metadata with an empty document": {text(``), text(good)},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			evil := text(good)
			w := &wire{answers: map[string]answer{
				metadataAddress: tc.metadata, keysAddress: tc.keys, "https://evil.example/doc": evil,
				"http://keys.example.com/jwks": evil, "http://127.0.0.1/jwks": evil, "https://u:p@keys.example.com/jwks": evil,
			}}
			p, err := resource.New(fakeIssuer, resource.Config{Audience: "urn:api", Client: &http.Client{Transport: w}})
			if err != nil {
				t.Fatal(err)
			}
			res := call(p.Require()(hello), bearer(ring.token("a")))
			if res.StatusCode != 503 || res.Header.Get("Retry-After") == "" || res.Header.Get("WWW-Authenticate") != "" {
				t.Fatalf("got %d %v", res.StatusCode, res.Header)
			}
		})
	}
}

func TestRotatedKeyIsFoundAfterThePause(t *testing.T) {
	t.Parallel()
	issuer := newIssuer(t)
	h := newProtector(t, issuer, nil).Require()(hello)
	wantStatus(t, "first key", call(h, bearer(issuer.Token(nil))).StatusCode, 200)
	issuer.RotateKey()
	wantStatus(t, "second key, at once", call(h, bearer(issuer.Token(nil))).StatusCode, 401)
	issuer.Advance(30 * time.Second)
	wantStatus(t, "second key, after the pause", call(h, bearer(issuer.Token(nil))).StatusCode, 200)
	issuer.SetDown(true)
	wantStatus(t, "issuer down", call(h, bearer(issuer.Token(nil))).StatusCode, 200)
	wantStatus(t, "key fetches", issuer.KeyFetches(), 2)
}

func TestKeySourceOfOnesOwnIsAskedInstead(t *testing.T) {
	t.Parallel()
	issuer := newIssuer(t)
	set, err := jose.ParseKeySet(issuer.KeySet())
	if err != nil {
		t.Fatal(err)
	}
	for name, tc := range map[string]struct {
		source sourceFunc
		status int
	}{
		"knows":         {func() (crypto.PublicKey, error) { return set.Keys()[0].Key, nil }, 200},
		"does not know": {func() (crypto.PublicKey, error) { return nil, fmt.Errorf("look: %w", resource.ErrUnknownKey) }, 401},
		"cannot tell":   {func() (crypto.PublicKey, error) { return nil, errors.New("down") }, 503},
		"a wrong key":   {func() (crypto.PublicKey, error) { return []byte("secret"), nil }, 401},
		"no key at all": {func() (crypto.PublicKey, error) { return nil, nil }, 401},
	} {
		p := newProtector(t, issuer, func(c *resource.Config) { c.Keys = tc.source })
		wantStatus(t, name, call(p.Require()(hello), bearer(issuer.Token(nil))).StatusCode, tc.status)
	}
	wantStatus(t, "key fetches", issuer.KeyFetches(), 0)
}
