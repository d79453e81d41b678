package config

import (
	"strings"

	"go.yaml.in/yaml/v3"

	"github.com/daypass/daypass/internal/auth"
)

// userMember is a standard claim as a member of an entry of users.
type userMember struct {
	Field
	read func(element, *auth.Profile)
}

// claim makes a member that is one text.
func claim(name, about string, field func(*auth.Profile) *string) userMember {
	return userMember{Field{name, about}, func(e element, p *auth.Profile) { *field(p) = e.text(name) }}
}

// userMembers are the standard claims (OpenID Connect Core 1.0 §5.1).
func userMembers() []userMember {
	return []userMember{
		claim("name", "the full name, as people write it", func(p *auth.Profile) *string { return &p.Name }),
		claim("given_name", "the given or first name", func(p *auth.Profile) *string { return &p.GivenName }),
		claim("family_name", "the family or last name", func(p *auth.Profile) *string { return &p.FamilyName }),
		claim("middle_name", "the middle name", func(p *auth.Profile) *string { return &p.MiddleName }),
		claim("nickname", "what friends say", func(p *auth.Profile) *string { return &p.Nickname }),
		claim("preferred_username", "the short name the user wants; not unique", func(p *auth.Profile) *string { return &p.PreferredUsername }),
		claim("profile", "the https address of a page about the user", func(p *auth.Profile) *string { return &p.Profile }),
		claim("picture", "the https address of a picture", func(p *auth.Profile) *string { return &p.Picture }),
		claim("website", "the https address of the user's own page", func(p *auth.Profile) *string { return &p.Website }),
		claim("gender", "any word", func(p *auth.Profile) *string { return &p.Gender }),
		claim("birthdate", "YYYY-MM-DD, 0000-MM-DD or YYYY", func(p *auth.Profile) *string { return &p.Birthdate }),
		claim("zoneinfo", "a time zone such as Europe/Paris", func(p *auth.Profile) *string { return &p.ZoneInfo }),
		claim("locale", "a language such as en-US", func(p *auth.Profile) *string { return &p.Locale }),
		claim("phone_number", "the number with its country, as in +1 (425) 555-1212", func(p *auth.Profile) *string { return &p.PhoneNumber }),
		{Field{"phone_number_verified", "true when somebody made sure that the number is the user's"}, func(e element, p *auth.Profile) { p.PhoneVerified = e.yes("phone_number_verified") }},
		{Field{"email_verified", "true when somebody made sure that the address is the user's"}, func(e element, p *auth.Profile) { p.EmailVerified = e.yes("email_verified") }},
		{Field{"address", "a section of " + strings.Join(addressNames(), ", ")}, element.address},
	}
}

func addressNames() []string {
	return []string{"formatted", "street_address", "locality", "region", "postal_code", "country"}
}

// address reads the one claim that has members of its own (OpenID Connect Core 1.0 §5.1.1).
func (e element) address(p *auth.Profile) {
	n := e.members["address"]
	if n == nil {
		return
	}
	if n.Kind != yaml.MappingNode {
		e.fault("address", "a section is expected")
		return
	}
	s := *e.setting
	s.key.Fields = nil
	for _, name := range addressNames() {
		s.key.Fields = append(s.key.Fields, Field{name, "text"})
	}
	a := element{setting: &s, name: e.name + ".address", node: n, members: map[string]*yaml.Node{}}
	a.collect()
	p.Address = &auth.Address{
		Formatted: a.text("formatted"), StreetAddress: a.text("street_address"), Locality: a.text("locality"),
		Region: a.text("region"), PostalCode: a.text("postal_code"), Country: a.text("country"),
	}
}

// profile reads the standard claims and applies the rules for them, whoever writes them.
func (e element) profile() auth.Profile {
	var p auth.Profile
	for _, m := range userMembers() {
		m.read(e, &p)
	}
	for _, f := range p.Faults() {
		e.itemFault(f.Field, -1, f.Problem)
	}
	return p
}

func userFields() []Field {
	all := []Field{
		{"email", "the address the user logs in with"},
		{"password_file", "the path of a file with the password"},
		{"password_hash", "the password's hash: `$argon2id$v=19$m=19456,t=2,p=1$SALT$KEY` up to m=262144, t=16, p=16, or one made elsewhere by bcrypt (`$2b$…`), scrypt (`$scrypt$…`) or PBKDF2 (`$pbkdf2-sha256$…`), which the first log-in replaces by argon2id"},
		{"roles", "a list of role names"},
	}
	for _, m := range userMembers() {
		all = append(all, m.Field)
	}
	return all
}
