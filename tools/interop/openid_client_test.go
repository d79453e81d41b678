package interop

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/daypass/daypass/tools/e2e"
)

// TestOpenIDClientLogsAUserIn goes the code flow with PKCE as a public client, as one with a secret, and with a pushed
// request; each refreshes and takes its token back.
func TestOpenIDClientLogsAUserIn(t *testing.T) {
	t.Parallel()
	folder := installed(t)
	s := e2e.Daypass(t)
	for name, tc := range map[string]struct {
		flags, environ []string
	}{
		"public":       {[]string{"--public"}, nil},
		"confidential": {nil, nil},
		"pushed":       {[]string{"--require-pushed-authorization-requests"}, []string{"PUSHED=1"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			callback := "http://" + freeAddress(t) + "/callback"
			c := register(t, s, name, append(tc.flags, "--redirect-uri", callback)...)
			got := logInWithNode(t, folder, append(tc.environ, "ISSUER="+s.URL, "CLIENT_ID="+c.ID, "CLIENT_SECRET="+c.Secret, "REDIRECT_URI="+callback))
			if got.Email != e2e.DemoEmail || got.Sub == "" || got.SubRenewed != got.Sub || got.AfterRevocation != "invalid_grant" {
				t.Errorf("got %+v", got)
			}
		})
	}
}

// outcome is what login.mjs prints in the end.
type outcome struct {
	Sub             string `json:"sub"`
	Email           string `json:"email"`
	SubRenewed      string `json:"sub_renewed"`
	AfterRevocation string `json:"after_revocation"`
}

func logInWithNode(t *testing.T, folder string, environ []string) (got outcome) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, "node", "login.mjs")
	cmd.Dir, cmd.Env = folder, append(os.Environ(), environ...)
	var stderr strings.Builder
	cmd.Stderr = &stderr
	out, err := cmd.StdoutPipe()
	if err := errors.Join(err, cmd.Start()); err != nil {
		t.Fatal(err)
	}
	lines := bufio.NewReader(out)
	address, err := lines.ReadString('\n')
	if err != nil {
		t.Fatalf("node printed no address: %v, %v\n%s", err, cmd.Wait(), stderr.String())
	}
	e2e.LogInAndAllow(t, strings.TrimSpace(address))
	rest, err := io.ReadAll(lines)
	if err := errors.Join(err, cmd.Wait(), json.Unmarshal(rest, &got)); err != nil {
		t.Fatalf("node: %v, printed %q\n%s", err, rest, stderr.String())
	}
	return got
}

// unreachable is what npm says when there is no registry to ask, which is nobody's fault here.
var unreachable = regexp.MustCompile(`\b(ENOTFOUND|EAI_AGAIN|ECONNREFUSED|ECONNRESET|ETIMEDOUT|ENETUNREACH|ENOTCACHED)\b`)

// installed puts login.mjs and what it needs into a folder of the test's, by the lock file.
func installed(t *testing.T) string {
	t.Helper()
	for _, tool := range []string{"node", "npm"} {
		if _, err := exec.LookPath(tool); err != nil {
			t.Skip(tool + " is not installed (Debian: apt-get install nodejs npm)")
		}
	}
	folder := t.TempDir()
	for _, name := range []string{"package.json", "package-lock.json", ".npmrc", "login.mjs"} {
		text, err := os.ReadFile(filepath.Join("openid-client", name))
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(folder, name), text, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, "npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--prefer-offline", "--fetch-retries=1")
	cmd.Dir = folder
	if out, err := cmd.CombinedOutput(); unreachable.Match(out) {
		t.Skip("openid-client cannot be downloaded here: npm reaches no registry")
	} else if err != nil {
		t.Fatalf("npm ci: %v\n%s", err, out)
	}
	return folder
}

func freeAddress(t *testing.T) string {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = listener.Close() }()
	return listener.Addr().String()
}
