package config

import (
	"fmt"
	"net/netip"
	"strings"
	"time"

	"go.yaml.in/yaml/v3"
)

type prefix = netip.Prefix

// setting is one value for one key from one source, about to be applied.
type setting struct {
	*loader
	key    Key
	node   *yaml.Node
	source string // of the whole value
	file   string // when set, parts of the value have lines of their own
}

// at names the source of a part of the value.
func (s *setting) at(n *yaml.Node) string {
	if s.file != "" && n.Line > 0 {
		return fmt.Sprintf("%s:%d", s.file, n.Line)
	}
	return s.source
}

func (s *setting) fault(problem string) {
	s.faults.add(s.key.Name, s.source, problem, s.key.Accepts)
}

// scalar returns the text of n, or false after a fault about what the operator wrote instead.
func (s *setting) scalar(n *yaml.Node, key, write string) (string, bool) {
	problem := ""
	switch {
	case n.Kind == yaml.AliasNode:
		problem = "aliases are not read"
	case n.Kind != yaml.ScalarNode:
		problem = "one value is expected, not a list or a section"
	case n.Tag == "!!null" || n.Value == "":
		problem = "there is no value"
	default:
		return n.Value, true
	}
	s.faults.add(key, s.at(n), problem, write)
	return "", false
}

// text makes the apply function of a key with one value.
func text[T any](parse func(string) (T, string), field func(*Config) *T) func(*setting) {
	return func(s *setting) {
		raw, ok := s.scalar(s.node, s.key.Name, s.key.Accepts)
		if !ok {
			return
		}
		v, problem := parse(raw)
		if problem != "" {
			s.fault(problem)
			return
		}
		*field(&s.config) = v
	}
}

func duration(least, most time.Duration, field func(*Config) *time.Duration) func(*setting) {
	return text(func(raw string) (time.Duration, string) {
		d, problem := parseDuration(raw)
		switch {
		case problem != "":
			return 0, problem
		case d < least:
			return 0, fmt.Sprintf("%s is less than %s", raw, formatDuration(least))
		case d > most:
			return 0, fmt.Sprintf("%s is more than %s", raw, formatDuration(most))
		}
		return d, ""
	}, field)
}

// list makes the apply function of a key with a list of values; the list replaces what an earlier source said.
func list[T any](parse func(string) (T, string), field func(*Config) *[]T) func(*setting) {
	return func(s *setting) {
		*field(&s.config) = items(s, s.node, s.key.Name, s.key.Accepts, parse)
	}
}

// items reads a sequence of scalars; faulty items are reported and left out.
func items[T any](s *setting, n *yaml.Node, key, write string, parse func(string) (T, string)) []T {
	if n.Kind != yaml.SequenceNode {
		s.faults.add(key, s.at(n), "a list is expected", write)
		return nil
	}
	var all []T
	for i, item := range n.Content {
		name := fmt.Sprintf("%s[%d]", key, i)
		raw, ok := s.scalar(item, name, write)
		if !ok {
			continue
		}
		v, problem := parse(raw)
		if problem != "" {
			s.faults.add(name, s.at(item), problem, write)
			continue
		}
		all = append(all, v)
	}
	return all
}

func (s *setting) database() {
	if raw, ok := s.scalar(s.node, s.key.Name, s.key.Accepts); ok {
		s.setDatabase(raw)
	}
}

func (s *setting) databaseFile() {
	path, ok := s.scalar(s.node, s.key.Name, s.key.Accepts)
	if !ok {
		return
	}
	raw, problem := s.secretFile(path)
	if problem != "" {
		s.fault(problem)
		return
	}
	s.setDatabase(raw)
}

func (s *setting) setDatabase(raw string) {
	d, problem := parseDatabase(raw)
	if problem != "" {
		s.fault(problem)
		return
	}
	s.config.Database = d
}

// secretFile reads a file that holds one secret; one line break at its end is not part of it.
func (l *loader) secretFile(path string) (content, problem string) {
	b, err := l.read(path)
	if err != nil {
		return "", "the file cannot be read: " + readFault(err)
	}
	content = strings.TrimSuffix(strings.TrimSuffix(string(b), "\n"), "\r")
	if content == "" {
		return "", "the file is empty"
	}
	return content, ""
}
