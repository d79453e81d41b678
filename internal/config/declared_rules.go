package config

import (
	"fmt"
	"slices"
	"strings"

	"github.com/daypass/daypass/internal/auth"
	"github.com/daypass/daypass/internal/secret"
	"github.com/daypass/daypass/oauth"
)

func (s *setting) users() {
	s.config.Users = nil
	s.elements(func(e element) {
		u := User{Password: e.secret("password_file"), Roles: e.list("roles", parseWord), Profile: e.profile()}
		written := e.text("email")
		email, err := auth.NormalizeEmail(written)
		switch {
		case written == "" && !e.has("email"):
			e.fault("email", "there is no address")
		case written != "" && err != nil:
			e.fault("email", quote(written)+" is not an email address")
		case slices.ContainsFunc(s.config.Users, func(o User) bool { return email != "" && o.Email == email }):
			e.fault("email", "another entry has this address")
		}
		u.Email = email
		if e.has("password_file") == e.has("password_hash") {
			e.faults.add(e.name, e.at(e.node), "there must be a password_file or a password_hash, and not both", "one of the two")
		}
		if h := e.text("password_hash"); h != "" {
			u.PasswordHash = secret.FromString(h)
			if why := auth.PasswordHashFault(u.PasswordHash); why != "" {
				e.fault("password_hash", why)
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
			Grants: e.texts("grants"), RedirectURIs: e.texts("redirect_uris"), Scopes: e.texts("scopes"),
			Resources: e.texts("resources"), Refresh: e.text("refresh"), FirstParty: e.yes("first_party"), Metadata: e.metadata(),
		}
		if c.Name == "" {
			c.Name = c.ID
		}
		switch {
		case c.ID == auth.FirstPartyClient:
			e.fault("id", "this is the built-in client")
		case c.ID != "" && slices.ContainsFunc(s.config.Clients, func(o Client) bool { return o.ID == c.ID }):
			e.fault("id", "another entry has this id")
		}
		e.checkSecret(c)
		e.checkClient(c)
		s.config.Clients = append(s.config.Clients, c)
	})
}

func (e element) checkSecret(c Client) {
	switch {
	case c.Public && e.has("secret_file"):
		e.fault("secret_file", "a public client has no secret")
	case c.Metadata.AuthMethod == oauth.AuthPrivateKeyJWT && e.has("secret_file"):
		e.fault("secret_file", "a client that signs by a key of its own has no secret")
	case c.Metadata.AuthMethod == oauth.AuthPrivateKeyJWT:
	case !c.Public && !e.has("secret_file"):
		e.faults.add(e.name, e.at(e.node), "the client has no secret and is not public", "secret_file, or public: true")
	case !c.Secret.IsZero() && len(c.Secret.Bytes()) < 32:
		// Client secrets are stored as plain SHA-256, which only randomness protects (design §6).
		e.fault("secret_file", "the secret has fewer than 32 characters")
	}
}

// checkClient applies the rules for every client, whoever registers it.
func (e element) checkClient(c Client) {
	ruled := auth.Client{
		ID: c.ID, Name: c.Name, Public: c.Public, RedirectURIs: c.RedirectURIs, Scopes: c.Scopes, Resources: c.Resources,
		Refresh: auth.RefreshPolicy(c.Refresh), Metadata: c.Metadata,
	}
	for _, g := range c.Grants {
		ruled.Grants = append(ruled.Grants, oauth.GrantType(g))
	}
	if len(ruled.Grants) == 0 {
		ruled.Grants = auth.DefaultGrants(c.Public, c.RedirectURIs)
	}
	for _, f := range ruled.Faults() {
		if f.Field == "name" && !e.has("name") {
			continue // the id stands in, and has faults of its own
		}
		e.itemFault(f.Field, f.Index, f.Problem)
	}
}

// itemFault reports a fault of a member, of a part of it after a dot, or, from 0 on, of an item of its list, unless something is already said of it.
func (e element) itemFault(member string, index int, problem string) {
	top, _, _ := strings.Cut(member, ".")
	name, n := e.name+"."+member, e.members[top]
	if n == nil {
		n = e.node
	}
	if index >= 0 {
		name, n = fmt.Sprintf("%s[%d]", name, index), n.Content[index]
	}
	if !e.faults.tells(name, e.at(n)) {
		e.faults.add(name, e.at(n), problem, e.about(top))
	}
}

// parseResource never repeats a URI that may hold a password.
func parseResource(s string) (string, string) {
	why := auth.ResourceFault(s)
	if why != "" && !strings.Contains(s, "@") {
		why = quote(s) + ": " + why
	}
	return s, why
}

func parseWord(s string) (string, string) {
	if !isASCII(s) || len(s) > 64 {
		return "", quote(s) + " is not one word of ASCII characters"
	}
	return s, ""
}
