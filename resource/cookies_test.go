package resource

import (
	"net/http"
	"net/http/httptest"
	"testing"
)

// TestOnlyTheExactNameOfTheCookieCounts: net/http trims names and quotes, and a neighbouring host may set what is
// trimmed.
func TestOnlyTheExactNameOfTheCookieCounts(t *testing.T) {
	t.Parallel()
	r := httptest.NewRequest(http.MethodGet, "/", nil)
	r.Header["Cookie"] = []string{"a=1; __Host-x =planted;\t__Host-x\t=planted", "__Host-x=own ; b=2"}
	if got := cookiesNamed(r, "__Host-x"); len(got) != 1 || got[0] != "own" {
		t.Errorf("got %q, want the own one alone", got)
	}
}
