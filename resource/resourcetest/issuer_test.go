package resourcetest_test

import (
	"net/http"
	"testing"
	"time"

	"github.com/daypass/daypass/resource"
	"github.com/daypass/daypass/resource/resourcetest"
)

func TestIssuerMintsWhatItIsAskedFor(t *testing.T) {
	t.Parallel()
	issuer := resourcetest.NewIssuer()
	defer issuer.Close()
	protect, err := resource.New(issuer.URL(), issuer.Config())
	if err != nil {
		t.Fatal(err)
	}
	token, err := protect.Verify(t.Context(), issuer.Token(map[string]any{"scope": "a", "sub": "bob"}))
	if err != nil || token.Subject != "bob" || !token.HasScope("a") || token.ClientID != resourcetest.ClientID {
		t.Fatalf("got %+v, %v", token, err)
	}
	if _, err := protect.Verify(t.Context(), issuer.Token(map[string]any{"sub": nil})); err == nil {
		t.Fatal("a claim set to nil was not taken away")
	}
	old := issuer.Token(nil)
	issuer.Advance(resourcetest.Lifetime + time.Minute)
	if _, err := protect.Verify(t.Context(), old); err == nil {
		t.Fatal("the clock did not move for the protector")
	}
	if _, err := protect.Verify(t.Context(), issuer.Token(nil)); err != nil {
		t.Fatalf("the clock did not move for new tokens: %v", err)
	}
}

func TestIssuerThatIsDownServesNothing(t *testing.T) {
	t.Parallel()
	issuer := resourcetest.NewIssuer()
	defer issuer.Close()
	for down, want := range map[bool]int{true: http.StatusInternalServerError, false: http.StatusOK} {
		issuer.SetDown(down)
		res, err := http.Get(issuer.URL() + "/jwks")
		if err != nil {
			t.Fatal(err)
		}
		res.Body.Close()
		if res.StatusCode != want {
			t.Errorf("down %v: got %d", down, res.StatusCode)
		}
	}
}
