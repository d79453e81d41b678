package main

import (
	"bytes"
	"encoding/json"
	"math"
	"strings"
	"testing"
)

func TestAMissIsSaidLoudly(t *testing.T) {
	t.Parallel()
	r := report{bars: map[string]bar{"cpu": {times: true, value: 2}, "size": {value: 40, unit: "MB"}}, notes: []string{"postgres: not installed"}}
	r.section = "one"
	r.beside("cpu", 300, "µs", "echo", 100)
	r.section = "two"
	r.add("size", 23.79, "MB")
	r.add("speed", 1234.5, "/s")
	var out bytes.Buffer
	if err := r.write(&out); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{
		"cpu    300 µs    100 µs (echo)  3.00   ≤ 2 ×    NO", "size   23.8 MB                         ≤ 40 MB  yes",
		"speed  1235 /s", "BAR MISSED: cpu\n", "NOT MEASURED: postgres: not installed\n",
	} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("%q is not in\n%s", want, out.String())
		}
	}
	lines := strings.Split(strings.TrimSpace(out.String()), "\n")
	var got struct {
		Missed  []string `json:"bars_missed"`
		Figures []figure `json:"figures"`
	}
	if err := json.Unmarshal([]byte(lines[len(lines)-1]), &got); err != nil || len(got.Missed) != 1 || len(got.Figures) != 3 ||
		got.Figures[0].Ratio != 3 || *got.Figures[0].Limit != 100 || *got.Figures[0].Holds || !*got.Figures[1].Holds || got.Figures[2].Holds != nil {
		t.Errorf("got %+v, %v", got, err)
	}
}

func TestNothingMissedIsSaid(t *testing.T) {
	t.Parallel()
	r := report{bars: map[string]bar{"size": {value: 40}}}
	r.add("size", 40, "MB")
	var out bytes.Buffer
	if err := r.write(&out); err != nil || !strings.Contains(out.String(), "Every bar that was measured holds.") {
		t.Errorf("got %s, %v", out.String(), err)
	}
}

func TestNumbersAreCutToWhatTheyAreWorth(t *testing.T) {
	t.Parallel()
	for in, want := range map[float64]float64{0: 0, 1234.56: 1235, 0.123456: 0.1235, 99999: 100000, math.Inf(1): 0, math.NaN(): 0, -12.3456: -12.35} {
		if got := rounded(in); got != want && !math.IsNaN(in) {
			t.Errorf("%v: got %v, want %v", in, got, want)
		}
	}
	for in, want := range map[float64]string{0: "0", 1234.5: "1234", 99.94: "99.9", 9.994: "9.99"} {
		if got := short(in); got != want {
			t.Errorf("%v: got %q, want %q", in, got, want)
		}
	}
}
