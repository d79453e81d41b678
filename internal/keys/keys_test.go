package keys_test

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/daypass/daypass/internal/auth"
	"github.com/daypass/daypass/internal/jose"
	"github.com/daypass/daypass/internal/keys"
	"github.com/daypass/daypass/internal/secret"
	"github.com/daypass/daypass/internal/store"
	"github.com/daypass/daypass/internal/store/storetest"
)

const issuer = "https://id.example"

func masters(t *testing.T, lines ...string) *keys.Masters {
	t.Helper()
	m, err := keys.ParseMasters(secret.FromString(strings.Join(lines, "\n")))
	if err != nil {
		t.Fatal(err)
	}
	return m
}

func line(version string, fill byte) string {
	return version + ":" + base64.StdEncoding.EncodeToString([]byte(strings.Repeat(string(rune(fill)), secret.MasterSize)))
}

func ring(t *testing.T, db *store.DB, m *keys.Masters, alg jose.Algorithm, now func() time.Time) *keys.Ring {
	t.Helper()
	r, err := keys.NewRing(keys.RingConfig{DB: db, Masters: m, Issuer: issuer, Algorithm: alg, Now: now})
	if err != nil {
		t.Fatal(err)
	}
	if err := r.Ensure(t.Context()); err != nil {
		t.Fatal(err)
	}
	return r
}

func TestMasterKeyFileIsReadStrictly(t *testing.T) {
	t.Parallel()
	m := masters(t, "# comment", "", line("2", 'b'), line("7", 'c'), line("1", 'a'))
	if m.Active() != 7 {
		t.Errorf("active: got %d, want the highest, 7", m.Active())
	}
	if _, ok := m.TagKey(2); !ok {
		t.Error("version 2 is not loaded")
	}
	if _, ok := m.TagKey(3); ok {
		t.Error("version 3 is loaded from nowhere")
	}
	for name, file := range map[string]string{
		"empty": "", "no version": "abc", "version 0": line("0", 'a'), "version 256": line("256", 'a'), "short key": "1:YWJj",
		"bad base64": "1:!!!", "twice": line("1", 'a') + "\n" + line("1", 'b'), "negative": line("-1", 'a'),
	} {
		if _, err := keys.ParseMasters(secret.FromString(file)); err == nil {
			t.Errorf("%s: want an error, got none", name)
		} else if strings.Contains(err.Error(), "YWFh") {
			t.Errorf("%s: the error shows the key: %v", name, err)
		}
	}
}

func FuzzParseMasters(f *testing.F) {
	f.Add(line("1", 'a'))
	f.Add("1:")
	f.Add("\n#\n255:x")
	f.Fuzz(func(t *testing.T, file string) {
		m, err := keys.ParseMasters(secret.FromString(file))
		if err == nil && m.Active() == 0 {
			t.Error("accepted a file without an active key")
		}
	})
}

func TestAnotherInstallationsMasterKeyIsRefused(t *testing.T) {
	t.Parallel()
	db := storetest.SQLite(t)
	if err := masters(t, line("1", 'a')).Register(t.Context(), db); err != nil {
		t.Fatal(err)
	}
	if err := masters(t, line("1", 'a'), line("2", 'b')).Register(t.Context(), db); err != nil {
		t.Errorf("a new version beside the old one: %v", err)
	}
	for name, m := range map[string]*keys.Masters{
		"another key under version 1": masters(t, line("1", 'x')), "a version it never saw": masters(t, line("9", 'x')),
	} {
		if err := m.Verify(t.Context(), db); !errors.Is(err, keys.ErrMaster) {
			t.Errorf("%s: got %v, want ErrMaster", name, err)
		}
	}
	if err := masters(t, line("1", 'a'), line("9", 'c')).Register(t.Context(), db); err != nil {
		t.Errorf("a new version after a refused one: %v", err)
	}
}

func TestRestartKeepsTheSigningKey(t *testing.T) {
	t.Parallel()
	db, m := storetest.SQLite(t), masters(t, line("1", 'a'))
	first := ring(t, db, m, jose.ES256, time.Now)
	token, _, err := first.MintAccess(auth.AccessClaims{Subject: "u", ClientID: "c", Audience: auth.Audience{"https://api.example"}}, time.Minute)
	if err != nil {
		t.Fatal(err)
	}
	second := ring(t, db, masters(t, line("1", 'a'), line("2", 'b')), jose.ES256, time.Now)
	if string(first.KeySet()) != string(second.KeySet()) {
		t.Error("the key set changed with a restart")
	}
	if _, err := second.VerifyAccess(token, "https://api.example", false); err != nil {
		t.Errorf("token from before the restart: %v", err)
	}
	session := auth.NewID(time.Now())
	if first.SessionRef(session, "a") != second.SessionRef(session, "a") {
		t.Error("sid changed with a restart")
	}
	if first.SessionRef(session, "a") == first.SessionRef(session, "b") {
		t.Error("two clients see the same sid")
	}
}

func TestSigningKeyIsSealedAtRest(t *testing.T) {
	t.Parallel()
	db := storetest.SQLite(t)
	ring(t, db, masters(t, line("1", 'a')), jose.ES256, time.Now)
	err := db.View(t.Context(), func(tx *store.Tx) error {
		all, err := tx.Keys.List(t.Context())
		if err != nil || len(all) != 2 { // ES256, and RS256 for ID tokens
			t.Fatalf("got %d keys, %v", len(all), err)
		}
		for _, k := range all { // the OIDs of P-256 and of RSA in PKCS #8
			if strings.Contains(string(k.Sealed), "\x06\x08\x2a\x86\x48\xce\x3d\x03\x01\x07") || strings.Contains(string(k.Sealed), "\x2a\x86\x48\x86\xf7\x0d\x01\x01\x01") {
				t.Errorf("the private key of %s stands in the clear", k.Algorithm)
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	r, err := keys.NewRing(keys.RingConfig{DB: db, Masters: masters(t, line("1", 'x')), Issuer: issuer, Now: time.Now})
	if err != nil {
		t.Fatal(err)
	}
	if err := r.Load(t.Context()); !errors.Is(err, secret.ErrSealed) {
		t.Errorf("load with another master key: got %v, want ErrSealed", err)
	}
}

func TestNodesThatStartTogetherAgreeOnTheSigningKey(t *testing.T) {
	t.Parallel()
	storetest.Engines(t, func(t *testing.T, db *store.DB) {
		m := masters(t, line("1", 'a'))
		rings := make([]*keys.Ring, 4)
		var wg sync.WaitGroup
		for i := range rings {
			wg.Go(func() { rings[i] = ring(t, db, m, jose.ES256, time.Now) })
		}
		wg.Wait()
		for _, r := range rings {
			if err := r.Load(t.Context()); err != nil {
				t.Fatal(err)
			}
			if string(r.KeySet()) != string(rings[0].KeySet()) {
				t.Error("two nodes serve different key sets")
			}
		}
	})
}

func TestAccessTokenFollowsRFC9068(t *testing.T) {
	t.Parallel()
	for _, alg := range []jose.Algorithm{jose.ES256, jose.EdDSA} {
		t.Run(string(alg), func(t *testing.T) {
			t.Parallel()
			now := time.Date(2026, 11, 23, 12, 0, 0, 700e6, time.UTC)
			r := ring(t, storetest.SQLite(t), masters(t, line("1", 'a')), alg, func() time.Time { return now })
			token, expires, err := r.MintAccess(auth.AccessClaims{Subject: "user", ClientID: "app", Audience: auth.Audience{"https://api.example"}, Scope: "read"}, 10*time.Minute)
			if err != nil || !expires.Equal(now.Truncate(time.Second).Add(10*time.Minute)) {
				t.Fatalf("got %v, %v", expires, err)
			}
			parts := strings.Split(token.Reveal(), ".")
			header, payload := decode(t, parts[0]), decode(t, parts[1])
			if header["typ"] != "at+jwt" || header["alg"] != string(alg) || header["kid"] == nil {
				t.Errorf("header: got %v", header)
			}
			for name, want := range map[string]any{
				"iss": issuer, "sub": "user", "aud": "https://api.example", "client_id": "app", "scope": "read",
				"iat": float64(now.Unix()), "exp": float64(expires.Unix()),
			} {
				if payload[name] != want {
					t.Errorf("%s: got %v, want %v", name, payload[name], want)
				}
			}
			if payload["jti"] == "" || len(payload) != 8 {
				t.Errorf("payload: got %v, want jti and no more than was given", payload)
			}
		})
	}
}

func decode(t *testing.T, part string) map[string]any {
	t.Helper()
	raw, err := base64.RawURLEncoding.DecodeString(part)
	if err != nil {
		t.Fatal(err)
	}
	var m map[string]any
	if err := json.Unmarshal(raw, &m); err != nil {
		t.Fatal(err)
	}
	return m
}

func TestVerifyAccessRefuses(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)
	clock := func() time.Time { return now }
	r := ring(t, storetest.SQLite(t), masters(t, line("1", 'a')), jose.ES256, clock)
	other := ring(t, storetest.SQLite(t), masters(t, line("1", 'a')), jose.ES256, clock)
	claims := auth.AccessClaims{Subject: "u", ClientID: "c", Audience: auth.Audience{"https://api.example", "https://two.example"}}
	mint := func(from *keys.Ring, c auth.AccessClaims) secret.Token {
		t.Helper()
		token, _, err := from.MintAccess(c, 10*time.Minute)
		if err != nil {
			t.Fatal(err)
		}
		return token
	}
	good := mint(r, claims)
	if c, err := r.VerifyAccess(good, "https://two.example", false); err != nil || c.Subject != "u" {
		t.Fatalf("good token: got %+v, %v", c, err)
	}
	noSubject := claims
	noSubject.Subject = ""
	for name, c := range map[string]struct {
		token    secret.Token
		audience string
	}{
		"another installation's key": {mint(other, claims), ""},
		"another audience":           {good, "https://api.example.evil"},
		"part of an audience":        {good, "https://api"},
		"no subject":                 {mint(r, noSubject), ""},
		"garbage":                    {secret.FromString("a.b.c"), ""},
		"changed":                    {secret.FromString(good.Reveal()[:len(good.Reveal())-4] + "AAAA"), ""},
	} {
		if _, err := r.VerifyAccess(c.token, c.audience, false); !errors.Is(err, keys.ErrToken) {
			t.Errorf("%s: got %v, want ErrToken", name, err)
		}
	}
	now = now.Add(10*time.Minute + 30*time.Second - time.Second)
	if _, err := r.VerifyAccess(good, "", false); err != nil {
		t.Errorf("within the leeway: %v", err)
	}
	now = now.Add(time.Second)
	if _, err := r.VerifyAccess(good, "", false); !errors.Is(err, keys.ErrToken) {
		t.Errorf("expired: got %v, want ErrToken", err)
	}
	if _, err := r.VerifyAccess(good, "", true); err != nil {
		t.Errorf("expired, allowed: %v", err)
	}
}
