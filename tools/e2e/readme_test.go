package e2e

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"
)

// TestTheTourOfTheREADMEDoesWhatItSays runs the tour line by line in one bash, as a reader who pastes it would, and
// compares what each line prints with what the README promises. A line that is new in the README is unknown here and fails.
func TestTheTourOfTheREADMEDoesWhatItSays(t *testing.T) {
	t.Parallel()
	for _, tool := range []string{"bash", "curl"} {
		if _, err := exec.LookPath(tool); err != nil {
			missing(t, tool+" is not installed")
		}
	}
	s := Daypass(t)
	lines := commands(readmeBlocks(t, "Sixty seconds with curl", "sh"))
	promises := tour()
	if len(lines) != len(promises) {
		t.Fatalf("the tour has %d lines, this test knows %d:\n%s", len(lines), len(promises), strings.Join(lines, "\n"))
	}
	dir := tempDir(t, "tour-")
	output, codes := bash(t, s, dir, lines)
	for i, p := range promises {
		if !strings.HasPrefix(lines[i], p.line) {
			t.Fatalf("line %d is %q, this test knows %q…", i+1, lines[i], p.line)
		}
		if !p.prints.MatchString(output[i]) || codes[i] != 0 {
			t.Errorf("line %d, %s\nexit code %d, printed %q, want it to match %s", i+1, lines[i], codes[i], output[i], p.prints)
		}
	}
	// The tour counts different tokens; had one of the two requests failed, it would count one as well.
	first, retry := refreshTokenIn(t, dir, "first.json"), refreshTokenIn(t, dir, "retry.json")
	if first != retry || first == refreshTokenIn(t, dir, "tokens.json") {
		t.Error("refresh and retry did not get one new successor")
	}
}

func refreshTokenIn(t *testing.T, dir, name string) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(dir, name))
	if err != nil {
		t.Fatal(err)
	}
	var got tokens
	if err := json.Unmarshal(text, &got); err != nil || got.Refresh == "" {
		t.Fatalf("%s holds no refresh token (%v), error %q", name, err, got.Error)
	}
	return got.Refresh
}

// promise is what one line of the tour prints.
type promise struct {
	line   string // how the line begins
	prints *regexp.Regexp
}

func tour() []promise {
	nothing := regexp.MustCompile(`^$`)
	return []promise{
		{"curl -s http://localhost:8080/v1/login ", nothing},
		{"ACCESS=", nothing},
		{"REFRESH=", nothing},
		{"curl -s -o /dev/null -w '%{http_code}\\n' http://localhost:8080/demo/api/hello", regexp.MustCompile(`^401\n$`)},
		{"curl -s http://localhost:8080/demo/api/hello -H ", regexp.MustCompile(`^\{"message":"Hello[^"]*","sub":"[0-9a-f-]{36}","client_id":"daypass"`)},
		{"curl -s http://localhost:8080/oauth/token ", nothing},
		{"curl -s http://localhost:8080/oauth/token ", nothing},
		{"grep -o ", regexp.MustCompile(`^\s*2 "refresh_token":"dpr_[\w-]+"\n$`)},
		{`echo "$REFRESH" | `, regexp.MustCompile(`(?s)^what +refresh token\nverdict +Replay .*\ngeneration +0\n`)},
		{"curl -s -X POST http://localhost:8080/v1/logout ", nothing},
		{"curl -s http://localhost:8080/oauth/token ", regexp.MustCompile(`^\{"error":"invalid_grant"`)},
	}
}

// TestTheProgramOfTheREADMEProtectsAnAPI builds the program as printed, with other ports, and asks it.
func TestTheProgramOfTheREADMEProtectsAnAPI(t *testing.T) {
	t.Parallel()
	s := Daypass(t)
	dir, address := tempDir(t, "readme-"), "localhost:"+freePort(t)
	text := strings.Join(readmeBlocks(t, "Protect your API", "go"), "\n")
	for old, new := range map[string]string{"http://localhost:8080": s.URL, "localhost:8081": address} {
		if !strings.Contains(text, old) {
			t.Fatalf("the program of the README does not mention %s", old)
		}
		text = strings.ReplaceAll(text, old, new)
	}
	source, binary := filepath.Join(dir, "main.go"), filepath.Join(dir, "api")
	if err := os.WriteFile(source, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	root, err := moduleRoot()
	if err != nil {
		t.Fatal(err)
	}
	build := exec.Command("go", "build", "-o", binary, source)
	build.Dir = root
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("the program of the README does not compile: %v\n%s", err, out)
	}
	background(t, exec.Command(binary))
	access := logInByProgram(t, s.URL).Access
	for authorization, want := range map[string]int{"": http.StatusUnauthorized, "Bearer nonsense": http.StatusUnauthorized, "Bearer " + access: http.StatusOK} {
		if got := getWhenUp(t, "http://"+address+"/hello", authorization); got != want {
			t.Errorf("Authorization %.14q…: status %d, want %d", authorization, got, want)
		}
	}
}

// readmeBlocks returns the fenced blocks of one language in the section of the README with this title.
func readmeBlocks(t *testing.T, title, language string) []string {
	t.Helper()
	root, err := moduleRoot()
	if err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(filepath.Join(root, "README.md"))
	if err != nil {
		t.Fatal(err)
	}
	_, section, found := strings.Cut(string(text), "\n## "+title+"\n")
	section, _, _ = strings.Cut(section, "\n## ")
	var blocks []string
	for _, m := range regexp.MustCompile("(?ms)^```"+language+"\n(.*?)^```$").FindAllStringSubmatch(section, -1) {
		blocks = append(blocks, m[1])
	}
	if !found || len(blocks) == 0 {
		t.Fatalf("the README has no %s block under %q", language, title)
	}
	return blocks
}

// commands splits blocks of shell into commands: a line each, and what a backslash continues.
func commands(blocks []string) []string {
	var all []string
	for _, line := range strings.Split(strings.ReplaceAll(strings.Join(blocks, "\n"), "\\\n", " "), "\n") {
		if line = strings.TrimSpace(line); line != "" && !strings.HasPrefix(line, "#") {
			all = append(all, line)
		}
	}
	return all
}

// bash runs lines in one shell in dir against a server and returns what each printed on both streams, and its exit code.
func bash(t *testing.T, s *Server, dir string, lines []string) (output []string, codes []int) {
	t.Helper()
	const mark = "=== end of line, exit code "
	local := strings.NewReplacer("http://localhost:8080", s.URL, "./daypass-data", s.Data, "go run ./cmd/daypass", program(t))
	var script strings.Builder
	for _, line := range lines {
		fmt.Fprintf(&script, "%s\necho \"%s$?\"\n", local.Replace(line), mark)
	}
	ctx, cancel := context.WithTimeout(t.Context(), stepTimeout)
	defer cancel()
	cmd := exec.CommandContext(ctx, "bash", "-c", script.String())
	cmd.Dir, cmd.Env = dir, cleanEnviron()
	var printed bytes.Buffer
	cmd.Stdout, cmd.Stderr = &printed, &printed
	if err := cmd.Run(); err != nil {
		t.Fatalf("bash: %v\n%s", err, printed.Bytes())
	}
	for _, piece := range strings.SplitAfter(printed.String(), mark)[1:] {
		code, _, _ := strings.Cut(piece, "\n")
		n, err := strconv.Atoi(code)
		if err != nil {
			t.Fatalf("bash printed something unexpected:\n%s", printed.Bytes())
		}
		codes = append(codes, n)
	}
	for i, piece := range strings.Split(printed.String(), mark)[:len(codes)] {
		if i > 0 {
			_, piece, _ = strings.Cut(piece, "\n")
		}
		output = append(output, piece)
	}
	return output, codes
}

// background starts a program that ends with the test, however that ends, and returns what it prints. Its environment is
// cleanEnviron, or the given one.
func background(t *testing.T, cmd *exec.Cmd, environ ...string) *lockedBuffer {
	t.Helper()
	home, err := here()
	if err != nil {
		t.Fatal(err)
	}
	printed := &lockedBuffer{}
	if environ == nil {
		environ = cleanEnviron()
	}
	cmd.Stdout, cmd.Stderr, cmd.Env = printed, printed, environ
	detach(cmd)
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	if err := home.guard(cmd.Process.Pid); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
		if err := home.unguard(cmd.Process.Pid); err != nil {
			t.Error(err)
		}
		if t.Failed() {
			t.Logf("%s printed:\n%s", cmd.Path, printed.String())
		}
	})
	return printed
}

// getWhenUp asks until the program listens, and returns the status of its first answer.
func getWhenUp(t *testing.T, address, authorization string) (status int) {
	t.Helper()
	err := poll(t.Context(), func(ctx context.Context) (bool, error) {
		request, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
		if err != nil {
			return false, err
		}
		if authorization != "" {
			request.Header.Set("Authorization", authorization)
		}
		response, err := (&http.Client{Timeout: 10 * time.Second}).Do(request)
		if err != nil {
			return false, err
		}
		status = response.StatusCode
		return true, response.Body.Close()
	})
	if err != nil {
		t.Fatal(err)
	}
	return status
}
