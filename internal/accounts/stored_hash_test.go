package accounts

import (
	"errors"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/go-crypt/crypt/algorithm/bcrypt"

	"github.com/daypass/daypass/internal/auth"
	"github.com/daypass/daypass/internal/secret"
	"github.com/daypass/daypass/internal/store"
	"github.com/daypass/daypass/internal/store/storetest"
)

// made is a hash made elsewhere, with its password.
type made struct{ hash, password string }

// imported are the vectors of specifications and of the programs that write such hashes.
func imported() map[string]made {
	return map[string]made{
		// crypt_blowfish, wrapper.c
		"bcrypt":           {"$2a$05$CCCCCCCCCCCCCCCCCCCCC.VGOzA784oUp/Z0DY336zx7pLYAy0lwK", "U*U*"},
		"bcrypt, 72 bytes": {"$2a$05$abcdefghijklmnopqrstuu5s2v8.iXieOjg/.AySBTTZIIVFJeBui", "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789chars after 72 are ignored"},
		// RFC 7914 §12
		"scrypt": {"$scrypt$ln=14,r=8,p=1$U29kaXVtQ2hsb3JpZGU$cCO9yzr9c0hGHAbNgf046/2o+7qQT44+qbVD9lRdofLVQylVYT8Pz2LUlwUkKpr55h6F3A1lHkDfzwF7RVdYhw", "pleaseletmein"},
		// RFC 6070 §2
		"PBKDF2 with SHA-1": {"$pbkdf2$i=4096,l=25$c2FsdFNBTFRzYWx0U0FMVHNhbHRTQUxUc2FsdFNBTFRzYWx0$PS7sT+QchJuAyNg2YsDkSospGpZM8vBwOA", "passwordPASSWORDpassword"},
		// passlib's tests
		"PBKDF2 with SHA-256": {"$pbkdf2-sha256$6400$.6UI/S.nXIk8jcbdHx3Fhg$98jZicV16ODfEsEZeYPGHU3kbrUrvUEXOPimVSQDD44", "password"},
		// hashlib.pbkdf2_hmac
		"PBKDF2 with SHA-512": {"$pbkdf2-sha512$4096$c2FsdHNhbHRzYWx0$c2WwQbOBxVaT.SJhwJ94G5bZiZp5yHjUV8WhY8CQAKcUao4AErl6GWfO33/HdT8YrBpqpUVUeruMKeEyH5G2Kw", "password"},
		// phc-winner-argon2, src/test.c
		"argon2id at another cost": {"$argon2id$v=19$m=256,t=2,p=1$c29tZXNhbHQ$nf65EOgLrQMR/uIPnA4rEsF5h7TKyQwu9U1bMCHGi/4", "password"},
	}
}

// importUser stores a user with a hash made elsewhere.
func (f *fixture) importUser(t *testing.T, email, hash string) auth.User {
	t.Helper()
	u := auth.User{ID: auth.NewID(f.clock.Now()), Email: email, Password: secret.FromString(hash), PasswordVersion: 7, CreatedAt: f.clock.Now()}
	f.update(t, func(tx *store.Tx) error {
		_, err := tx.Users.Insert(t.Context(), u)
		return err
	})
	return u
}

func (f *fixture) stored(t *testing.T, u auth.User) (found auth.User) {
	t.Helper()
	f.view(t, func(tx *store.Tx) (err error) {
		found, err = tx.Users.Find(t.Context(), u.ID)
		return err
	})
	return found
}

func TestImportedHashVerifiesAndIsMadeAnewByTheFirstLogIn(t *testing.T) {
	t.Parallel()
	storetest.Engines(t, func(t *testing.T, db *store.DB) {
		f := fixtureOver(t, db, nil)
		n := 0
		for name, c := range imported() {
			n++
			email := strings.Repeat("x", n) + "@example.com"
			u := f.importUser(t, email, c.hash)
			if _, err := f.Verify(t.Context(), ask(email, c.password[:len(c.password)/2])); !errors.Is(err, auth.ErrCredentials) {
				t.Errorf("%s, another password: got %v, want ErrCredentials", name, err)
			}
			if got := f.stored(t, u); !got.Password.Equal(u.Password) {
				t.Errorf("%s: a failed log-in changed the hash", name)
			}
			for try := range 2 {
				e, err := f.Verify(t.Context(), ask(email, c.password))
				if err != nil {
					t.Fatalf("%s, log-in %d: %v", name, try, err)
				}
				got := f.stored(t, u)
				if anew := !auth.CutsPasswords(u.Password, secret.FromString(c.password)); f.hasher.current(got.Password) != anew || got.PasswordVersion != u.PasswordVersion {
					t.Errorf("%s: not hashed anew, or the version moved from %d to %d", name, u.PasswordVersion, got.PasswordVersion)
				}
				session, _ := f.NewSession(e.User, somebody())
				if err := f.LogIn(t.Context(), e, session, nothing); err != nil {
					t.Errorf("%s: the log-in that hashed anew fails: %v", name, err)
				}
				if u.Password = got.Password; try == 1 && !f.stored(t, u).Password.Equal(got.Password) {
					t.Errorf("%s: hashed anew again", name)
				}
			}
		}
	})
}

// bcryptOf hashes bytes as another system did.
func bcryptOf(t *testing.T, password string) string {
	t.Helper()
	h, err := bcrypt.New(bcrypt.WithCost(10))
	if err != nil {
		t.Fatal(err)
	}
	d, err := h.Hash(password)
	if err != nil {
		t.Fatal(err)
	}
	return d.Encode()
}

// bcrypt reads 72 bytes: what follows them may be mistyped, and must not become the password.
func TestPasswordThatItsHashCutsIsNotHashedAnew(t *testing.T) {
	t.Parallel()
	f := newFixture(t, nil)
	long := strings.Repeat("a long password ", 5) // 80 bytes
	u := f.importUser(t, "ann@example.com", bcryptOf(t, long[:72]))
	for _, typed := range []string{long[:72] + "mistyped", long} {
		if _, err := f.Verify(t.Context(), ask(u.Email, typed)); err != nil {
			t.Errorf("got %v, want what the other system accepted", err)
		}
		if !f.stored(t, u).Password.Equal(u.Password) {
			t.Fatal("hashed anew although nobody knows the whole password")
		}
	}
	if _, err := f.Verify(t.Context(), ask(u.Email, long[:72])); err != nil || f.stored(t, u).Password.Equal(u.Password) {
		t.Errorf("%v; 72 bytes are the whole, so they are hashed anew", err)
	}
}

func TestImportedHashMayBeOfThePasswordAsItWasTyped(t *testing.T) {
	t.Parallel()
	f := newFixture(t, nil)
	const decomposed = "cafe\u0301 au lait, please"
	u := f.importUser(t, "zoe@example.com", bcryptOf(t, decomposed))
	if _, err := f.Verify(t.Context(), ask(u.Email, "caf\u00e9 au lait, please")); !errors.Is(err, auth.ErrCredentials) {
		t.Errorf("composed: got %v, want ErrCredentials: other bytes were hashed", err)
	}
	if _, err := f.Verify(t.Context(), ask(u.Email, decomposed)); err != nil {
		t.Fatalf("as it was typed: %v", err)
	}
	if _, err := f.Verify(t.Context(), ask(u.Email, "caf\u00e9 au lait, please")); err != nil {
		t.Errorf("composed, after it was hashed anew: %v", err)
	}
}

func TestChangeOfCostHashesAnew(t *testing.T) {
	t.Parallel()
	f := newFixture(t, nil)
	ann := f.user(t, "ann@example.com")
	dearer, err := New(Needs{DB: f.db, Now: f.clock.Now, Keys: masterKeys(1), Rules: f.needs.Rules, Hashing: Hashing{Memory: 16, Passes: 2, Lanes: 1}})
	if err != nil {
		t.Fatal(err)
	}
	for range 2 {
		if _, err := dearer.Verify(t.Context(), ask(ann.Email, goodPassword)); err != nil {
			t.Fatal(err)
		}
		if got := f.stored(t, ann).Password.Reveal(); !strings.HasPrefix(got, "$argon2id$v=19$m=16,t=2,p=1$") {
			t.Errorf("the hash begins %.30s", got)
		}
	}
}

func TestHashIsNotMadeAnewOverAPasswordChangedMeanwhile(t *testing.T) {
	t.Parallel()
	f := newFixture(t, nil)
	c := imported()["bcrypt"]
	u := f.importUser(t, "ann@example.com", c.hash)
	chosen := secret.FromString("the hash of the new password")
	if _, err := f.replacePassword(t.Context(), u, chosen, PasswordChange{}, &try{}); err != nil {
		t.Fatal(err)
	}
	f.rehash(t.Context(), u, secret.FromString(c.password), seat{line: familiar})
	if !f.stored(t, u).Password.Equal(chosen) {
		t.Error("the old password came back")
	}
}

// A row that this server cannot verify, or that would cost a fortune, is one more wrong password to who asks.
func TestStoredHashThatCannotBeVerifiedIsAWrongPassword(t *testing.T) {
	t.Parallel()
	const tail = "$c29tc2FsdHNvbWVzYWx0$nf65EOgLrQMR/uIPnA4rEsF5h7TKyQwu9U1bMCHGi/4"
	f := newFixture(t, nil)
	for i, hash := range []string{
		"$argon2id$v=19$m=4294967295,t=1,p=1" + tail, "$argon2id$v=19$m=8,t=100000,p=1" + tail, "$argon2id$v=19$m=8,t=1,p=1,k=1" + tail,
		"$argon2i$v=19$m=8,t=1,p=1" + tail, "$2b$31$CCCCCCCCCCCCCCCCCCCCC.VGOzA784oUp/Z0DY336zx7pLYAy0lwK", "$2b$12$abcdefghijklmnopqrstuv",
		"$scrypt$ln=30,r=8,p=1" + tail, "$pbkdf2-sha256$999999999" + tail, "$1$salt$md5crypt", "plain", "$$$$$", "$", "$2a$05$" + strings.Repeat("!", 53),
		"$2a$05$" + strings.Repeat("9", 53),
	} {
		email := strings.Repeat("y", i+1) + "@example.com"
		u := f.importUser(t, email, hash)
		begin := time.Now()
		if _, err := f.Verify(t.Context(), ask(email, "x")); err != auth.ErrCredentials { //nolint:errorlint // not even a wrapping may differ
			t.Errorf("%s: got %v, want exactly ErrCredentials", hash, err)
		}
		if took := time.Since(begin); took > 5*time.Second {
			t.Errorf("%s: took %v", hash, took)
		}
		if e := <-f.failures; e.UserID != u.ID || (e.Detail == "") != strings.HasPrefix(hash, "$2a$05$9") {
			t.Errorf("%s: the event says %q", hash, e.Detail)
		}
	}
}

// Not parallel: it looks at what the whole process allocates.
func TestUnreadableHashCostsWhatAnyOtherDoes(t *testing.T) {
	const memory = 8 << 10 // KiB
	h := mustHasher(t, Hashing{Memory: memory, Passes: 1})
	for name, stored := range map[string]string{"nobody's": "", "unreadable": "plain", "too dear": "$2b$31$" + strings.Repeat("9", 53)} {
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		ok, err := h.matchNow(secret.FromString(stored), secret.FromString("x"))
		runtime.ReadMemStats(&after)
		if ok || (stored == "") != (err == nil) || err != nil && !errors.Is(err, errHash) {
			t.Errorf("%s: got %v, %v", name, ok, err)
		}
		if took := after.TotalAlloc - before.TotalAlloc; took < memory<<10 {
			t.Errorf("%s: took %d bytes, want those of a hash", name, took)
		}
	}
}
