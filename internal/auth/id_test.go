package auth

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"time"
)

func TestIDsAreVersion7AndOrderedByTime(t *testing.T) {
	t.Parallel()
	last := ID{}
	for i := range 500 {
		id := NewID(noon.Add(time.Duration(i) * ms))
		s := id.String()
		if s[14] != '7' || !strings.ContainsRune("89ab", rune(s[19])) {
			t.Fatalf("%s is no UUID of version 7 (RFC 9562 §5.7)", s)
		}
		if s <= last.String() {
			t.Fatalf("%s is not after %s", s, last)
		}
		last = id
	}
	if a, b := NewID(noon), NewID(noon); a == b || a.String()[:13] != b.String()[:13] {
		t.Errorf("%s and %s of one instant: want one time and different ends", a, b)
	}
	if got := NewID(noon).String()[:13]; got != "01a20320-a200" {
		t.Errorf("time part of noon: %s", got)
	}
	if got := NewID(time.Time{}).String()[:13]; got != "00000000-0000" {
		t.Errorf("a time before 1970: %s, want zeros", got)
	}
}

func TestIDsReadOnlyWhatTheyWrite(t *testing.T) {
	t.Parallel()
	const good = "019a9f2e-7c00-7abc-8def-0123456789ab"
	id, err := ParseID(good)
	if err != nil || id.String() != good {
		t.Fatalf("%v, %v", id, err)
	}
	for _, bad := range []string{
		"", "-", good[:35], good + "0", strings.ToUpper(good), "{" + good[:34] + "}", strings.ReplaceAll(good, "-", ""),
		strings.ReplaceAll(good, "-", "_"), "019a9f2e-7c00-7abc-8def-0123456789ag", " " + good[1:], "019a9f2e7-c00-7abc-8def-0123456789ab", "urn:uuid:" + good,
	} {
		if got, err := ParseID(bad); !errors.Is(err, ErrID) || !got.IsZero() {
			t.Errorf("ParseID(%q) = %v, %v", bad, got, err)
		}
	}
	out, err := json.Marshal(id)
	if err != nil || string(out) != `"`+good+`"` {
		t.Errorf("JSON %s, %v", out, err)
	}
	var back ID
	if err := json.Unmarshal(out, &back); err != nil || back != id {
		t.Errorf("from JSON %v, %v", back, err)
	}
	if err := json.Unmarshal([]byte(`"x"`), &back); err == nil || back != id {
		t.Errorf("bad JSON: %v, id %v; want an error and no change", err, back)
	}
}
