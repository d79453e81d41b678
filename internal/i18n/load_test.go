package i18n

import (
	"slices"
	"strings"
	"testing"
	"testing/fstest"
)

const english = `
greet: {hello: "Hello {name}", bye: "Bye"}
time: {days: {one: "{n} day", other: "{n} days"}}
`

const german = `
greet: {hello: "Hallo {name}", bye: "Tschüs"}
time: {days: {one: "ein Tag", other: "{n} Tage"}}
`

func files(texts map[string]string) fstest.MapFS {
	all := fstest.MapFS{}
	for name, text := range texts {
		all["messages/"+name] = &fstest.MapFile{Data: []byte(text)}
	}
	return all
}

func load(t *testing.T, texts map[string]string) *Catalogues {
	t.Helper()
	c, err := Load(files(texts), "messages", "en")
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func TestALanguageIsAFileMore(t *testing.T) {
	t.Parallel()
	polish := `
greet: {hello: "Cześć {name}", bye: "Pa"}
time: {days: {one: "{n} dzień", few: "{n} dni", many: "{n} dni", other: "{n} dnia"}}
`
	japanese := `
greet: {hello: "{name}さん、こんにちは", bye: "さようなら"}
time: {days: "{n}日"}
`
	c := load(t, map[string]string{"pl.yaml": polish, "de.yaml": german, "en.yaml": english, "ja.yaml": japanese, "README.md": "no catalogue"})
	if got, want := c.Languages(), []string{"en", "de", "ja", "pl"}; !slices.Equal(got, want) {
		t.Errorf("languages: got %v, want %v", got, want)
	}
	for _, tc := range []struct {
		lang, want string
		n          int
	}{
		{"en", "1 day", 1},
		{"en", "0 days", 0},
		{"de", "ein Tag", 1},
		{"de", "21 Tage", 21},
		{"pl", "1 dzień", 1},
		{"pl", "22 dni", 22},
		{"ja", "1日", 1},
	} {
		if got, err := c.Pick("", []string{tc.lang}).T("time.days", "n", tc.n); err != nil || got != tc.want {
			t.Errorf("%s, %d: got %v, %v, want %q", tc.lang, tc.n, got, err, tc.want)
		}
	}
}

func TestACatalogueThatDiffersStopsTheStart(t *testing.T) {
	t.Parallel()
	change := func(from, to string) string {
		if !strings.Contains(german, from) {
			t.Fatalf("%q is not in the catalogue", from)
		}
		return strings.Replace(german, from, to, 1)
	}
	for name, tc := range map[string]struct{ file, text, want string }{
		"a missing key":         {"de.yaml", change(`, bye: "Tschüs"`, ""), "greet.bye: is missing"},
		"a key too many":        {"de.yaml", change(`bye:`, `hm: "Hm", bye:`), "greet.hm: is not in the catalogue of en"},
		"another placeholder":   {"de.yaml", change(`{name}`, `{nam}`), "greet.hello: has the placeholders [nam], want [name]"},
		"no placeholder":        {"de.yaml", change(` {name}`, ``), "greet.hello: has the placeholders [], want [name]"},
		"a placeholder more":    {"de.yaml", change(`Tschüs`, `Tschüs {name}`), "greet.bye: has the placeholders [name], want []"},
		"a form missing":        {"de.yaml", change(`one: "ein Tag", `, `two: "zwei Tage", `), `time.days: lacks the form "one"`},
		"no other form":         {"de.yaml", change(`other: `, `few: `), `time.days: lacks the form "other"`},
		"an unknown form":       {"de.yaml", change(`one: `, `single: `), "is no form of a number"},
		"a form twice":          {"de.yaml", change(`one: `, `other: `), "stands twice"},
		"a broken placeholder":  {"de.yaml", change(`{name}`, `{name`), "a placeholder is {name}"},
		"a placeholder of code": {"de.yaml", change(`{name}`, `{{.Name}}`), "a placeholder is {name}"},
		"a closing brace alone": {"de.yaml", change(`Tschüs`, `Tschüs}`), "} without {"},
		"a key twice":           {"de.yaml", change(`bye:`, `hello: "Hallo {name}", bye:`), "already defined"},
		"an empty text":         {"de.yaml", change(`Tschüs`, ``), "a text is one line in quotes"},
		"a number":              {"de.yaml", change(`"Tschüs"`, `7`), "a text is one line in quotes"},
		"two lines":             {"de.yaml", change(`Tschüs`, `Tsch\nüs`), "a text is one line in quotes"},
		"no YAML":               {"de.yaml", "greet: [", "de.yaml"},
		"no language":           {"deutsch-und-so.yaml", german, "no language in its canonical form"},
		"not canonical":         {"de_AT.yaml", german, "no language in its canonical form"},
	} {
		_, err := Load(files(map[string]string{"en.yaml": english, tc.file: tc.text}), "messages", "en")
		if err == nil || !strings.Contains(err.Error(), tc.want) {
			t.Errorf("%s: got %v, want %q", name, err, tc.want)
		}
	}
	if _, err := Load(files(map[string]string{"de.yaml": german}), "messages", "en"); err == nil {
		t.Error("without the base: Load succeeded, want an error")
	}
}

func TestALoadTellsEveryFaultAtOnce(t *testing.T) {
	t.Parallel()
	_, err := Load(files(map[string]string{"en.yaml": english, "de.yaml": `greet: {hello: "Hallo"}`}), "messages", "en")
	for _, want := range []string{"greet.bye", "greet.hello", "time.days"} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v, want %s in it", err, want)
		}
	}
}
