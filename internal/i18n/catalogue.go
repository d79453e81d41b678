package i18n

import (
	"fmt"
	"html/template"
	"maps"
	"slices"
	"strconv"
	"strings"

	"golang.org/x/text/language"
)

// Catalogue is all that is said in one language. It does not change, and is safe for concurrent use.
type Catalogue struct {
	tag   language.Tag
	name  string          // of the tag
	texts map[string]text // "section.name"
}

// Language returns the BCP 47 tag, in its canonical form.
func (c *Catalogue) Language() string { return c.name }

// Keys returns the keys of all messages, sorted.
func (c *Catalogue) Keys() []string { return slices.Sorted(maps.Keys(c.texts)) }

// Plain returns the text of a message that takes no argument; false when there is none such.
func (c *Catalogue) Plain(key string) (string, bool) { return c.texts[key].plain() }

// Say puts a message into words. The result is a string, or template.HTML when a part of it is (or was said in another
// language than the rest); both are for html/template, which escapes the one and trusts the other. Nil is "". An unknown
// key and a missing argument are errors.
func (c *Catalogue) Say(m *Message) (any, error) {
	switch {
	case m == nil:
		return "", nil
	case m.words != nil:
		return c.choose(m)
	case m.name != "":
		return m.name, nil
	}
	return c.T(m.key, m.args...)
}

// T says the message of a key, with arguments as in [Say]; those may be template.HTML as well.
func (c *Catalogue) T(key string, args ...any) (any, error) {
	t, ok := c.texts[key]
	if !ok {
		return nil, fmt.Errorf("i18n: there is no message %q in %s", key, c.tag)
	}
	args, err := c.plainArgs(args)
	if err != nil {
		return nil, fmt.Errorf("i18n: %s: %w", key, err)
	}
	parts := t.other
	if t.chooses() {
		n, ok := find(args, counted).(int)
		if !ok {
			return nil, fmt.Errorf("i18n: %s needs a number %q", key, counted)
		}
		parts = t.forms[formOf(c.tag, n)]
	}
	said, err := join(parts, args)
	if err != nil {
		return nil, fmt.Errorf("i18n: %s: %w", key, err)
	}
	return said, nil
}

// plainArgs are the arguments with every message in them said.
func (c *Catalogue) plainArgs(args []any) ([]any, error) {
	if len(args)%2 != 0 {
		return nil, fmt.Errorf("%d arguments are not pairs of name and value", len(args))
	}
	plain := args
	for i := 1; i < len(args); i += 2 {
		m, ok := args[i].(*Message)
		if !ok {
			continue
		}
		if &plain[0] == &args[0] {
			plain = slices.Clone(args) // the message may be said in another language at the same time
		}
		said, err := c.Say(m)
		if err != nil {
			return nil, err
		}
		plain[i] = said
	}
	return plain, nil
}

// usual is how long a text is at most, mostly.
const usual = 128

// find returns the value of a name; nil when there is none.
func find(args []any, name string) any {
	for i := 0; i < len(args); i += 2 {
		if have, ok := args[i].(string); ok && have == name {
			return args[i+1]
		}
	}
	return nil
}

// join puts the values in. As soon as one of them is markup, everything is, and the rest escaped.
func join(parts []part, args []any) (any, error) {
	markup := false
	for i := 1; i < len(args); i += 2 {
		if _, ok := args[i].(template.HTML); ok {
			markup = true
		}
	}
	var b strings.Builder
	b.Grow(usual)
	for _, p := range parts {
		words := p.words
		if p.place != "" {
			switch v := find(args, p.place).(type) {
			case template.HTML:
				b.WriteString(string(v))
				continue
			case string:
				words = v
			case int:
				words = strconv.Itoa(v)
			default:
				return nil, fmt.Errorf("the argument %q is a %T", p.place, v)
			}
		}
		if markup {
			words = template.HTMLEscapeString(words)
		}
		b.WriteString(words)
	}
	if markup {
		return template.HTML(b.String()), nil //nolint:gosec // G203: escaped above, but for what came as template.HTML
	}
	return b.String(), nil
}

// choose picks among the words that somebody wrote. What is in another language than the page is marked as that, so that
// a screen reader speaks it right (WCAG 2.2 §3.1.2).
func (c *Catalogue) choose(m *Message) (any, error) {
	if found := written(m.words, c.tag); found != "" {
		return m.words[found], nil
	}
	found := written(m.words, language.English)
	switch {
	case found == "" && m.key != "":
		return c.T(m.key, m.args...)
	case found == "" && len(m.words) > 0:
		found = slices.Sorted(maps.Keys(m.words))[0]
	case found == "":
		return "", nil
	}
	return template.HTML(`<span lang="` + template.HTMLEscapeString(found) + `">` + template.HTMLEscapeString(m.words[found]) + `</span>`), nil //nolint:gosec // G203: escaped here
}

// written finds the words for a language: exactly it, or one of the same base, such as de-CH for de.
func written(words map[string]string, tag language.Tag) string {
	exact := tag.String()
	if words[exact] != "" {
		return exact
	}
	base, _ := tag.Base()
	for _, name := range slices.Sorted(maps.Keys(words)) {
		if other, err := language.Parse(name); err == nil && words[name] != "" {
			if b, _ := other.Base(); b == base {
				return name
			}
		}
	}
	return ""
}
