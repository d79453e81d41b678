package main

import (
	"errors"
	"io/fs"
	"os"
	"os/exec"
	"testing"
	"time"
)

func TestStatIsReadBehindAnyName(t *testing.T) {
	t.Parallel()
	const rest = " S 1 2 3 0 -1 4194304 97 0 0 0 120 30 7 3 20 0 1 0 798179 3133440 364"
	for _, name := range []string{"(cat)", "(a b)", "(postgres: writer ))", "(x) R 9 9 9)"} {
		got, err := parseStat("4711 " + name + rest)
		want := procStat{own: 1500 * time.Millisecond, reaped: 100 * time.Millisecond}
		if err != nil || got != want {
			t.Errorf("%s: got %+v, %v, want %+v", name, got, err, want)
		}
	}
	for _, text := range []string{"", "1 (x", "1 (x) S 1", "1 (x) S 1 2 3 0 -1 4194304 97 0 0 0 a 30 7 3 20 0 1"} {
		if got, err := parseStat(text); err == nil {
			t.Errorf("%q: got %+v, want an error", text, got)
		}
	}
}

func TestStatusTellsMemory(t *testing.T) {
	t.Parallel()
	got, err := parseStatus("Name:\tx\nVmHWM:\t  300 kB\nVmRSS:\t  200 kB\nRssAnon:\t   50 kB\nRssFile:\t 150 kB\n")
	if want := (memory{total: 200 << 10, anonymous: 50 << 10, peak: 300 << 10}); err != nil || got != want {
		t.Errorf("got %+v, %v, want %+v", got, err, want)
	}
	for _, text := range []string{"", "VmRSS:\t1 kB\n", "VmHWM: 1 kB\nVmRSS: x kB\nRssAnon: 1 kB\n"} {
		if got, err := parseStatus(text); err == nil {
			t.Errorf("%q: got %+v, want an error", text, got)
		}
	}
}

// A shell whose child burns time: what the child used is counted while it lives and after it was waited for.
func TestTheTreeCountsChildrenLivingAndDead(t *testing.T) {
	if !supported {
		t.Skip("processor time is read from /proc, which this system has not")
	}
	t.Parallel()
	const burn = "i=0; while [ $i -lt 150000 ]; do i=$((i+1)); done; "
	cmd := exec.Command("/bin/sh", "-c", "/bin/sh -c '"+burn+"echo burnt; read x'; echo reaped; read x")
	stdin, err1 := cmd.StdinPipe()
	stdout, err2 := cmd.StdoutPipe()
	if err := errors.Join(err1, err2, cmd.Start()); err != nil {
		t.Fatal(err)
	}
	defer func() {
		_ = stdin.Close()
		_ = cmd.Wait()
	}()
	word := make([]byte, 16)
	for _, stage := range []string{"burnt\n", "reaped\n"} {
		n, err := stdout.Read(word)
		if err != nil || string(word[:n]) != stage {
			t.Fatalf("got %q, %v, want %q", word[:n], err, stage)
		}
		got, err := treeCPU(cmd.Process.Pid)
		if err != nil || got < 2*tick {
			t.Errorf("%q: the tree used %v, %v, want more", stage, got, err)
		}
		if _, err := stdin.Write([]byte("\n")); err != nil {
			t.Fatal(err)
		}
	}
}

func TestAProcessThatIsGoneHasNoTime(t *testing.T) {
	t.Parallel()
	if _, err := treeCPU(1 << 30); !errors.Is(err, fs.ErrNotExist) && supported {
		t.Errorf("got %v, want that it does not exist", err)
	}
	if m, err := memoryOf(os.Getpid()); supported && (err != nil || m.total < 1<<20 || m.peak < m.total || m.anonymous > m.total) {
		t.Errorf("our own memory: %+v, %v", m, err)
	}
}
