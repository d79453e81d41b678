//go:build linux

package main

import (
	"bufio"
	"bytes"
	"io"
	"slices"
	"strings"
	"sync"
)

// journalKeeps is how many of the servers' log lines are at hand to explain a failure.
const journalKeeps = 40_000

// journal reads what the servers log: it counts verdicts and keeps the last lines.
type journal struct {
	mu       sync.Mutex
	lines    [][]byte // a ring once it is full
	next     int
	verdicts map[string]int
	callers  map[string]bool // the addresses that made a request, but for the one of all
}

func newJournal() *journal { return &journal{verdicts: map[string]int{}, callers: map[string]bool{}} }

// follow reads one stream until its end.
func (j *journal) follow(stream io.Reader) {
	scanner := bufio.NewScanner(stream)
	scanner.Buffer(make([]byte, 0, 64<<10), 1<<20)
	for scanner.Scan() {
		j.add(scanner.Bytes())
	}
	_, _ = io.Copy(io.Discard, stream) // a line too long must not block the server
}

func (j *journal) add(line []byte) {
	verdict, caller := member(line, "verdict"), member(line, "client_ip")
	line = bytes.Clone(line)
	j.mu.Lock()
	defer j.mu.Unlock()
	if verdict != "" {
		j.verdicts[verdict]++
	}
	if caller != "" && caller != "127.0.0.1" {
		j.callers[caller] = true
	}
	if len(j.lines) < journalKeeps {
		j.lines = append(j.lines, line)
		return
	}
	j.lines[j.next] = line
	j.next = (j.next + 1) % journalKeeps
}

// member finds the text of "name":"text" in a line of JSON whose values hold no quotes.
func member(line []byte, name string) string {
	_, rest, ok := bytes.Cut(line, []byte(`"`+name+`":"`))
	if !ok {
		return ""
	}
	text, _, ok := bytes.Cut(rest, []byte(`"`))
	if !ok {
		return ""
	}
	return string(text)
}

// saw tells that a request of the address was logged, and forgets it.
func (j *journal) saw(caller string) bool {
	j.mu.Lock()
	defer j.mu.Unlock()
	saw := j.callers[caller]
	delete(j.callers, caller)
	return saw
}

// about returns the kept lines that name what is asked for, oldest first, and all of them without it.
func (j *journal) about(word string) []string {
	j.mu.Lock()
	defer j.mu.Unlock()
	var found []string
	for i := range j.lines {
		line := string(j.lines[(j.next+i)%len(j.lines)])
		if strings.Contains(line, word) {
			found = append(found, line)
		}
	}
	return found
}

// causes are what the servers name as the cause of each 500, every one once.
func (j *journal) causes() []string {
	seen := map[string]bool{}
	for _, line := range j.about(`"status":500`) {
		seen["500 "+member([]byte(line), "route")+": "+member([]byte(line), "cause")] = true
	}
	return sorted(seen)
}

// tail is the end of the log, for an error message.
func (j *journal) tail(n int) string {
	all := j.about("")
	return strings.Join(all[max(0, len(all)-n):], "\n")
}

// words is the end of what a server said other than of requests: why it could not start, or a panic.
func (j *journal) words(n int) string {
	all := slices.DeleteFunc(j.about(""), func(line string) bool { return strings.Contains(line, `"msg":"request"`) })
	return strings.Join(all[max(0, len(all)-n):], "\n")
}

func (j *journal) counted() map[string]int {
	j.mu.Lock()
	defer j.mu.Unlock()
	counted := map[string]int{}
	for v, n := range j.verdicts {
		counted[v] = n
	}
	return counted
}
