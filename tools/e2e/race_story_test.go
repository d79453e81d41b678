package e2e

import (
	"slices"
	"strings"
	"testing"
)

func TestTheButtonForTwoTabsGivesBothOneSuccessor(t *testing.T) {
	t.Parallel()
	s := Daypass(t)
	ctx := atDemo(t, s.URL)
	told := press(t, ctx, "tabs")
	if len(told) < 2 {
		t.Fatalf("told %+v, want both tabs", told)
	}
	race := told[len(told)-2:]
	wantVerdicts(t, "two tabs", race, "Current Replay")
	for _, e := range race {
		if e.Status != "HTTP 200" || !strings.HasPrefix(e.Actor, "Tab") {
			t.Errorf("got %+v, want a tab that succeeded", e)
		}
	}
	wantText(t, ctx, "#refresh-line", "Alive: you hold the newest")
	wantVerdicts(t, "call", press(t, ctx, "call"), "Allowed")
	shoot(t, ctx, "demo-two-tabs")
}

// TestTwoRealTabsThatRefreshAtOnceBothGoOn lets the requests of two tabs of one browser meet on the wire: both bear the
// same token, whatever the speed of the machine.
func TestTwoRealTabsThatRefreshAtOnceBothGoOn(t *testing.T) {
	t.Parallel()
	w := newWire(t, Daypass(t))
	first := atDemo(t, w.URL)
	second := Tab(t, first)
	Open(t, second, w.URL+"/demo")
	waitLive(t, second)
	before := [2]int{len(timeline(t, first)), len(timeline(t, second))}

	w.letMeet(2)
	Click(t, first, `[data-story="refresh"]:enabled`)
	Click(t, second, `[data-story="refresh"]:enabled`)
	got := verdicts(append(told(t, second, before[1]), told(t, first, before[0])...))
	if got != "Current Replay" && got != "Replay Current" {
		t.Errorf("the two tabs were told %q, want one Current and one Replay", got)
	}
	presented, handedOut, _ := w.seen()
	if len(presented) != 2 || presented[0] != presented[1] {
		t.Fatalf("%d requests were on the wire, want two with one token: nothing was raced", len(presented))
	}
	if len(handedOut) != 2 || handedOut[0] != handedOut[1] || handedOut[0] == presented[0] {
		t.Errorf("got %d successors, want the same new one twice", len(slices.Compact(handedOut)))
	}
	wantVerdicts(t, "the first tab goes on", press(t, first, "refresh"), "Current")
	wantVerdicts(t, "the second tab goes on", press(t, second, "refresh"), "Current")
	wantText(t, second, "#generation", "3")
}

// TestALostReplyIsMendedByPressingAgain cuts the line after the server has moved on and before the browser hears of it.
func TestALostReplyIsMendedByPressingAgain(t *testing.T) {
	t.Parallel()
	w := newWire(t, Daypass(t))
	ctx := atDemo(t, w.URL)
	w.lose(true)
	if told := press(t, ctx, "refresh"); len(told) != 1 || !strings.Contains(told[0].What, "No answer") {
		t.Errorf("told %+v, want that no answer came", told)
	}
	presented, lost, n := w.seen()
	if n == 0 || len(lost) == 0 {
		t.Fatal("no reply was lost: the story shows nothing")
	}
	wantText(t, ctx, "#refresh-line", "Alive: you are behind, a retry catches up")
	shoot(t, ctx, "demo-lost-reply")

	w.lose(false)
	wantVerdicts(t, "retry", press(t, ctx, "refresh"), "Replay")
	again, recovered, _ := w.seen()
	if len(again) != 1 || again[0] != presented[0] {
		t.Error("the retry did not present the same token")
	}
	if len(recovered) != 1 || recovered[0] != lost[0] {
		t.Error("the retry did not get the successor that was lost")
	}
	wantText(t, ctx, "#generation", "1")
	wantText(t, ctx, "#refresh-line", "Alive: you hold the newest")
}
