package e2e

import (
	"net/http"
	"strings"
	"testing"
	"time"
)

func TestServerAnswersStopsInOrderAndComesBack(t *testing.T) {
	t.Parallel()
	s := Daypass(t)
	for range 2 {
		if err := ask(t.Context(), s.URL+"/healthz"); err != nil {
			t.Fatal(err)
		}
		s.Stop(t)
		if err := ask(t.Context(), s.URL+"/healthz"); err == nil {
			t.Error("the stopped server still answers")
		}
		s.Start(t)
	}
	s.Kill(t)
	s.Start(t)
	if got := s.Command(t, "", "user", "list", "--json"); !strings.Contains(got, "demo@example.com") {
		t.Errorf("daypass user list: got %q, want the demo user", got)
	}
}

func TestServerStopIsQuickWhileAClientHoldsAConnection(t *testing.T) {
	t.Parallel()
	s := Daypass(t)
	client := &http.Client{Transport: &http.Transport{}, Timeout: 10 * time.Second}
	defer client.CloseIdleConnections()
	request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, s.URL+"/healthz", nil)
	if err != nil {
		t.Fatal(err)
	}
	response, err := client.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	if err := response.Body.Close(); err != nil {
		t.Fatal(err)
	}
	s.Stop(t) // fails the test itself when the idle connection keeps the server alive
}
