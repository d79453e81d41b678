package i18n

import (
	"fmt"
	"html/template"
	"maps"
	"slices"
	"strconv"
	"strings"

	"golang.org/x/text/feature/plural"
	"golang.org/x/text/language"
)

// Catalogue is all that is said in one language. It does not change, and is safe for concurrent use.
type Catalogue struct {
	tag   language.Tag
	texts map[string]text // "section.name"
}

// Language returns the BCP 47 tag, in its canonical form.
func (c *Catalogue) Language() string { return c.tag.String() }

// Keys returns the keys of all messages, sorted.
func (c *Catalogue) Keys() []string { return slices.Sorted(maps.Keys(c.texts)) }

// Plain returns the text of a message that takes no argument; false when there is none such.
func (c *Catalogue) Plain(key string) (string, bool) { return c.texts[key].plain() }

// T says something: what is a key or a *Message. The result is a string, or template.HTML when an argument is (or was
// said in another language than the rest); both are for html/template, which escapes the one and trusts the other. A nil
// message is "". An unknown key and a missing argument are errors.
func (c *Catalogue) T(what any, args ...any) (any, error) {
	switch m := what.(type) {
	case string:
		return c.say(m, args)
	case *Message:
		switch {
		case m == nil:
			return "", nil
		case m.words != nil:
			return c.choose(m)
		case m.name != "":
			return m.name, nil
		}
		return c.say(m.key, m.args)
	}
	return nil, fmt.Errorf("i18n: a %T is nothing to say", what)
}

func (c *Catalogue) say(key string, args []any) (any, error) {
	t, ok := c.texts[key]
	if !ok {
		return nil, fmt.Errorf("i18n: there is no message %q in %s", key, c.tag)
	}
	values, err := c.values(args)
	if err != nil {
		return nil, fmt.Errorf("i18n: %s: %w", key, err)
	}
	parts := t.forms[plural.Other]
	if t.chooses() {
		n, err := strconv.Atoi(fmt.Sprint(values[counted]))
		if err != nil {
			return nil, fmt.Errorf("i18n: %s needs a number %q", key, counted)
		}
		parts = t.forms[formOf(c.tag, n)]
	}
	said, err := join(parts, values)
	if err != nil {
		return nil, fmt.Errorf("i18n: %s: %w", key, err)
	}
	return said, nil
}

// values reads the pairs.
func (c *Catalogue) values(args []any) (map[string]any, error) {
	if len(args)%2 != 0 {
		return nil, fmt.Errorf("%d arguments are not pairs of name and value", len(args))
	}
	values := make(map[string]any, len(args)/2)
	for i := 0; i < len(args); i += 2 {
		name, _ := args[i].(string)
		switch v := args[i+1].(type) {
		case string, template.HTML:
			values[name] = v
		case int:
			values[name] = strconv.Itoa(v)
		case *Message:
			said, err := c.T(v)
			if err != nil {
				return nil, err
			}
			values[name] = said
		default:
			return nil, fmt.Errorf("%q is a %T", name, v)
		}
	}
	return values, nil
}

// join puts the values in. As soon as one of them is markup, everything is, and the rest escaped.
func join(parts []part, values map[string]any) (any, error) {
	markup := false
	for _, p := range parts {
		if p.place == "" {
			continue
		}
		v, ok := values[p.place]
		if !ok {
			return nil, fmt.Errorf("the argument %q is missing", p.place)
		}
		if _, ok := v.(template.HTML); ok {
			markup = true
		}
	}
	var b strings.Builder
	for _, p := range parts {
		words := p.words
		switch v := values[p.place].(type) {
		case template.HTML:
			b.WriteString(string(v))
			continue
		case string:
			if p.place != "" {
				words = v
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
		return c.say(m.key, m.args)
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
