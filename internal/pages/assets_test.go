package pages

import (
	"fmt"
	"io/fs"
	"math"
	"net/http"
	"regexp"
	"strconv"
	"strings"
	"testing"
)

func TestAssetsCarryTheirHashAndAreCachedForEver(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	s.loggedIn = true
	linked := regexp.MustCompile(`/assets/[\w.-]+`).FindAllString(s.get("/demo").Body.String(), -1)
	if len(linked) < 3 {
		t.Fatalf("the demo links %v, want stylesheet, mark and module", linked)
	}
	for _, path := range linked {
		reply := s.get(path)
		if reply.Code != http.StatusOK || reply.Header().Get("Cache-Control") != "public, max-age=31536000, immutable" ||
			reply.Header().Get("X-Content-Type-Options") != "nosniff" || reply.Body.Len() == 0 {
			t.Errorf("%s: got %d with %v", path, reply.Code, reply.Header())
		}
	}
	for _, path := range []string{"/assets/daypass.css", "/assets/daypass.AAAAAAAAAAAA.css", "/assets/..%2ftemplates%2flogin.html", "/assets/"} {
		if reply := s.get(path); reply.Code != http.StatusNotFound {
			t.Errorf("%s: got %d, want 404", path, reply.Code)
		}
	}
}

func TestAModulesHashCoversWhatItImports(t *testing.T) {
	t.Parallel()
	files := copyOf(t)
	before, err := loadAssets(files)
	if err != nil {
		t.Fatal(err)
	}
	files["modules/clock.js"].Data = append(files["modules/clock.js"].Data, "\n// another release\n"...)
	after, err := loadAssets(files)
	if err != nil {
		t.Fatal(err)
	}
	for name, same := range map[string]bool{"clock.js": false, "access.js": false, "demo.js": false, "words.js": true, "daypass.css": true} {
		if got := before.byName[name].path == after.byName[name].path; got != same {
			t.Errorf("%s keeps its name: got %v, want %v", name, got, same)
		}
	}
	for name, x := range after.byName {
		if plain := regexp.MustCompile(`from '\./[a-z-]+\.js'`).Find(x.body); plain != nil {
			t.Errorf("%s still imports by plain name: %s", name, plain)
		}
		for _, imported := range regexp.MustCompile(`/assets/[\w.-]+\.js`).FindAllString(string(x.body), -1) {
			if after.byPath[imported] == nil {
				t.Errorf("%s imports %s, which is not served", name, imported)
			}
		}
	}
}

// TestColoursAreReadable computes the contrast of every pair of text and ground in use: WCAG 2.2 AA asks 4.5 for
// text and 3 for the edges of controls.
func TestColoursAreReadable(t *testing.T) {
	t.Parallel()
	css, err := fs.ReadFile(embedded, "styles/10-base.css")
	if err != nil {
		t.Fatal(err)
	}
	light, dark, ok := strings.Cut(string(css), "@media (prefers-color-scheme: dark)")
	if !ok {
		t.Fatal("no dark colours")
	}
	pairs := []struct {
		text, ground string
		least        float64
	}{
		{"ink", "paper", 4.5},
		{"ink", "card", 4.5},
		{"ink", "sunk", 4.5},
		{"soft", "paper", 4.5},
		{"soft", "card", 4.5},
		{"soft", "sunk", 4.5},
		{"accent", "paper", 4.5},
		{"accent", "card", 4.5},
		{"on-accent", "accent", 4.5},
		{"on-accent", "accent-deep", 4.5},
		{"ink", "accent-tint", 4.5},
		{"accent", "accent-tint", 4.5},
		{"soft", "accent-tint", 4.5},
		{"ok", "ok-tint", 4.5},
		{"warn", "warn-tint", 4.5},
		{"bad", "bad-tint", 4.5},
		{"odd", "odd-tint", 4.5},
		{"ok", "card", 4.5},
		{"warn", "card", 4.5},
		{"bad", "card", 4.5},
		{"odd", "card", 4.5},
		{"card", "ok", 4.5},
		{"ink", "bad-tint", 4.5},
		{"paper", "ink", 4.5},
		{"edge", "card", 3},
		{"edge", "paper", 3},
	}
	dark, _, _ = strings.Cut(dark, "*,") // where the palette ends
	for scheme, block := range map[string]string{"light": light, "dark": dark} {
		for _, p := range pairs {
			got := contrast(t, colour(t, block, p.text), colour(t, block, p.ground))
			if got < p.least {
				t.Errorf("%s: %s on %s: contrast %.2f, want at least %.1f", scheme, p.text, p.ground, got, p.least)
			}
		}
	}
}

func colour(t *testing.T, css, name string) string {
	t.Helper()
	m := regexp.MustCompile(fmt.Sprintf(`--%s: #([0-9a-f]{6});`, name)).FindStringSubmatch(css)
	if m == nil {
		t.Fatalf("no colour --%s", name)
	}
	return m[1]
}

func contrast(t *testing.T, a, b string) float64 {
	t.Helper()
	x, y := luminance(t, a), luminance(t, b)
	return (math.Max(x, y) + 0.05) / (math.Min(x, y) + 0.05)
}

func luminance(t *testing.T, hex string) float64 {
	t.Helper()
	sum := 0.0
	for i, weight := range []float64{0.2126, 0.7152, 0.0722} {
		n, err := strconv.ParseUint(hex[2*i:2*i+2], 16, 8)
		if err != nil {
			t.Fatal(err)
		}
		c := float64(n) / 255
		if c <= 0.04045 {
			c /= 12.92
		} else {
			c = math.Pow((c+0.055)/1.055, 2.4)
		}
		sum += weight * c
	}
	return sum
}
