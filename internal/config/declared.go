package config

import (
	"fmt"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"

	"github.com/daypass/daypass/internal/secret"
)

// element is one entry of a declarative list, read member by member.
type element struct {
	*setting
	name    string // "clients[1]"
	node    *yaml.Node
	members map[string]*yaml.Node
}

// elements calls fn for each entry that is a mapping of known members.
func (s *setting) elements(fn func(element)) {
	if s.node.Kind != yaml.SequenceNode {
		s.fault("a list is expected")
		return
	}
	for i, n := range s.node.Content {
		e := element{setting: s, name: fmt.Sprintf("%s[%d]", s.key.Name, i), node: n, members: map[string]*yaml.Node{}}
		if n.Kind != yaml.MappingNode {
			s.faults.add(e.name, s.at(n), "an entry with members is expected", s.key.Accepts)
			continue
		}
		e.collect()
		fn(e)
	}
}

func (e element) collect() {
	var names []string
	for _, f := range e.key.Fields {
		names = append(names, f.Name)
	}
	for i := 0; i+1 < len(e.node.Content); i += 2 {
		k, v := e.node.Content[i], e.node.Content[i+1]
		switch {
		case k.Kind != yaml.ScalarNode || !slices.Contains(names, k.Value):
			e.faults.add(e.name+"."+k.Value, e.at(k), "there is no member of that name", instead(nearest(k.Value, names), "one of "+strings.Join(names, ", ")))
		case e.members[k.Value] != nil:
			e.faults.add(e.name+"."+k.Value, e.at(k), "the member stands there twice", "it once")
		default:
			e.members[k.Value] = v
		}
	}
}

// about returns what the reference says of a member, which doubles as what to write.
func (e element) about(member string) string {
	for _, f := range e.key.Fields {
		if f.Name == member {
			return f.About
		}
	}
	return ""
}

func (e element) fault(member, problem string) {
	n := e.members[member]
	if n == nil {
		n = e.node
	}
	e.faults.add(e.name+"."+member, e.at(n), problem, e.about(member))
}

func (e element) has(member string) bool { return e.members[member] != nil }

func (e element) text(member string) string {
	n := e.members[member]
	if n == nil {
		return ""
	}
	v, _ := e.scalar(n, e.name+"."+member, e.about(member))
	return v
}

func (e element) yes(member string) bool {
	switch v := e.text(member); v {
	case "true":
		return true
	case "", "false":
	default:
		e.fault(member, quote(v)+" is neither true nor false")
	}
	return false
}

// texts returns a list as it stands there, with "" where an item is none and has been reported.
func (e element) texts(member string) []string {
	n := e.members[member]
	if n == nil {
		return nil
	}
	if n.Kind != yaml.SequenceNode {
		e.fault(member, "a list is expected")
		return nil
	}
	all := make([]string, len(n.Content))
	for i, item := range n.Content {
		all[i], _ = e.scalar(item, fmt.Sprintf("%s.%s[%d]", e.name, member, i), e.about(member))
	}
	return all
}

func (e element) list(member string, parse func(string) (string, string)) []string {
	n := e.members[member]
	if n == nil {
		return nil
	}
	return items(e.setting, n, e.name+"."+member, e.about(member), parse)
}

func (e element) secret(member string) secret.Token {
	path := e.text(member)
	if path == "" {
		return secret.Token{}
	}
	content, problem := e.secretFile(path)
	if problem != "" {
		e.fault(member, problem)
		return secret.Token{}
	}
	return secret.FromString(content)
}
