package config

import (
	"strings"
	"testing"
)

func TestListOfRefusedPasswordsIsReadAndNeverEmpty(t *testing.T) {
	t.Parallel()
	const line = "password: {blocklist_file: list}\n"
	for name, c := range map[string]struct {
		content string
		fault   string
	}{
		"a list":    {"zebra crossing\n", ""},
		"empty":     {"", "the file holds no password"},
		"blank":     {" \n\n", "the file holds no password"},
		"not UTF-8": {"zebra\xff\n", "the file is not UTF-8"},
	} {
		for _, offline := range []bool{false, true} { // a command makes users, too
			got, err := load(line, Options{Offline: offline}, files{"list": c.content})
			if c.fault == "" && (err != nil || got.Password.Blocklist != c.content) {
				t.Errorf("%s: got %q, %v", name, got.Password.Blocklist, err)
			}
			if c.fault != "" && (err == nil || !strings.Contains(err.Error(), "password.blocklist_file (daypass.yaml:4): "+c.fault)) {
				t.Errorf("%s: got %v, want %q", name, err, c.fault)
			}
		}
	}
	if _, err := load(line, Options{}, nil); err == nil || !strings.Contains(err.Error(), "password.blocklist_file (daypass.yaml:4): the file cannot be read") {
		t.Errorf("a missing file: got %v", err)
	}
	if _, err := load("password: {blocklist_file: ''}", Options{}, nil); err == nil {
		t.Error("an empty path: want a fault")
	}
}
