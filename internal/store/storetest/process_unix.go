//go:build unix

package storetest

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"os/user"
	"strconv"
	"strings"
	"syscall"
)

// serverOwner returns the user that must run the server: nil, which is ourselves, unless we are root, whom PostgreSQL
// refuses.
func serverOwner() (*owner, error) {
	if os.Geteuid() != 0 {
		return nil, nil // ourselves
	}
	for _, name := range []string{"postgres", "nobody"} {
		u, err := user.Lookup(name)
		if err != nil {
			continue
		}
		uid, err1 := strconv.ParseUint(u.Uid, 10, 32)
		gid, err2 := strconv.ParseUint(u.Gid, 10, 32)
		if err := errors.Join(err1, err2); err != nil {
			return nil, fmt.Errorf("user %s: %w", name, err)
		}
		return &owner{uid: uint32(uid), gid: uint32(gid)}, nil
	}
	return nil, errors.New("PostgreSQL refuses to run as root, and there is neither a user postgres nor nobody")
}

// runAs makes cmd run as o, in a session of its own so that an interrupt typed at the terminal reaches only the test.
func runAs(cmd *exec.Cmd, o *owner) {
	detach(cmd)
	if o != nil {
		cmd.SysProcAttr.Credential = &syscall.Credential{Uid: o.uid, Gid: o.gid}
	}
}

func detach(cmd *exec.Cmd) { cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true} }

// childrenOf returns the living children of a process where the system lists them (Linux), else none.
func childrenOf(pid int) []*os.Process {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/task/%d/children", pid, pid))
	if err != nil {
		return nil
	}
	var children []*os.Process
	for field := range strings.FieldsSeq(string(text)) {
		child, err := strconv.Atoi(field)
		if err != nil {
			continue
		}
		if p, err := os.FindProcess(child); err == nil {
			children = append(children, p)
		}
	}
	return children
}
