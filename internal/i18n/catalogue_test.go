package i18n

import (
	"fmt"
	"html/template"
	"testing"
)

func TestWhatAUserTypedIsNeverMarkup(t *testing.T) {
	t.Parallel()
	const evil = `<script>alert("x")</script>`
	de := load(t, map[string]string{"en.yaml": english, "de.yaml": `
greet: {hello: "Hallo <b> {name}", bye: "Tschüs"}
time: {days: {one: "ein Tag", other: "{n} Tage"}}
`}).Pick("de")
	got, err := de.T("greet.hello", "name", evil)
	if _, isText := got.(string); err != nil || !isText {
		t.Errorf("a text alone: got %T, %v; want a string, which html/template escapes", got, err)
	}
	got, err = de.T("greet.hello", "name", template.HTML("<strong>Ann</strong>"))
	if want := template.HTML("Hallo &lt;b&gt; <strong>Ann</strong>"); err != nil || got != want {
		t.Errorf("beside markup: got %v, %v, want %v", got, err, want)
	}
	got, err = de.Say(InWords(map[string]string{"fr": evil}, nil))
	if want := template.HTML(`<span lang="fr">&lt;script&gt;alert(&#34;x&#34;)&lt;/script&gt;</span>`); err != nil || got != want {
		t.Errorf("in another language: got %v, %v, want %v", got, err, want)
	}
	got, err = de.Say(InWords(map[string]string{"de": evil}, nil))
	if err != nil || got != evil {
		t.Errorf("in this language: got %v, %v; want a string, which html/template escapes", got, err)
	}
}

func TestAMessageIsSaidInOneLanguageThroughout(t *testing.T) {
	t.Parallel()
	c := load(t, map[string]string{"en.yaml": english, "de.yaml": german})
	m := Say("greet.hello", "name", Say("time.days", "n", 2))
	for lang, want := range map[string]string{"en": "Hello 2 days", "de": "Hallo 2 Tage"} {
		if got, err := c.Pick(lang).Say(m); err != nil || got != want {
			t.Errorf("%s: got %v, %v, want %q", lang, got, err, want)
		}
	}
	if got, err := c.Base().Say(nil); err != nil || got != "" {
		t.Errorf("nothing: got %v, %v", got, err)
	}
	if got, err := c.Base().Say(Verbatim("curl")); err != nil || got != "curl" {
		t.Errorf("a name: got %v, %v", got, err)
	}
}

func TestAMistakeInAMessageIsAnError(t *testing.T) {
	t.Parallel()
	c := load(t, map[string]string{"en.yaml": english}).Base()
	for name, m := range map[string]*Message{
		"unknown key":        Say("greet.nobody"),
		"missing argument":   Say("greet.hello"),
		"another argument":   Say("greet.hello", "nam", "Ann"),
		"half a pair":        Say("greet.hello", "name"),
		"no text":            Say("greet.hello", "name", []string{"Ann"}),
		"no number":          Say("time.days", "n", "two"),
		"within another one": Say("greet.hello", "name", Say("greet.nobody")),
	} {
		if got, err := c.Say(m); err == nil {
			t.Errorf("%s: got %v, want an error", name, got)
		}
	}
}

// Words that an operator wrote are what the user agrees to: a translation of ours never takes their place.
func TestWordsOfAnOperator(t *testing.T) {
	t.Parallel()
	c := load(t, map[string]string{"en.yaml": english, "de.yaml": german})
	ours := Say("greet.bye")
	for name, tc := range map[string]struct {
		lang      string
		words     map[string]string
		otherwise *Message
		want      string
	}{
		"own language":             {"de", map[string]string{"en": "Pay", "de": "Zahlen"}, ours, "Zahlen"},
		"near to it":               {"de", map[string]string{"en": "Pay", "de-CH": "Zahle"}, ours, "Zahle"},
		"English before ours":      {"de", map[string]string{"en": "Pay", "fr": "Payer"}, ours, `<span lang="en">Pay</span>`},
		"ours before foreign ones": {"en", map[string]string{"fr": "Payer"}, ours, "Bye"},
		"foreign before nothing":   {"en", map[string]string{"pl": "Płać", "fr": "Payer"}, nil, `<span lang="fr">Payer</span>`},
	} {
		if got, err := c.Pick(tc.lang).Say(InWords(tc.words, tc.otherwise)); err != nil || fmt.Sprint(got) != tc.want {
			t.Errorf("%s: got %v, %v, want %s", name, got, err, tc.want)
		}
	}
}
