package config

import (
	"fmt"
	"slices"
	"time"

	"go.yaml.in/yaml/v3"

	"github.com/daypass/daypass/internal/auth"
)

// Resource is a declared protected API, as the rules of auth.Resource.Faults allow.
type Resource struct {
	URI, Name     string
	Scopes        []string
	FirstParty    bool
	Lifetime      time.Duration // 0: access_token.lifetime
	Algorithm     string        // "": access_token.algorithm
	Format        string        // "jwt", "opaque" or "" for jwt
	Introspection []string      // ids of clients
}

// Noun is the resource as the rest of the program knows it.
func (r Resource) Noun() auth.Resource {
	return auth.Resource{
		ID: r.URI, Name: r.Name, Scopes: r.Scopes, Lifetime: r.Lifetime, Algorithm: r.Algorithm,
		Format: auth.TokenFormat(r.Format), Introspection: r.Introspection,
	}
}

func resourceFields() []Field {
	return []Field{
		{"uri", "the absolute URI that names the API, the `aud` of its tokens, scheme and host in lower case"},
		{"name", "what people see; the URI when absent"},
		{"scopes", "a list of the scopes that belong to it; its tokens have no others. When absent, whatever a client may ask for"},
		{"first_party", "true to list it under first_party_resources as well"},
		{"lifetime", "how long its access tokens live, from 1m to 1h; access_token.lifetime when absent"},
		{"algorithm", "the signature of its access tokens: ES256, EdDSA, RS256 or PS256; access_token.algorithm when absent"},
		{"format", "`jwt`, which it verifies itself, or `opaque`, which it asks this server about"},
		{"introspection_clients", "a list of the clients that may ask about its tokens; when absent, every client that has it among its resources"},
	}
}

func (s *setting) resources() {
	s.config.Resources = nil
	s.elements(func(e element) {
		r := Resource{
			URI: e.text("uri"), Name: e.text("name"), Scopes: e.texts("scopes"), FirstParty: e.yes("first_party"), Lifetime: e.duration("lifetime"),
			Algorithm: e.text("algorithm"), Format: e.text("format"), Introspection: e.texts("introspection_clients"),
		}
		if r.Name == "" {
			r.Name = r.URI
		}
		for _, f := range r.Noun().Faults() {
			if f.Field == "name" && !e.has("name") {
				continue // the URI stands in, and has faults of its own
			}
			e.itemFault(f.Field, f.Index, f.Problem)
		}
		if slices.ContainsFunc(s.config.Resources, func(o Resource) bool { return o.URI == r.URI }) {
			e.fault("uri", "another entry has this uri")
		}
		s.config.Resources = append(s.config.Resources, r)
	})
}

func (e element) duration(member string) time.Duration {
	written := e.text(member)
	if written == "" {
		return 0
	}
	d, problem := parseDuration(written)
	if problem == "" && d == 0 {
		problem = quote(written) + " is no time"
	}
	if problem != "" {
		e.fault(member, problem)
		return 0
	}
	return d
}

func scopeFields() []Field {
	return []Field{
		{"name", "the scope, as clients ask for it"},
		{"words", "a section with a language on each line and what is allowed in its words, such as en: Read your files"},
		{"claims", "a list of claims about the user that it lets a client read"},
	}
}

func (s *setting) scopes() {
	s.config.Scopes = nil
	s.elements(func(e element) {
		described := auth.Scope{Name: e.text("name"), Words: e.words(), Claims: e.texts("claims")}
		for _, f := range described.Faults() {
			e.itemFault(f.Field, f.Index, f.Problem)
		}
		if slices.ContainsFunc(s.config.Scopes, func(o auth.Scope) bool { return o.Name == described.Name }) {
			e.fault("name", "another entry has this name")
		}
		s.config.Scopes = append(s.config.Scopes, described)
	})
}

// words reads a section of language: sentence.
func (e element) words() map[string]string {
	n := e.members["words"]
	if n == nil {
		return nil
	}
	if n.Kind != yaml.MappingNode {
		e.fault("words", "a section is expected")
		return nil
	}
	all := map[string]string{}
	for i := 0; i+1 < len(n.Content); i += 2 {
		k, v := n.Content[i], n.Content[i+1]
		name := fmt.Sprintf("%s.words.%s", e.name, k.Value)
		if _, twice := all[k.Value]; twice || k.Kind != yaml.ScalarNode {
			e.faults.add(name, e.at(k), "a language is expected, once", e.about("words"))
			continue
		}
		all[k.Value], _ = e.scalar(v, name, e.about("words"))
	}
	return all
}
