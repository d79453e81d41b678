package e2e

import (
	"context"
	"fmt"
	"os"
	"testing"

	"github.com/chromedp/chromedp"
)

// shoot takes pictures of the page as it stands, narrow and wide, light and dark, for people to look at: it writes
// NAME-390-light.png and so on into the directory named by DAYPASS_SCREENSHOTS, and does nothing without one. Nothing may
// stick out of the page in any of them.
func shoot(t *testing.T, ctx context.Context, name string) {
	t.Helper()
	shootAt(t, ctx, 390, name)
}

// shootAt is shoot with another width of the narrow pictures, in CSS pixels.
func shootAt(t *testing.T, ctx context.Context, narrow int64, name string) {
	t.Helper()
	if os.Getenv(EnvScreenshots) == "" {
		return
	}
	own, ok := ctx.Value(lookKey{}).(look)
	if !ok {
		t.Fatal("shoot wants a context that Browser or Tab returned")
	}
	for suffix, l := range map[string]look{
		fmt.Sprint(narrow, "-light"): {width: narrow, height: 844, mobile: true},
		fmt.Sprint(narrow, "-dark"):  {width: narrow, height: 844, mobile: true, dark: true},
		"1280-light":                 {width: 1280, height: 800},
		"1280-dark":                  {width: 1280, height: 800, dark: true},
	} {
		l.noScript = own.noScript
		run(t, ctx, "look "+suffix, appear(l))
		Eval[bool](t, ctx, "(scrollTo({top: 0, behavior: 'instant'}), true)") // what sticks to the window then lies where it begins
		settle(t, ctx)
		if got := Eval[int](t, ctx, `document.documentElement.scrollWidth - innerWidth`); got > 0 {
			t.Errorf("%s-%s: %d pixels stick out", name, suffix, got)
		}
		Screenshot(t, ctx, name+"-"+suffix)
	}
	run(t, ctx, "look as before", appear(own))
}

// settle takes every animation and transition of the page to its end.
func settle(t *testing.T, ctx context.Context) {
	t.Helper()
	Eval[bool](t, ctx, `(document.getAnimations().filter((a) => a.effect.getComputedTiming().endTime !== Infinity).forEach((a) => a.finish()), true)`)
}

// untilTrue polls a JavaScript expression until it is true; an error in between is the page being replaced.
func untilTrue(expression string) chromedp.Action[chromedp.Void] {
	return chromedp.Func(func(ctx context.Context, _ *chromedp.Target) error {
		return poll(ctx, func(ctx context.Context) (bool, error) {
			return chromedp.Run(ctx, chromedp.Evaluate[bool]("Boolean("+expression+")"))
		})
	})
}
