package secret_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"testing"

	"github.com/daypass/daypass/internal/secret"
)

// TestASecretNeverPrints walks every way a value usually reaches a log.
func TestASecretNeverPrints(t *testing.T) {
	t.Parallel()
	const canary = "canary-correct-horse"
	s := secret.FromString(canary)
	holder := struct {
		Public string
		Secret secret.Token
	}{"p", s}
	var log bytes.Buffer
	slog.New(slog.NewJSONHandler(&log, nil)).Info("m", "s", s, "h", holder)
	slog.New(slog.NewTextHandler(&log, nil)).Info("m", "s", s, "h", holder)
	out := log.String()
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%X", "%d", "%T"} {
		out += fmt.Sprintf(verb, s) + fmt.Sprintf(verb, holder) + fmt.Sprintf(verb, &holder) + fmt.Sprintf(verb, []secret.Token{s})
	}
	if b, err := json.Marshal(holder); err == nil {
		t.Errorf("json.Marshal: got %s, want an error", b)
	}
	out += s.String()
	for _, leak := range []string{canary, fmt.Sprintf("%x", canary), fmt.Sprint([]byte(canary)), "Y2FuYXJ5"} {
		if strings.Contains(out, leak) {
			t.Errorf("printed the secret as %q in %s", leak, out)
		}
	}
}

func TestEqualComparesContent(t *testing.T) {
	t.Parallel()
	a, b := secret.FromString("same"), secret.FromString("same")
	if !a.Equal(b) || a.Equal(secret.FromString("other")) || a.Equal(secret.Token{}) {
		t.Error("Equal does not compare by content")
	}
	if !(secret.Token{}).IsZero() || a.IsZero() {
		t.Error("IsZero is wrong")
	}
}

func TestSealedOpensOnlyWithItsKeyAndContext(t *testing.T) {
	t.Parallel()
	master := secret.New(secret.Random(secret.MasterSize))
	key := secret.Derive(master, "one")
	sealed, err := secret.Seal(key, []byte("plain"), "row 1")
	if err != nil {
		t.Fatal(err)
	}
	if got, err := secret.Open(key, sealed, "row 1"); err != nil || string(got) != "plain" {
		t.Fatalf("Open: got %q, %v", got, err)
	}
	changed := append([]byte{}, sealed...)
	changed[len(changed)-1] ^= 1
	for name, open := range map[string]func() ([]byte, error){
		"other context": func() ([]byte, error) { return secret.Open(key, sealed, "row 2") },
		"other purpose": func() ([]byte, error) { return secret.Open(secret.Derive(master, "two"), sealed, "row 1") },
		"changed":       func() ([]byte, error) { return secret.Open(key, changed, "row 1") },
		"cut":           func() ([]byte, error) { return secret.Open(key, sealed[:5], "row 1") },
	} {
		if got, err := open(); !errors.Is(err, secret.ErrSealed) {
			t.Errorf("%s: got %q, %v, want ErrSealed", name, got, err)
		}
	}
}
