package main

import (
	"bytes"
	"io"
	"os"
	"strconv"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// openTerminal returns both ends of a pseudo-terminal.
func openTerminal(t *testing.T) (person, program *os.File) {
	t.Helper()
	master, err := os.OpenFile("/dev/ptmx", os.O_RDWR|unix.O_NOCTTY, 0)
	if err != nil {
		t.Skipf("no pseudo-terminals here: %v", err)
	}
	t.Cleanup(func() { _ = master.Close() })
	fd := int(master.Fd())
	number, err := unix.IoctlGetInt(fd, unix.TIOCGPTN)
	if err != nil {
		t.Fatal(err)
	}
	if err := unix.IoctlSetPointerInt(fd, unix.TIOCSPTLCK, 0); err != nil {
		t.Fatal(err)
	}
	slave, err := os.OpenFile("/dev/pts/"+strconv.Itoa(number), os.O_RDWR|unix.O_NOCTTY, 0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = slave.Close() })
	return master, slave
}

func echoes(t *testing.T, terminal *os.File) bool {
	t.Helper()
	state, err := unix.IoctlGetTermios(int(terminal.Fd()), unix.TCGETS)
	if err != nil {
		t.Fatal(err)
	}
	return state.Lflag&unix.ECHO != 0
}

func TestAPromptedSecretIsNotEchoed(t *testing.T) {
	t.Parallel()
	person, terminal := openTerminal(t)
	var shown bytes.Buffer
	copied := make(chan struct{})
	go func() { defer close(copied); _, _ = io.Copy(&shown, person) }()
	var told bytes.Buffer
	p := &program{in: terminal, errOut: &told}
	typed := make(chan string, 1)
	go func() {
		s, err := p.prompt(t.Context(), "Paste it: ")
		if err != nil {
			t.Errorf("prompt: %v", err)
		}
		typed <- s.Reveal()
	}()
	for deadline := time.Now().Add(10 * time.Second); echoes(t, terminal); time.Sleep(time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatal("the terminal goes on echoing")
		}
	}
	if _, err := person.WriteString("dpr_canary\n"); err != nil {
		t.Fatal(err)
	}
	if got := <-typed; got != "dpr_canary" {
		t.Errorf("read %q", got)
	}
	if !echoes(t, terminal) {
		t.Error("the terminal was left without echo")
	}
	_ = terminal.Close() // ends the copy
	<-copied
	if strings.Contains(shown.String()+told.String(), "canary") {
		t.Errorf("the secret was echoed: %q %q", shown.String(), told.String())
	}
}
