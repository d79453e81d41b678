package i18n

import (
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"
	"golang.org/x/text/feature/plural"
	"golang.org/x/text/language"
)

// text is what a catalogue says for one key: one form, or several of which a number chooses.
type text struct {
	other  []part                 // the only form of a text without a number
	forms  map[plural.Form][]part // all of them; nil: there is one
	places []string               // the names of all arguments, sorted; a number that chooses the form is one
}

// part is a piece of a text: words, or the place of an argument.
type part struct {
	words string
	place string // name of the argument; empty: words
}

// counted is the argument that chooses among forms.
const counted = "n"

var placeName = regexp.MustCompile(`^[a-z]+$`)

// formNames are those of CLDR.
func formNames() map[string]plural.Form {
	return map[string]plural.Form{
		"zero": plural.Zero, "one": plural.One, "two": plural.Two, "few": plural.Few, "many": plural.Many, "other": plural.Other,
	}
}

// UnmarshalYAML reads a string, or a mapping of plural forms to strings.
func (t *text) UnmarshalYAML(node *yaml.Node) error {
	defer t.name()
	if node.Kind != yaml.MappingNode {
		var err error
		t.other, err = readText(node)
		return err
	}
	t.forms = map[plural.Form][]part{}
	for i := 0; i+1 < len(node.Content); i += 2 {
		form, known := formNames()[node.Content[i].Value]
		if _, twice := t.forms[form]; !known || twice {
			return fmt.Errorf("line %d: %q is no form of a number, or stands twice", node.Content[i].Line, node.Content[i].Value)
		}
		var err error
		if t.forms[form], err = readText(node.Content[i+1]); err != nil {
			return err
		}
	}
	t.other = t.forms[plural.Other]
	return nil
}

func readText(node *yaml.Node) ([]part, error) {
	if node.Kind != yaml.ScalarNode || node.Tag != "!!str" || node.Value == "" || strings.ContainsAny(node.Value, "\n\r") {
		return nil, fmt.Errorf("line %d: a text is one line in quotes", node.Line)
	}
	parts, err := split(node.Value)
	if err != nil {
		return nil, fmt.Errorf("line %d: %w", node.Line, err)
	}
	return parts, nil
}

// split reads "You are {name}."; there is no way to write a brace itself, and no need.
func split(s string) ([]part, error) {
	var parts []part
	for s != "" {
		words, rest, found := strings.Cut(s, "{")
		if strings.Contains(words, "}") {
			return nil, errors.New("} without {")
		}
		if words != "" {
			parts = append(parts, part{words: words})
		}
		if !found {
			break
		}
		name, after, closed := strings.Cut(rest, "}")
		if !closed || !placeName.MatchString(name) {
			return nil, errors.New("a placeholder is {name}, in small letters")
		}
		parts, s = append(parts, part{place: name}), after
	}
	return parts, nil
}

// plain tells whether the text needs no argument, and what it is then.
func (t text) plain() (string, bool) {
	if t.forms == nil && len(t.other) == 1 && t.other[0].place == "" {
		return t.other[0].words, true
	}
	return "", false
}

// name fills places.
func (t *text) name() {
	if t.chooses() {
		t.places = append(t.places, counted)
	}
	add := func(parts []part) {
		for _, p := range parts {
			if p.place != "" && !slices.Contains(t.places, p.place) {
				t.places = append(t.places, p.place)
			}
		}
	}
	add(t.other)
	for _, parts := range t.forms {
		add(parts)
	}
	slices.Sort(t.places)
}

// chooses tells whether a number chooses among forms.
func (t text) chooses() bool { return t.forms != nil }

// lacks names a form that the numbers of a language need and the text does not have; "" for none.
func (t text) lacks(tag language.Tag) string {
	switch {
	case t.other == nil:
		return "other"
	case !t.chooses():
		return ""
	}
	for n := range 200 { // every rule of CLDR for whole numbers repeats within that
		form := formOf(tag, n)
		if _, ok := t.forms[form]; !ok {
			for name, f := range formNames() {
				if f == form {
					return name
				}
			}
		}
	}
	return ""
}

func formOf(tag language.Tag, n int) plural.Form {
	return plural.Cardinal.MatchPlural(tag, n, 0, 0, 0, 0)
}
