package accounts

import (
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/daypass/daypass/internal/secret"
)

func cheap() Hashing { return Hashing{Memory: 8, Passes: 1, Lanes: 1} }

func mustHasher(t *testing.T, cost Hashing) *hasher {
	t.Helper()
	h, err := newHasher(cost)
	if err != nil {
		t.Fatal(err)
	}
	return h
}

func TestDefaultHashHasTheParametersOfOWASP(t *testing.T) {
	t.Parallel()
	phc, err := mustHasher(t, Hashing{}).hash(t.Context(), anybody, secret.FromString("correct horse battery staple"))
	if err != nil {
		t.Fatal(err)
	}
	if want := "$argon2id$v=19$m=19456,t=2,p=1$"; !strings.HasPrefix(phc.Reveal(), want) {
		t.Errorf("got a hash that begins otherwise than %q", want)
	}
	if fields := strings.Split(phc.Reveal(), "$"); len(fields[4]) != 22 || len(fields[5]) != 43 {
		t.Errorf("salt and key have %d and %d characters, want 22 and 43 (16 and 32 bytes)", len(fields[4]), len(fields[5]))
	}
}

func TestTwoHashesOfOnePasswordDiffer(t *testing.T) {
	t.Parallel()
	h := mustHasher(t, cheap())
	password := secret.FromString("one and the same password")
	first, err := h.hash(t.Context(), anybody, password)
	second, err2 := h.hash(t.Context(), anybody, password)
	if err != nil || err2 != nil || first.Equal(second) {
		t.Fatalf("want two hashes with salts of their own (%v, %v)", err, err2)
	}
	for _, phc := range []secret.Token{first, second} {
		if ok, err := h.matchNow(phc, password); !ok || err != nil {
			t.Errorf("own hash does not verify: %v, %v", ok, err)
		}
		if ok, _ := h.matchNow(phc, secret.FromString("one and the same passworD")); ok {
			t.Error("another password verifies")
		}
	}
}

// The vector is of the reference implementation's test suite (phc-winner-argon2, src/test.c).
func TestHashOfTheReferenceImplementationVerifies(t *testing.T) {
	t.Parallel()
	phc := secret.FromString("$argon2id$v=19$m=256,t=2,p=1$c29tZXNhbHQ$nf65EOgLrQMR/uIPnA4rEsF5h7TKyQwu9U1bMCHGi/4")
	h := mustHasher(t, cheap())
	if ok, err := h.matchNow(phc, secret.FromString("password")); !ok || err != nil {
		t.Errorf("got %v, %v, want a match", ok, err)
	}
	if ok, _ := h.matchNow(phc, secret.FromString("differentpassword")); ok {
		t.Error("another password matches")
	}
}

func TestUnknownUserCostsTheSameHash(t *testing.T) {
	t.Parallel()
	h := mustHasher(t, cheap())
	stored, err := h.hash(t.Context(), anybody, secret.FromString("anything"))
	if err != nil {
		t.Fatal(err)
	}
	cost := func(phc secret.Token) string { return strings.Join(strings.Split(phc.Reveal(), "$")[:4], "$") }
	if got, want := cost(h.dummy), cost(stored); got != want {
		t.Errorf("the dummy costs %s, a hash costs %s", got, want)
	}
	if got, want := len(h.dummy.Reveal()), len(stored.Reveal()); got != want {
		t.Errorf("the dummy has %d characters, a hash has %d", got, want)
	}
	if ok, err := h.matchNow(secret.Token{}, secret.Token{}); ok || err != nil {
		t.Errorf("the dummy: got %v, %v, want no match and no error", ok, err)
	}
}

func TestHashingParametersOutOfRangeAreRefused(t *testing.T) {
	t.Parallel()
	for _, cost := range []Hashing{{Memory: 7}, {Memory: 1 << 30}, {Passes: -1}, {Lanes: -1}, {AtOnce: -1}, {Waiting: -1}, {Patience: -1}} {
		if _, err := newHasher(cost); err == nil {
			t.Errorf("%+v: want an error", cost)
		}
	}
}

func TestQueueHasTheLimitsOfTheDesign(t *testing.T) {
	t.Parallel()
	h := mustHasher(t, Hashing{})
	if q := h.queue; q.free != runtime.GOMAXPROCS(0) || q.limit != 100 || q.patience != 5*time.Second {
		t.Errorf("%d at once, %d waiting for %v; want as many as cores, 100 for 5s", q.free, q.limit, q.patience)
	}
}
