package main

import (
	"os/exec"
	"syscall"
	"time"
)

// supported says whether this system tells what the bench needs to know.
const supported = true

// ownCPU is the processor time of this process.
func ownCPU() time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		return 0
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// bind keeps an interrupt typed at the terminal from a child, which is stopped in order instead, and has it killed should
// this process be.
func bind(cmd *exec.Cmd) {
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true, Pdeathsig: syscall.SIGKILL}
}
