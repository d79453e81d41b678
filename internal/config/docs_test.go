package config

import (
	"flag"
	"fmt"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
)

const (
	docsPath  = "../../docs/configuration.md"
	docsBegin = "<!-- keys: made from the table in internal/config/keys.go by `go test ./internal/config -update` -->\n"
	docsEnd   = "<!-- end of keys -->\n"
)

// reference writes the section of docs/configuration.md that is made from the table of keys.
func reference() string {
	var b strings.Builder
	b.WriteString("\n| key | default | what to write | what it is for |\n|---|---|---|---|\n")
	needed := []string{"issuer", "database", "master_key_file"}
	for _, k := range Keys() {
		preset := "none"
		switch {
		case k.Default != "":
			preset = "`" + k.Default + "`"
		case slices.Contains(needed, k.Name):
			preset = "*needed*"
		}
		fmt.Fprintf(&b, "| `%s` | %s | %s | %s |\n", k.Name, preset, k.Accepts, k.About)
	}
	for _, k := range Keys() {
		if k.Fields == nil {
			continue
		}
		fmt.Fprintf(&b, "\nAn entry of `%s`:\n\n| member | |\n|---|---|\n", k.Name)
		for _, f := range k.Fields {
			fmt.Fprintf(&b, "| `%s` | %s |\n", f.Name, f.About)
		}
	}
	b.WriteString("\n")
	return b.String()
}

// The flag is registered when the test binary starts; a package variable is how flag wants it.
var update = flag.Bool("update", false, "rewrite the reference in docs/configuration.md")

func TestTheReferenceListsEveryKeyWithItsDefault(t *testing.T) {
	page, err := os.ReadFile(docsPath)
	if err != nil {
		t.Fatal(err)
	}
	before, rest, ok1 := strings.Cut(string(page), docsBegin)
	middle, after, ok2 := strings.Cut(rest, docsEnd)
	if !ok1 || !ok2 {
		t.Fatalf("%s has lost its markers", docsPath)
	}
	if *update {
		if err := os.WriteFile(docsPath, []byte(before+docsBegin+reference()+docsEnd+after), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	if want := reference(); middle != want {
		t.Errorf("the reference is not the table's; run go test ./internal/config -update\ngot:\n%s\nwant:\n%s", middle, want)
	}
}

func TestTheDocsNameNoKeyThatDoesNotExist(t *testing.T) {
	page, err := os.ReadFile(docsPath)
	if err != nil {
		t.Fatal(err)
	}
	names := map[string]bool{}
	for _, k := range Keys() {
		names[k.Name], names[k.Env()] = true, true
		for part := range strings.SplitSeq(k.Name, ".") {
			names[part] = true
		}
		for _, f := range k.Fields {
			names[f.Name] = true
		}
	}
	// Words in code type that look like keys but are something else.
	for _, other := range []string{"_file", "DAYPASS_", "DAYPASS_TEST_", "_", "authorization_code", "refresh_token", "client_credentials", "com.example.app", "client_secret_basic", "client_secret_post", "private_key_jwt", "when_sent"} {
		names[other] = true
	}
	for _, m := range regexp.MustCompile("`([A-Za-z_][A-Za-z_]*(?:\\.[a-z_]+)*)(?::[^`]*)?`").FindAllStringSubmatch(string(page), -1) {
		series := strings.HasPrefix(m[1], "daypass_") // internal/telemetry tests those
		if strings.ContainsAny(m[1], "._") && !names[m[1]] && !series {
			t.Errorf("the docs name `%s`, which is no key", m[1])
		}
	}
	// The examples are configurations, so Load judges them.
	for _, m := range regexp.MustCompile("(?s)```yaml\n(.*?)```").FindAllStringSubmatch(string(page), -1) {
		content := m[1]
		if !strings.Contains(content, "issuer:") {
			content += "issuer: https://id.example.com\ndatabase: sqlite:x\nmaster_key_file: k\n"
		}
		if _, err := Load(Options{File: "docs.yaml", ReadFile: func(path string) ([]byte, error) {
			if path == "docs.yaml" {
				return []byte(content), nil
			}
			return []byte(strings.Repeat("s", 43) + "\n"), nil
		}}); err != nil {
			t.Errorf("an example is refused: %v\n%s", err, content)
		}
	}
}
