package pages

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/daypass/daypass/internal/auth"
	"github.com/daypass/daypass/internal/authorize"
)

// A form of another site comes without the session cookie, which SameSite=Lax holds back: whoever is signed in must not be told
// that they are out (LO-02). The question is a form of our own, with which the cookie comes.
func TestALogOutByAFormOfAnotherSiteIsAsked(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	exit := authorize.Exit{Client: auth.Client{ID: "app", Name: "App"}, URI: "https://app.example/bye", State: "s"}
	w := httptest.NewRecorder()
	s.pages.Exit(w, httptest.NewRequest(http.MethodPost, "/oauth/logout", nil), exit, false)
	page := w.Body.String()
	if w.Code != http.StatusOK || w.Header().Get("Location") != "" || !strings.Contains(page, `id="logout-confirm"`) || !strings.Contains(page, `value="https://app.example/bye"`) {
		t.Errorf("got %d %q %s, want the question", w.Code, w.Header().Get("Location"), page)
	}
	w = httptest.NewRecorder()
	s.pages.Exit(w, httptest.NewRequest(http.MethodGet, "/oauth/logout", nil), exit, false)
	if w.Code != http.StatusSeeOther || w.Header().Get("Location") != "https://app.example/bye?state=s" {
		t.Errorf("a link, with which a cookie would come: got %d %q", w.Code, w.Header().Get("Location"))
	}
}
