package admin

import (
	"encoding/json"
	"fmt"
	"maps"
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
	return checkClient(n.client())
}

func checkClient(c auth.Client) error { return asInvalid(c.Faults()) }

// asInvalid names the fields of lists as flags are named: one value each.
func asInvalid(faults []auth.Fault) error {
	var bad Invalid
	for _, f := range faults {
		bad.add(flagName(f.Field), "%s", f.Problem)
	}
	return bad.orNil()
}

// flagName is the flag that sets a field.
func flagName(field string) string {
	if singular, ok := map[string]string{
		"grants": "grant", "redirect_uris": "redirect_uri", "scopes": "scope", "resources": "resource", "contacts": "contact",
		"post_logout_redirect_uris": "post_logout_redirect_uri", "allowed_origins": "allowed_origin", "default_acr_values": "default_acr_value",
		"introspection_clients": "introspection_client",
	}[field]; ok {
		return singular
	}
	return field
}

// clientMembers are what an update may change, by name.
func clientMembers(c auth.Client) map[string]any {
	all := map[string]any{
		"name": c.Name, "grant_types": c.Grants, "redirect_uris": c.RedirectURIs, "scopes": c.Scopes, "resources": c.Resources,
		"refresh": c.Refresh, "first_party": c.FirstParty,
	}
	maps.Copy(all, membersOf(c.Metadata))
	return all
}

// membersOf takes a record apart into its JSON members.
func membersOf(record any) map[string]any {
	all := map[string]any{}
	raw, err := json.Marshal(record)
	if err == nil {
		err = json.Unmarshal(raw, &all)
	}
	if err != nil { // records of ours always can be written and read again
		panic("admin: " + err.Error())
	}
	return all
}

// differences names the members that are not alike, sorted.
func differences(before, after map[string]any) []string {
	names := maps.Clone(before)
	maps.Copy(names, after)
	return slices.DeleteFunc(slices.Sorted(maps.Keys(names)), func(name string) bool {
		return fmt.Sprint(before[name]) == fmt.Sprint(after[name])
	})
}

// client is what the order asks for, before it has a time and a secret.
func (n *NewClient) client() auth.Client {
	return auth.Client{
		ID: n.ID, Name: n.Name, Public: n.Public, Grants: n.Grants, RedirectURIs: n.RedirectURIs, Scopes: n.Scopes,
		Resources: n.Resources, Refresh: n.Refresh, FirstParty: n.FirstParty, Metadata: n.Metadata,
	}
}
