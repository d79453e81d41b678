package main

import (
	"errors"
	"fmt"
	"os"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// tick is the unit of /proc/PID/stat: the kernel tells user space 100 a second on every architecture (USER_HZ). A process's
// sum of user and system time is exact but for that rounding.
const tick = 10 * time.Millisecond

// procStat is what the accounting needs of /proc/PID/stat (proc_pid_stat(5)).
type procStat struct {
	own    time.Duration // user and system time of the process, all its threads together
	reaped time.Duration // the same of its children that ended and were waited for
}

// parseStat reads one line of /proc/PID/stat. The name in parentheses may hold blanks and parentheses itself.
func parseStat(text string) (procStat, error) {
	_, rest, found := cutLast(text, ")")
	fields := strings.Fields(rest)
	if !found || len(fields) < 15 {
		return procStat{}, fmt.Errorf("unreadable process state %q", text)
	}
	var ticks [4]int64 // utime, stime, cutime, cstime: fields 14 to 17, the name being the second
	for i := range ticks {
		n, err := strconv.ParseInt(fields[11+i], 10, 64)
		if err != nil {
			return procStat{}, fmt.Errorf("unreadable process state: %w", err)
		}
		ticks[i] = n
	}
	return procStat{own: time.Duration(ticks[0]+ticks[1]) * tick, reaped: time.Duration(ticks[2]+ticks[3]) * tick}, nil
}

func cutLast(s, sep string) (before, after string, found bool) {
	i := strings.LastIndex(s, sep)
	if i < 0 {
		return s, "", false
	}
	return s[:i], s[i+len(sep):], true
}

// treeCPU is the processor time that a process, its descendants and those of them that have ended have used so far.
func treeCPU(pid int) (time.Duration, error) {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return 0, fmt.Errorf("processor time: %w", err)
	}
	stat, err := parseStat(string(text))
	if err != nil {
		return 0, err
	}
	total := stat.own + stat.reaped
	for _, child := range childrenOf(pid) {
		t, err := treeCPU(child)
		switch {
		case errors.Is(err, os.ErrNotExist), errors.Is(err, syscall.ESRCH):
			// It ended a moment ago, and its parent's next reading has it.
		case err != nil:
			return 0, err
		default:
			total += t
		}
	}
	return total, nil
}

// childrenOf lists the children that any thread of the process has started.
func childrenOf(pid int) []int {
	var all []int
	threads, _ := os.ReadDir(fmt.Sprintf("/proc/%d/task", pid)) // gone: no children
	for _, thread := range threads {
		text, err := os.ReadFile(fmt.Sprintf("/proc/%d/task/%s/children", pid, thread.Name()))
		if err != nil {
			continue
		}
		for field := range strings.FieldsSeq(string(text)) {
			if child, err := strconv.Atoi(field); err == nil {
				all = append(all, child)
			}
		}
	}
	return all
}

// memory is the resident memory of a process, in bytes.
type memory struct{ total, anonymous, peak int64 }

func memoryOf(pid int) (memory, error) {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		return memory{}, fmt.Errorf("memory: %w", err)
	}
	return parseStatus(string(text))
}

// parseStatus reads /proc/PID/status (proc_pid_status(5)).
func parseStatus(text string) (m memory, err error) {
	want := map[string]*int64{"VmRSS": &m.total, "RssAnon": &m.anonymous, "VmHWM": &m.peak}
	for line := range strings.Lines(text) {
		name, value, _ := strings.Cut(line, ":")
		to, wanted := want[name]
		if !wanted {
			continue
		}
		kib, err := strconv.ParseInt(strings.TrimSuffix(strings.TrimSpace(value), " kB"), 10, 64)
		if err != nil {
			return memory{}, fmt.Errorf("memory: %s: %w", name, err)
		}
		*to = kib << 10
		delete(want, name)
	}
	if len(want) > 0 {
		return memory{}, errors.New("memory: the system does not tell")
	}
	return m, nil
}
