package e2e

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
)

// built builds the binary once per test process, with the race detector when the tests have it: what the stories do to the
// server is the best race test there is.
var built = sync.OnceValues(func() (string, error) {
	home, err := here()
	if err != nil {
		return "", err
	}
	root, err := moduleRoot()
	if err != nil {
		return "", err
	}
	binary := filepath.Join(home.dir, "daypass")
	args := []string{"build", "-o", binary}
	if raceEnabled {
		args = append(args, "-race")
	}
	cmd := exec.Command("go", append(args, "./cmd/daypass")...)
	cmd.Dir = root
	if out, err := cmd.CombinedOutput(); err != nil {
		return "", fmt.Errorf("build daypass: %w\n%s", err, out)
	}
	return binary, nil
})

// program returns the path of the built binary.
func program(t testing.TB) string {
	t.Helper()
	path, err := built()
	if err != nil {
		t.Fatal(err)
	}
	return path
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
