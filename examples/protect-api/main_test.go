package main_test

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/daypass/daypass/tools/e2e"
)

// TestTheExampleLetsOnlyAGoodTokenPass runs the example as its readers do, in front of a real `daypass dev`.
func TestTheExampleLetsOnlyAGoodTokenPass(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("builds and starts two programs")
	}
	s := e2e.Daypass(t)
	api := start(t, s.URL)
	access := logIn(t, s.URL)
	for _, row := range []struct {
		name, authorization string
		status              int
		challenge, body     string // what the reply must contain
	}{
		{"no token", "", http.StatusUnauthorized, "Bearer", ""},
		{"garbage", "Bearer garbage", http.StatusUnauthorized, `error="invalid_token"`, ""},
		{"a token with a changed signature", "Bearer " + spoil(access), http.StatusUnauthorized, `error="invalid_token"`, ""},
		{"a good token", "Bearer " + access, http.StatusOK, "", "hello "},
	} {
		status, challenge, body := ask(t, api+"/hello", row.authorization)
		if status != row.status || !strings.Contains(challenge, row.challenge) || !strings.Contains(body, row.body) {
			t.Errorf("%s: got %d, challenge %q, body %q; want %d, %q, %q", row.name, status, challenge, body, row.status, row.challenge, row.body)
		}
	}
}

// start builds the example, runs it until the test is over and returns its address once it answers.
func start(t *testing.T, issuer string) string {
	t.Helper()
	binary := filepath.Join(t.TempDir(), "protect-api")
	if out, err := exec.Command("go", "build", "-o", binary, ".").CombinedOutput(); err != nil {
		t.Fatalf("build the example: %v\n%s", err, out)
	}
	address := freeAddress(t)
	ctx, cancel := context.WithCancel(context.Background())
	cmd := exec.CommandContext(ctx, binary)
	cmd.Env = append(os.Environ(), "ISSUER="+issuer, "LISTEN="+address, "AUDIENCE=")
	var printed strings.Builder
	cmd.Stdout, cmd.Stderr = &printed, &printed
	if err := cmd.Start(); err != nil {
		cancel()
		t.Fatal(err)
	}
	t.Cleanup(func() {
		cancel()
		if _ = cmd.Wait(); t.Failed() { // killed: its exit code says nothing
			t.Logf("the example printed:\n%s", printed.String())
		}
	})
	for deadline := time.Now().Add(30 * time.Second); ; {
		conn, err := net.Dial("tcp", address)
		if err == nil {
			_ = conn.Close()
			return "http://" + address
		}
		if time.Now().After(deadline) {
			t.Fatalf("the example does not listen: %v", err)
		}
		time.Sleep(20 * time.Millisecond)
	}
}

func freeAddress(t *testing.T) string {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	if err := listener.Close(); err != nil {
		t.Fatal(err)
	}
	return listener.Addr().String()
}

// logIn gets an access token as the tour of the README does.
func logIn(t *testing.T, issuer string) string {
	t.Helper()
	body := strings.NewReader(`{"email": "demo@example.com", "password": "correct horse battery staple"}`)
	response, err := http.Post(issuer+"/v1/login", "application/json", body)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	var reply struct {
		Access string `json:"access_token"`
	}
	if err := json.NewDecoder(response.Body).Decode(&reply); err != nil || response.StatusCode != http.StatusOK || reply.Access == "" {
		t.Fatalf("log in: %s, %v", response.Status, err)
	}
	return reply.Access
}

// spoil changes the first character of a token's signature, so that it is still well made.
func spoil(token string) string {
	at := strings.LastIndex(token, ".") + 1
	other := "A"
	if token[at:at+1] == other {
		other = "B"
	}
	return token[:at] + other + token[at+1:]
}

func ask(t *testing.T, address, authorization string) (status int, challenge, body string) {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, address, nil)
	if err != nil {
		t.Fatal(err)
	}
	if authorization != "" {
		request.Header.Set("Authorization", authorization)
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	text, err := io.ReadAll(io.LimitReader(response.Body, 1<<16))
	if err = errors.Join(err, response.Body.Close()); err != nil {
		t.Fatal(err)
	}
	return response.StatusCode, response.Header.Get("WWW-Authenticate"), string(text)
}
