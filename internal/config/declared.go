package config

import (
	"fmt"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"

	"github.com/daypass/daypass/internal/secret"
	"github.com/daypass/daypass/oauth"
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

func (s *setting) users() {
	s.config.Users = nil
	s.elements(func(e element) {
		u := User{Email: e.text("email"), Password: e.secret("password_file"), Roles: e.list("roles", parseWord)}
		if !plausibleEmail(u.Email) {
			e.fault("email", "there is no address")
		}
		if slices.ContainsFunc(s.config.Users, func(o User) bool { return u.Email != "" && strings.EqualFold(o.Email, u.Email) }) {
			e.fault("email", "another entry has this address")
		}
		if e.has("password_file") == e.has("password_hash") {
			e.faults.add(e.name, e.at(e.node), "there must be a password_file or a password_hash, and not both", "one of the two")
		}
		if h := e.text("password_hash"); h != "" {
			u.PasswordHash = secret.FromString(h)
			if h[0] != '$' || strings.Count(h, "$") < 3 {
				e.fault("password_hash", "the value is not a password hash")
			}
		}
		s.config.Users = append(s.config.Users, u)
	})
}

func (s *setting) clients() {
	s.config.Clients = nil
	s.elements(func(e element) {
		c := Client{
			ID: e.text("id"), Name: e.text("name"), Public: e.yes("public"), Secret: e.secret("secret_file"),
			Grants: e.list("grants", parseGrant), RedirectURIs: e.list("redirect_uris", parseURI), Scopes: e.list("scopes", parseScope),
			Resources: e.list("resources", parseURI), Refresh: e.text("refresh"), FirstParty: e.yes("first_party"),
		}
		if c.Name == "" {
			c.Name = c.ID
		}
		switch {
		case !oauth.ValidScopeToken(c.ID) || len(c.ID) > 128:
			e.fault("id", "there is no id of 1 to 128 printable ASCII characters without blanks, quotes and backslashes")
		case c.ID == "daypass":
			e.fault("id", "this is the built-in client")
		case slices.ContainsFunc(s.config.Clients, func(o Client) bool { return o.ID == c.ID }):
			e.fault("id", "another entry has this id")
		}
		e.checkKind(c)
		s.config.Clients = append(s.config.Clients, c)
	})
}

// checkKind holds what differs between public and confidential clients.
func (e element) checkKind(c Client) {
	switch {
	case c.Public && e.has("secret_file"):
		e.fault("secret_file", "a public client has no secret")
	case !c.Public && !e.has("secret_file"):
		e.faults.add(e.name, e.at(e.node), "the client has no secret and is not public", "secret_file, or public: true")
	case !c.Secret.IsZero() && len(c.Secret.Bytes()) < 32:
		// Client secrets are stored as plain SHA-256, which only randomness protects (design §6).
		e.fault("secret_file", "the secret has fewer than 32 characters")
	}
	if c.Public && slices.Contains(c.Grants, string(oauth.GrantClientCredentials)) {
		e.fault("grants", "a public client cannot use client_credentials") // RFC 6749 §4.4
	}
	switch {
	case c.Refresh != "" && c.Refresh != "rotate" && c.Refresh != "fixed":
		e.fault("refresh", quote(c.Refresh)+" is neither rotate nor fixed")
	case c.Public && c.Refresh == "fixed":
		e.fault("refresh", "the refresh tokens of a public client always rotate") // RFC 9700 §4.14.2
	}
}

func (s *setting) resources() {
	s.config.Resources = nil
	s.elements(func(e element) {
		r := Resource{URI: e.text("uri"), Name: e.text("name"), Scopes: e.list("scopes", parseScope), FirstParty: e.yes("first_party")}
		if _, problem := parseURI(r.URI); problem != "" {
			e.fault("uri", problem)
		}
		if slices.ContainsFunc(s.config.Resources, func(o Resource) bool { return o.URI == r.URI }) {
			e.fault("uri", "another entry has this uri")
		}
		if r.Name == "" {
			r.Name = r.URI
		}
		s.config.Resources = append(s.config.Resources, r)
	})
}

func parseScope(s string) (string, string) {
	if !oauth.ValidScopeToken(s) {
		return "", quote(s) + " is not a scope"
	}
	return s, ""
}

func parseWord(s string) (string, string) {
	if !isASCII(s) || len(s) > 64 {
		return "", quote(s) + " is not one word of ASCII characters"
	}
	return s, ""
}

// parseGrant lets pass what can be a grant type: a registered word or an absolute URI (RFC 6749 §4.5). Which of them
// this server offers is for the clients' registry to say.
func parseGrant(s string) (string, string) {
	if !isASCII(s) || s == "password" || s == "implicit" { // RFC 9700 §2.4, §2.1.2
		return "", quote(s) + " is not a grant type of this server"
	}
	return s, ""
}

func plausibleEmail(s string) bool {
	local, domain, found := strings.Cut(s, "@")
	return found && local != "" && domain != "" && len(s) <= 254 && !strings.ContainsAny(s, " \t\r\n\x00") && !strings.Contains(domain, "@")
}
