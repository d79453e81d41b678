//go:build !linux

package main

import (
	"os/exec"
	"time"
)

const supported = false

func ownCPU() time.Duration { return 0 }

func bind(*exec.Cmd) {}
