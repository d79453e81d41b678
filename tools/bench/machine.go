package main

import (
	"bytes"
	"fmt"
	"os"
	"runtime"
	"strconv"
	"strings"
)

// machine is where a run was made.
type machine struct {
	Cores  int    `json:"cores"`
	Memory int    `json:"memory_gib"`
	Kernel string `json:"kernel"`
	Go     string `json:"go"`
	// Load is how many processes wanted to run in the minute before, other than this run's: noise.
	Load string `json:"load_before"`
}

func thisMachine() machine {
	read := func(path string) string {
		text, err := os.ReadFile(path)
		if err != nil {
			return "" // the report then lacks a word
		}
		return string(bytes.TrimSpace(text))
	}
	m := machine{Cores: runtime.NumCPU(), Kernel: read("/proc/sys/kernel/osrelease"), Go: runtime.Version()}
	m.Load, _, _ = strings.Cut(read("/proc/loadavg"), " ")
	if _, rest, found := strings.Cut(read("/proc/meminfo"), "MemTotal:"); found {
		if kib, err := strconv.Atoi(strings.Fields(rest)[0]); err == nil {
			m.Memory = (kib + 1<<19) >> 20
		}
	}
	return m
}

func (m machine) String() string {
	return fmt.Sprintf("%d cores, %d GiB, Linux %s, %s; server, database, limits and generator share them. Load average before the run: %s.",
		m.Cores, m.Memory, m.Kernel, m.Go, m.Load)
}
