//go:build linux

package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

// build builds daypass into dir, with the changes given laid over its sources; the module itself is not touched.
func build(ctx context.Context, dir string, changes ...change) (string, error) {
	root, err := moduleRoot()
	if err != nil {
		return "", err
	}
	binary := filepath.Join(dir, "daypass")
	args := []string{"build", "-trimpath", "-o", binary}
	if len(changes) > 0 {
		overlay, err := writeOverlay(root, dir, changes)
		if err != nil {
			return "", err
		}
		args = append(args, "-overlay", overlay)
	}
	cmd := exec.CommandContext(ctx, "go", append(args, "./cmd/daypass")...)
	cmd.Dir, cmd.Env = root, append(cleanEnviron(), "CGO_ENABLED=0")
	if out, err := cmd.CombinedOutput(); err != nil {
		return "", fmt.Errorf("build daypass: %w\n%s", err, out)
	}
	return binary, nil
}

// change replaces one text, which must stand exactly once, in one file of the module.
type change struct{ file, old, new string }

// apply returns the text of a file, which may have been changed before, with the change.
func (c change) apply(path string) ([]byte, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	if n := bytes.Count(text, []byte(c.old)); n != 1 {
		return nil, fmt.Errorf("%s holds the text to be replaced %d times, want once: %q", c.file, n, c.old)
	}
	return bytes.Replace(text, []byte(c.old), []byte(c.new), 1), nil
}

// writeOverlay writes the changed files and the list of them that `go build -overlay` reads.
func writeOverlay(root, dir string, changes []change) (string, error) {
	replace := map[string]string{}
	for i, c := range changes {
		source := filepath.Join(root, c.file)
		from := source
		if replace[source] != "" {
			from = replace[source] // a second change of the same file
		}
		text, err := c.apply(from)
		if err != nil {
			return "", err
		}
		replace[source] = filepath.Join(dir, fmt.Sprintf("overlay%d.go", i))
		if err := os.WriteFile(replace[source], text, 0o600); err != nil {
			return "", err
		}
	}
	list, err := json.Marshal(map[string]any{"Replace": replace})
	if err != nil {
		return "", err
	}
	path := filepath.Join(dir, "overlay.json")
	return path, os.WriteFile(path, list, 0o600)
}

// moduleRoot returns the directory of Daypass's go.mod, searched upwards from the working directory.
func moduleRoot() (string, error) {
	dir, err := os.Getwd()
	if err != nil {
		return "", fmt.Errorf("find the module: %w", err)
	}
	for {
		text, err := os.ReadFile(filepath.Join(dir, "go.mod"))
		if err == nil && bytes.HasPrefix(text, []byte("module github.com/daypass/daypass\n")) {
			return dir, nil
		}
		parent := filepath.Dir(dir)
		if parent == dir {
			return "", errors.New("find the module: no go.mod of daypass above the working directory")
		}
		dir = parent
	}
}

// cleanEnviron is the environment without the settings of a Daypass that the developer may have exported.
func cleanEnviron() []string {
	var clean []string
	for _, entry := range os.Environ() {
		if !strings.HasPrefix(entry, "DAYPASS_") {
			clean = append(clean, entry)
		}
	}
	return clean
}
