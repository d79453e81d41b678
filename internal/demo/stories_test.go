package demo_test

import (
	"context"
	"math"
	"strings"
	"testing"
	"time"

	"github.com/daypass/daypass/tools/e2e"
)

// reader is somebody at the demo page in a real browser.
type reader struct {
	t   *testing.T
	ctx context.Context //nolint:containedctx // it stands for the browser's tab, not for a deadline
}

func openDemo(t *testing.T, options ...e2e.BrowserOption) reader {
	t.Helper()
	if testing.Short() {
		t.Skip("a browser takes seconds")
	}
	x := newWorld(time.Now)
	srv := x.serve(t)
	x.issuer = srv.URL
	r := reader{t, e2e.Browser(t, options...)}
	e2e.Open(t, r.ctx, srv.URL+"/demo")
	e2e.Click(t, r.ctx, `main a[href="/login"]`)
	e2e.Fill(t, r.ctx, "username", demoEmail)
	e2e.Fill(t, r.ctx, "password", demoPassword)
	e2e.Submit(t, r.ctx, "main button[type=submit]")
	e2e.WaitVisible(t, r.ctx, `[data-story="call"]:enabled`)
	return r
}

// press runs a story to its end and returns the verdicts it told, oldest first.
func (r reader) press(story string) string {
	r.t.Helper()
	e2e.Eval[bool](r.t, r.ctx, `(document.getElementById('clear').click(), true)`)
	e2e.Click(r.t, r.ctx, `[data-story="`+story+`"]:enabled`)
	return e2e.Eval[string](r.t, r.ctx, `new Promise((done) => {
		const look = () => {
			const told = [...document.querySelectorAll('#timeline .entry')];
			if (told.length > 0 && !document.querySelector('#demo[data-busy]')) done(told.map((e) => e.dataset.verdict ?? '-').reverse().join(' '));
			else setTimeout(look, 20);
		};
		look();
	})`)
}

func (r reader) text(css string) string { return e2e.Text(r.t, r.ctx, css) }

func TestTheStoriesOfThePage(t *testing.T) {
	t.Parallel()
	r := openDemo(t)
	for _, story := range []struct{ name, verdicts, headline string }{
		{"call", "Allowed", "Alive: you hold the newest"},
		{"refresh", "Current", "Alive: you hold the newest"},
		{"lapse", "- Refused Current Allowed", "Alive: you hold the newest"},
		{"lose", "Current Replay", "Alive: you hold the newest"},
		{"lose-late", "Current - Recover", "Alive: you hold the newest"},
		{"end", "- Expired", "Dead: its time is over"},
		{"call", "Allowed", "Dead: its time is over"},
	} {
		if got := r.press(story.name); got != story.verdicts {
			t.Errorf("%s: told %q, want %q", story.name, got, story.verdicts)
		}
		if got := r.text("#refresh-line"); got != story.headline {
			t.Errorf("%s: the card says %q, want %q", story.name, got, story.headline)
		}
	}
	if got := r.text("#ended a"); got != "Sign in again" {
		t.Errorf("the end offers %q", got)
	}
	r.wantTexts(map[string]string{ // the pass was handed out before the end, so the API still takes it
		"#access-line": "The last one: its grant has ended", "#access-unit": "left",
		"#window-text": "over", "#fact-idle": "over", "#fact-absolute": "over",
	})
}

func (r reader) wantTexts(want map[string]string) {
	r.t.Helper()
	for css, text := range want {
		if got := r.text(css); got != text {
			r.t.Errorf("text of %s: got %q, want %q", css, got, text)
		}
	}
}

func TestTwoTabsBothGoOn(t *testing.T) {
	t.Parallel()
	r := openDemo(t)
	if got := r.press("tabs"); !strings.HasSuffix(got, "Current Replay") {
		t.Errorf("told %q, want Current, then Replay", got)
	}
	if got := r.text("#verdict-now"); got != "Current" {
		t.Errorf("afterwards: got %q, want Current", got)
	}
}

func TestTheGuidedTheftEndsForBoth(t *testing.T) {
	t.Parallel()
	r := openDemo(t, e2e.Viewport(390, 844), e2e.Dark())
	for i, want := range []string{"-", "Current", "-", "Current", "Reuse", "Revoked"} {
		if got := r.press("heist"); got != want {
			t.Fatalf("step %d: told %q, want %q", i+1, got, want)
		}
	}
	if got := r.text("#heist-words"); !strings.Contains(got, "You can prove yourself with the password. The thief cannot.") {
		t.Errorf("the moral: got %q", got)
	}
	if got := r.text("#ended-title"); got != "You are logged out, and so is the thief" {
		t.Errorf("the end: got %q", got)
	}
	if got := r.text("#last-link"); got != "Sign in" {
		t.Errorf("the strip on a narrow page offers %q, want Sign in", got)
	}
	if got := r.press("call"); got != "Refused" {
		t.Errorf("the pass of the revoked grant: told %q, want Refused", got)
	}
	r.wantTexts(map[string]string{
		"#access-line": "Void: its grant has ended", "#access-left": "void",
		"#window-text": "over", "#fact-idle": "over", "#fact-absolute": "over",
	})
	if got := r.text("#meaning"); !strings.Contains(got, "signatures alone") {
		t.Errorf("under the void pass: got %q, want a word on APIs that check signatures alone", got)
	}
}

func TestTheStripOnANarrowPageGivesWayToTheTimeline(t *testing.T) {
	t.Parallel()
	r := openDemo(t, e2e.Viewport(390, 844))
	r.press("call")
	for _, at := range []struct {
		css  string
		away bool
	}{{`[data-story="call"]`, false}, {"#timeline-title", true}, {`[data-story="tabs"]`, false}, {"#access", true}} {
		e2e.Eval[bool](t, r.ctx, `(document.querySelector('`+at.css+`').scrollIntoView({block: 'center', behavior: 'instant'}), true)`)
		got := e2e.Eval[bool](t, r.ctx, `new Promise((done) => setTimeout(() => done('away' in document.getElementById('last').dataset), 200))`)
		if got != at.away {
			t.Errorf("with %s in view the strip is away: got %v, want %v", at.css, got, at.away)
		}
	}
}

func TestTheTimelineOutlivesAReloadAndHoldsNoToken(t *testing.T) {
	t.Parallel()
	r := openDemo(t)
	r.press("refresh")
	stored := e2e.Eval[string](t, r.ctx, `JSON.stringify(sessionStorage) + JSON.stringify(localStorage) + document.cookie`)
	for _, secret := range []string{"dpr_", "eyJ", "daypass-access"} {
		if strings.Contains(stored, secret) {
			t.Errorf("the page's storage holds %s: %s", secret, stored)
		}
	}
	e2e.Eval[bool](t, r.ctx, `(sessionStorage.setItem('daypass-demo-timeline', JSON.stringify([
		...JSON.parse(sessionStorage.getItem('daypass-demo-timeline')),
		{at: 1, actor: '<img src=x onerror=alert(1)>', action: '<script>alert(1)</script>', verdict: 'Nonsense', status: {}, why: 7}, {at: 'never'}, null, 5])), true)`)
	e2e.Open(t, r.ctx, e2e.Location(t, r.ctx))
	e2e.WaitVisible(t, r.ctx, `[data-story="call"]:enabled`)
	if got := e2e.Eval[int](t, r.ctx, `document.querySelectorAll('#timeline .entry').length`); got != 2 {
		t.Errorf("after a reload: got %d entries, want the refresh and the planted text", got)
	}
	if e2e.Present(t, r.ctx, "#timeline img, #timeline script") {
		t.Error("text from storage became markup")
	}
}

// TestNothingMovesWhileThePageReads measures the layout shift that nobody asked for by a click (web.dev/cls: 0.1 is good).
func TestNothingMovesWhileThePageReads(t *testing.T) {
	t.Parallel()
	r := openDemo(t)
	type shift struct {
		Sum float64
		Of  []string
	}
	const script = `new Promise((done) => {
		const shift = {Sum: 0, Of: []};
		new PerformanceObserver((list) => { for (const e of list.getEntries()) if (!e.hadRecentInput) {
			shift.Sum += e.value;
			for (const s of e.sources) shift.Of.push((s.node?.className || s.node?.nodeName || '?') + ' ' +
				[s.previousRect.top, s.previousRect.height, s.currentRect.top, s.currentRect.height].map(Math.round) + ' at ' + Math.round(e.startTime));
		} }).observe({type: 'layout-shift', buffered: true});
		setTimeout(() => done(shift), 300);
	})`
	// A shift of the page's own making shows at every load; one that a starved machine causes between two frames does not.
	const loads = 3
	var got shift
	for range loads {
		if got = e2e.Eval[shift](t, r.ctx, script); got.Sum <= 0.02 {
			return
		}
		e2e.Open(t, r.ctx, e2e.Location(t, r.ctx))
		e2e.WaitVisible(t, r.ctx, `[data-story="call"]:enabled`)
	}
	t.Errorf("layout shift: got %.3f at the last of %d loads, want at most 0.02; moved: %s", got.Sum, loads, strings.Join(got.Of, "; "))
}

// TestThePlaceholdersAreAsHighAsTheCards compares each card with the one that stood there before the state was read: a row
// too few is too small a shift for the sum above, and still a jump.
func TestThePlaceholdersAreAsHighAsTheCards(t *testing.T) {
	t.Parallel()
	for name, option := range map[string]e2e.BrowserOption{"narrow": e2e.Viewport(390, 844), "wide": e2e.Viewport(1280, 800)} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := openDemo(t, option)
			grown := e2e.Eval[map[string]float64](t, r.ctx, `(async () => {
				const height = (id) => document.getElementById(id).getBoundingClientRect().height;
				const live = {access: height('access'), refresh: height('refresh')};
				const before = new DOMParser().parseFromString(await (await fetch('/demo')).text(), 'text/html');
				document.querySelector('.cards').replaceWith(before.querySelector('.cards'));
				return {access: live.access - height('access'), refresh: live.refresh - height('refresh')};
			})()`)
			for card, pixels := range grown {
				if math.Abs(pixels) > 1 {
					t.Errorf("the %s card grows by %.1f pixels when it becomes live", card, pixels)
				}
			}
		})
	}
}

func TestNothingIsWiderThanThePage(t *testing.T) {
	t.Parallel()
	r := openDemo(t, e2e.Viewport(320, 640)) // WCAG 2.2 §1.4.10 Reflow
	base := strings.TrimSuffix(e2e.Location(t, r.ctx), "/demo")
	for _, path := range []string{"/demo", "/account", "/logout", "/", "/login", "/signup", "/nowhere"} {
		e2e.Open(t, r.ctx, base+path)
		if got := e2e.Eval[int](t, r.ctx, `document.documentElement.scrollWidth - 320`); got > 0 {
			t.Errorf("%s: %d pixels stick out at 320", path, got)
		}
	}
}

func TestEverythingButTheLivePartsWorksWithoutJavaScript(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("a browser takes seconds")
	}
	srv := newWorld(time.Now).serve(t)
	ctx := e2e.Browser(t, e2e.WithoutJavaScript())
	e2e.Open(t, ctx, srv.URL+"/login")
	e2e.Fill(t, ctx, "username", demoEmail)
	e2e.Fill(t, ctx, "password", "wrong")
	if got := e2e.Submit(t, ctx, "main button[type=submit]"); got != 401 {
		t.Errorf("wrong password: got %d, want 401", got)
	}
	e2e.WaitText(t, ctx, "[role=alert]", "Email or password is not right.")
	e2e.Fill(t, ctx, "password", demoPassword)
	e2e.Submit(t, ctx, "main button[type=submit]")
	e2e.WaitText(t, ctx, "noscript", "need JavaScript")
	e2e.WaitText(t, ctx, "main", "What happens")
	for _, dead := range []string{"Reading…", "Nothing yet", "Press the buttons"} {
		if got := e2e.Text(t, ctx, "main"); strings.Contains(got, dead) {
			t.Errorf("without JavaScript the demo shows %q", dead)
		}
	}
	e2e.Open(t, ctx, srv.URL+"/account")
	e2e.WaitText(t, ctx, ".sessions", "This device")
	e2e.Open(t, ctx, srv.URL+"/logout")
	e2e.Submit(t, ctx, "#logout-confirm")
	e2e.WaitText(t, ctx, "h1", "Signed out")
	e2e.Open(t, ctx, srv.URL+"/signup")
	e2e.Fill(t, ctx, "username", "ann@example.com")
	e2e.Fill(t, ctx, "password", "short")
	if got := e2e.Submit(t, ctx, "main button[type=submit]"); got != 422 {
		t.Errorf("a weak password: got %d, want 422", got)
	}
}
