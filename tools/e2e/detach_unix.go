//go:build unix

package e2e

import (
	"os/exec"
	"syscall"
)

// detach gives cmd a session of its own, so that an interrupt typed at the terminal does not reach it.
func detach(cmd *exec.Cmd) { cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true} }
