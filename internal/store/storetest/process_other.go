//go:build !unix

package storetest

import (
	"fmt"
	"os"
	"os/exec"
)

// serverOwner refuses: this kit supervises processes as Unix does. Elsewhere name a server in DAYPASS_TEST_POSTGRES.
func serverOwner() (*owner, error) {
	return nil, fmt.Errorf("%w in a form this system's tests can start", errNoPostgres)
}

func runAs(*exec.Cmd, *owner) {}

func detach(*exec.Cmd) {}

func childrenOf(int) []*os.Process { return nil }
