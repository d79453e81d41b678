package auth

import (
	"encoding/json"
	"reflect"
	"slices"
	"strings"

	"github.com/daypass/daypass/oauth"
)

// Registration is what a client says of itself when it registers (RFC 7591 §2, OpenID Connect Dynamic Client Registration 1.0
// §2). Members that nobody knows are ignored.
type Registration struct {
	RedirectURIs    []string          `json:"redirect_uris"`
	Name            string            `json:"client_name"`
	GrantTypes      []oauth.GrantType `json:"grant_types"`
	ResponseTypes   []string          `json:"response_types"`
	ApplicationType string            `json:"application_type"`
	Scope           string            `json:"scope"`
	ClientMetadata

	// What may come with an update (RFC 7592 §2.2) and may not.
	ClientID                string          `json:"client_id"`
	ClientSecret            string          `json:"client_secret"`
	SoftwareStatement       string          `json:"software_statement"`
	RegistrationAccessToken json.RawMessage `json:"registration_access_token"`
	RegistrationClientURI   json.RawMessage `json:"registration_client_uri"`
	SecretExpiresAt         json.RawMessage `json:"client_secret_expires_at"`
	IDIssuedAt              json.RawMessage `json:"client_id_issued_at"`
}

// RegistrationPolicy is what clients that register themselves may become.
type RegistrationPolicy struct {
	Scopes    []string
	Resources []string
	PKCE      PKCEPolicy
}

// Application types of OpenID Connect Dynamic Client Registration 1.0 §2.
const (
	applicationWeb    = "web"
	applicationNative = "native"
)

// Client is the client that the registration describes, with the defaults of RFC 7591 §2, and what is wrong with it. Id, secrets
// and times are the caller's. It is never first-party nor vouched for, whatever it says.
func (r Registration) Client(p RegistrationPolicy) (Client, *oauth.Error) {
	c := Client{Name: strings.TrimSpace(r.Name), RedirectURIs: r.RedirectURIs, Grants: r.GrantTypes, Resources: p.Resources, Metadata: r.Published()}
	if c.Metadata.AuthMethod == "" {
		c.Metadata.AuthMethod = oauth.AuthSecretBasic
	}
	c.Public = c.Metadata.AuthMethod == oauth.AuthNone
	c.Metadata.Registered = true
	if c.Refresh = RefreshFixed; c.Public {
		c.Refresh = RefreshRotate
	} else {
		c.Metadata.PKCE = p.PKCE
	}
	if len(c.Grants) == 0 {
		c.Grants = []oauth.GrantType{oauth.GrantAuthorizationCode}
	}
	if c.Name == "" {
		c.Name = nameless(c.RedirectURIs)
	}
	if c.Metadata.IDTokenAlgorithm == "" {
		c.Metadata.IDTokenAlgorithm = DefaultIDTokenAlgorithm
	}
	var why *oauth.Error
	if c.Scopes, why = p.scopes(r.Scope); why != nil {
		return c, why
	}
	if why := r.fits(c); why != nil {
		return c, why
	}
	named := c
	named.ID = "registered" // judged by the rules for all, before it has one
	return c, registrationFault(named.Faults())
}

// Published is the metadata without what is Daypass's own business.
func (m ClientMetadata) Published() ClientMetadata {
	v := reflect.ValueOf(&m).Elem()
	for i := range v.NumField() {
		if strings.HasPrefix(v.Type().Field(i).Tag.Get("json"), "daypass_") {
			v.Field(i).SetZero()
		}
	}
	return m
}

// nameless is what a client is called that does not say.
func nameless(redirects []string) string {
	if all := hosts(redirects); len(all) > 0 && all[0] != "" && len(all[0]) <= maxClientName {
		return all[0]
	}
	return "An application without a name"
}

// scopes are those of the policy that were asked for; all of them for who asks for none.
func (p RegistrationPolicy) scopes(asked string) ([]string, *oauth.Error) {
	list, err := oauth.ParseScope(asked)
	if err != nil {
		return nil, oauth.NewError(oauth.InvalidClientMetadata, "scope: it cannot be read")
	}
	if list == nil {
		return slices.Clone(p.Scopes), nil
	}
	list = slices.DeleteFunc(list, func(s string) bool { return !slices.Contains(p.Scopes, s) })
	if len(list) == 0 {
		return nil, oauth.NewError(oauth.InvalidClientMetadata, "scope: clients that register themselves may have nothing of it")
	}
	return list, nil
}

// fits judges what does not go together with the rest.
func (r Registration) fits(c Client) *oauth.Error {
	code := slices.Contains(c.Grants, oauth.GrantAuthorizationCode)
	switch {
	case r.SoftwareStatement != "":
		return oauth.NewError(oauth.UnapprovedSoftwareStatement, "software statements are not taken here")
	case len(r.ResponseTypes) > 0 && !slices.Equal(r.ResponseTypes, []string{oauth.ResponseTypeCode}):
		return oauth.NewError(oauth.InvalidClientMetadata, "response_types: there is code alone")
	case len(r.ResponseTypes) > 0 && !code:
		return oauth.NewError(oauth.InvalidClientMetadata, "response_types: code goes with the grant type authorization_code")
	case r.ApplicationType != "" && r.ApplicationType != applicationWeb && r.ApplicationType != applicationNative:
		return oauth.NewError(oauth.InvalidClientMetadata, "application_type: web or native")
	case r.ApplicationType == applicationWeb && slices.ContainsFunc(r.RedirectURIs, func(s string) bool { return !webRedirect(s) }):
		return oauth.NewError(oauth.InvalidRedirectURI, "redirect_uris: those of a web application begin with https:// and are not on localhost")
	}
	for _, page := range []string{r.LogoURI, r.PolicyURI, r.TermsURI} {
		if page != "" && !slices.ContainsFunc(append([]string{r.ClientURI}, r.RedirectURIs...), func(s string) bool { return s != "" && sameOrigin(s, page) }) {
			return oauth.NewError(oauth.InvalidClientMetadata, "logo_uri, policy_uri and tos_uri lie on the origin of client_uri or of a redirect URI")
		}
	}
	return nil
}

func webRedirect(s string) bool {
	u, why := parseURI(s)
	return why == "" && u.Scheme == "https" && !loopback(u.Hostname())
}

// registrationFault is the first fault in the words of RFC 7591 §3.2.2; nil for none.
func registrationFault(faults []Fault) *oauth.Error {
	if len(faults) == 0 {
		return nil
	}
	f := faults[0]
	code, field := oauth.InvalidClientMetadata, f.Field
	switch field {
	case "redirect_uris":
		code = oauth.InvalidRedirectURI
	case "name":
		field = "client_name"
	case "grants":
		field = "grant_types"
	case "scopes":
		field = "scope"
	}
	return oauth.NewError(code, field+": "+plainText(f.Problem))
}

// plainText keeps what error_description may hold (RFC 6749 §5.2).
func plainText(s string) string {
	return strings.Map(func(r rune) rune {
		if r < ' ' || r > '~' || r == '"' || r == '\\' {
			return '\''
		}
		return r
	}, s)
}

// ApplicationType is what a client is called by its redirect URIs.
func (c Client) ApplicationType() string {
	if slices.ContainsFunc(c.RedirectURIs, func(s string) bool { return !webRedirect(s) }) {
		return applicationNative
	}
	return applicationWeb
}
