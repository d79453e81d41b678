package storetest

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
)

const oldestMajor = 15 // docs/requirements.md

// errNoPostgres says that no usable server is installed here.
var errNoPostgres = fmt.Errorf("PostgreSQL %d or newer is not installed", oldestMajor)

// findPrograms returns the directory that holds the newest initdb and postgres: in Debian's versioned directories, which
// are not in the PATH, or in the PATH.
func findPrograms() (string, error) {
	candidates, err := filepath.Glob("/usr/lib/postgresql/*/bin")
	if err != nil {
		return "", fmt.Errorf("look for PostgreSQL: %w", err)
	}
	if path, err := exec.LookPath("postgres"); err == nil {
		// The PATH may hold a lone link to the server, so follow it to where initdb stands.
		if path, err = filepath.EvalSymlinks(path); err == nil {
			candidates = append(candidates, filepath.Dir(path))
		}
	}
	best, newest := "", 0
	for _, dir := range candidates {
		if major := majorVersion(dir); major >= oldestMajor && major > newest {
			best, newest = dir, major
		}
	}
	if best == "" {
		return "", errNoPostgres
	}
	return best, nil
}

// majorVersion returns the version of the server in dir, or 0 when there is no complete one.
func majorVersion(dir string) int {
	if _, err := os.Stat(filepath.Join(dir, "initdb")); err != nil {
		return 0
	}
	out, err := exec.Command(filepath.Join(dir, "postgres"), "--version").Output()
	if err != nil {
		return 0
	}
	return parseMajor(string(out))
}

// parseMajor reads "postgres (PostgreSQL) 15.20 (Debian 15.20-0+deb12u1)", also "17beta1" and "18devel".
func parseMajor(version string) int {
	m := regexp.MustCompile(`^postgres \(PostgreSQL\) (\d+)`).FindStringSubmatch(version)
	if m == nil {
		return 0
	}
	major, err := strconv.Atoi(m[1])
	if err != nil {
		return 0
	}
	return major
}

// makeDir makes a directory that only the server's user can enter. Its path is kept short, because the path of a Unix
// socket must fit into about 100 bytes.
func makeDir(o *owner) (string, error) {
	parent := os.TempDir()
	if o != nil || len(parent) > 60 {
		parent = "/tmp" // root's own temporary directory may be closed to the server's user
	}
	dir, err := os.MkdirTemp(parent, "daypass-pg-")
	if err != nil {
		return "", fmt.Errorf("directory for PostgreSQL: %w", err)
	}
	if o != nil {
		if err := os.Chown(dir, int(o.uid), int(o.gid)); err != nil {
			return "", errors.Join(fmt.Errorf("directory for PostgreSQL: %w", err), os.Remove(dir))
		}
	}
	return dir, nil
}

// owner is the system user that runs the server.
type owner struct{ uid, gid uint32 }
