package admin

import (
	"slices"
	"strings"

	"github.com/daypass/daypass/internal/auth"
)

// defaults fills in what was not said: an id; the code flow for a client that can be redirected to, and
// client credentials for one that cannot.
func (n *NewClient) defaults() {
	n.Name = strings.TrimSpace(n.Name)
	if n.ID == "" {
		n.ID = newClientID()
	}
	if n.Refresh == "" {
		n.Refresh = auth.RefreshFixed
		if n.Public {
			n.Refresh = auth.RefreshRotate
		}
	}
	if len(n.Grants) == 0 {
		n.Grants = auth.DefaultGrants(n.Public, n.RedirectURIs)
	}
	slices.Sort(n.Grants)
	n.Grants = slices.Compact(n.Grants)
	n.RedirectURIs, n.Scopes, n.Resources = unique(n.RedirectURIs), unique(n.Scopes), unique(n.Resources)
}

// check finds all faults at once, by the rules that hold for declared clients as well, and names them as the flags are
// named: one value each.
func (n *NewClient) check() error {
	var bad Invalid
	flags := map[string]string{"grants": "grant", "redirect_uris": "redirect_uri", "scopes": "scope", "resources": "resource"}
	for _, f := range n.client().Faults() {
		field := f.Field
		if flag, renamed := flags[field]; renamed {
			field = flag
		}
		bad.add(field, "%s", f.Problem)
	}
	return bad.orNil()
}

// client is what the order asks for, before it has a time and a secret.
func (n *NewClient) client() auth.Client {
	return auth.Client{
		ID: n.ID, Name: n.Name, Public: n.Public, Grants: n.Grants, RedirectURIs: n.RedirectURIs, Scopes: n.Scopes,
		Resources: n.Resources, Refresh: n.Refresh,
	}
}
