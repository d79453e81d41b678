package i18n

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path"
	"slices"
	"strings"
	"sync"

	"go.yaml.in/yaml/v3"
	"golang.org/x/text/language"
)

// Catalogues are those of every language that is spoken here. They are safe for concurrent use.
type Catalogues struct {
	all     []*Catalogue // the base first
	matcher language.Matcher

	mu    sync.RWMutex
	known map[string]*Catalogue // by Accept-Language
}

// Load reads dir/TAG.yaml for every language. base is the one that all are compared with, and the one for readers who have
// none of them. All that is wrong is told at once.
func Load(files fs.FS, dir, base string) (*Catalogues, error) {
	names, err := fs.Glob(files, dir+"/*.yaml")
	if err != nil {
		return nil, fmt.Errorf("i18n: list catalogues: %w", err)
	}
	c := &Catalogues{known: map[string]*Catalogue{}}
	for _, name := range names {
		one, err := read(files, name)
		if err != nil {
			return nil, fmt.Errorf("i18n: %s: %w", name, err)
		}
		if one.Language() == base {
			c.all = slices.Insert(c.all, 0, one)
		} else {
			c.all = append(c.all, one)
		}
	}
	if len(c.all) == 0 || c.all[0].Language() != base {
		return nil, fmt.Errorf("i18n: there is no %s/%s.yaml", dir, base)
	}
	var tags []language.Tag
	var faults []error
	for _, one := range c.all {
		tags = append(tags, one.tag)
		faults = append(faults, one.compare(c.all[0])...)
	}
	c.matcher = language.NewMatcher(tags)
	return c, errors.Join(faults...)
}

func read(files fs.FS, name string) (*Catalogue, error) {
	tag, err := language.Parse(strings.TrimSuffix(path.Base(name), ".yaml"))
	if err != nil || tag.String()+".yaml" != path.Base(name) {
		return nil, errors.New("the name is no language in its canonical form, such as de or pt-BR")
	}
	body, err := fs.ReadFile(files, name)
	if err != nil {
		return nil, err
	}
	var sections map[string]map[string]text
	decoder := yaml.NewDecoder(bytes.NewReader(body))
	if err := decoder.Decode(&sections); err != nil && !errors.Is(err, io.EOF) {
		return nil, err
	}
	c := &Catalogue{tag: tag, name: tag.String(), texts: map[string]text{}}
	for section, texts := range sections {
		for key, t := range texts {
			c.texts[section+"."+key] = t
		}
	}
	return c, nil
}

// compare tells where a catalogue has other keys or placeholders than the base, or lacks a form that its numbers need.
func (c *Catalogue) compare(base *Catalogue) (faults []error) {
	fault := func(key, format string, args ...any) {
		faults = append(faults, fmt.Errorf("i18n: %s: %s: "+format, append([]any{c.tag, key}, args...)...))
	}
	for key, original := range base.texts {
		t, ok := c.texts[key]
		got, want := t.places, original.places
		if original.chooses() { // a language whose words are the same for every number need not write it
			got, want = without(got, counted), without(want, counted)
		}
		switch {
		case !ok:
			fault(key, "is missing")
		case !slices.Equal(got, want):
			fault(key, "has the placeholders %v, want %v", got, want)
		case t.lacks(c.tag) != "":
			fault(key, "lacks the form %q", t.lacks(c.tag))
		}
	}
	for key := range c.texts {
		if _, ok := base.texts[key]; !ok {
			fault(key, "is not in the catalogue of %s", base.tag)
		}
	}
	slices.SortFunc(faults, func(a, b error) int { return cmp.Compare(a.Error(), b.Error()) })
	return faults
}

func without(list []string, s string) []string {
	return slices.DeleteFunc(slices.Clone(list), func(x string) bool { return x == s })
}
