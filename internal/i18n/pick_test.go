package i18n

import (
	"strconv"
	"strings"
	"testing"
)

func TestTheLanguageIsTheFirstWishThatCanBeMet(t *testing.T) {
	t.Parallel()
	c := load(t, map[string]string{"en.yaml": english, "de.yaml": german, "pt-BR.yaml": german, "sv.yaml": german})
	list := func(s string) []string { return strings.Fields(s) }
	for name, tc := range map[string]struct{ asked, own, accept, want string }{
		"nothing":                     {"", "", "", "en"},
		"the application first":       {"de", "sv", "pt-BR", "de"},
		"then the user":               {"", "sv", "de", "sv"},
		"then the browser":            {"", "", "de", "de"},
		"a region":                    {"de-AT", "", "", "de"},
		"a region of another":         {"pt", "", "", "pt-BR"},
		"the first that is there":     {"fr ja de en", "", "", "de"},
		"in their order":              {"en de", "", "", "en"},
		"unknown ones are ignored":    {"fr", "", "de", "de"},
		"and what is none":            {"<script> xx--yy 123456789 \x00", "no language", "de", "de"},
		"case and underscore":         {"DE_de", "", "", "de"},
		"weights":                     {"", "", "fr;q=0.9, en;q=0.4, de;q=0.8", "de"},
		"not at all":                  {"", "", "de;q=0, sv;q=0.1", "sv"},
		"anything":                    {"", "", "*", "en"},
		"a header that is none":       {"", "", ";;;q=,,", "en"},
		"a header that is too long":   {"", "", "de," + strings.Repeat("fr,", 300), "en"},
		"a list that is too long":     {strings.Repeat("fr ", maxWishes) + "de", "", "sv", "sv"},
		"the base when it is asked":   {"en-GB", "de", "de", "en"},
		"English in a foreign list":   {"", "", "en-US,en;q=0.9,de;q=0.8", "en"},
		"a locale with its encoding":  {"", "de_DE.UTF-8", "sv", "sv"},
		"the header again, from mind": {"", "", "fr;q=0.9, en;q=0.4, de;q=0.8", "de"},
	} {
		if got := c.Pick(tc.accept, list(tc.asked), list(tc.own)).Language(); got != tc.want {
			t.Errorf("%s: got %s, want %s", name, got, tc.want)
		}
	}
}

// Strangers write the headers, so no number of them may fill the memory.
func TestHeadersAreRememberedUpToABound(t *testing.T) {
	t.Parallel()
	c := load(t, map[string]string{"en.yaml": english, "de.yaml": german})
	for i := range 2 * maxKnown {
		if got := c.Pick("de, x-" + strconv.Itoa(i)).Language(); got != "de" {
			t.Fatalf("header %d: got %s, want de", i, got)
		}
	}
	if len(c.known) != maxKnown {
		t.Errorf("%d headers are remembered, want %d", len(c.known), maxKnown)
	}
}
