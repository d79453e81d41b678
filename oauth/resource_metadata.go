package oauth

import (
	"errors"
	"net/url"
	"strings"
)

// ResourceMetadataPath is inserted between host and path of a resource identifier to get the address of its metadata,
// RFC 9728 §3.1.
const ResourceMetadataPath = "/.well-known/oauth-protected-resource"

// BearerMethodHeader is the one way of presenting a token that Daypass's middleware takes: the Authorization header.
// RFC 9728 §2, bearer_methods_supported; RFC 6750 §2.1.
const BearerMethodHeader = "header"

// ResourceMetadata is the protected resource metadata document of RFC 9728 §2, as far as Daypass has something true to
// say. An empty member is left out.
type ResourceMetadata struct {
	// Resource is the identifier that aud repeats. A client must refuse a document whose resource is not the one it asked
	// about (RFC 9728 §3.3).
	Resource string `json:"resource"`
	// AuthorizationServers lists issuer identifiers, RFC 8414 §2.
	AuthorizationServers   []string `json:"authorization_servers,omitempty"`
	ScopesSupported        []string `json:"scopes_supported,omitempty"`
	BearerMethodsSupported []string `json:"bearer_methods_supported,omitempty"`

	ResourceName          string `json:"resource_name,omitempty"`
	ResourceDocumentation string `json:"resource_documentation,omitempty"`
	ResourcePolicyURI     string `json:"resource_policy_uri,omitempty"`
	ResourceTOSURI        string `json:"resource_tos_uri,omitempty"`
}

// ResourceMetadataURL gives the address of a resource's RFC 9728 §3.1 document: the well-known path inserted between
// host and path, a slash that is the whole path removed. It refuses identifiers that have no such address or more than
// one spelling: no absolute http or https URL, capitals in scheme or host, a query, a fragment, user information.
// Whether plain http is acceptable is the caller's decision.
func ResourceMetadataURL(resource string) (string, error) {
	u, err := url.Parse(resource)
	switch {
	case err != nil:
		return "", errors.New("the resource is not a URL")
	case u.Scheme != "https" && u.Scheme != "http":
		return "", errors.New("the resource must be an https URL")
	case u.Host == "" || u.Hostname() == "" || u.Opaque != "":
		return "", errors.New("the resource has no host")
	case u.User != nil:
		return "", errors.New("the resource must not hold user information")
	case strings.ContainsAny(resource, "?#"):
		return "", errors.New("the resource must not have a query or fragment")
	case !strings.HasPrefix(resource, u.Scheme+"://"+u.Host) || u.Host != strings.ToLower(u.Host):
		return "", errors.New("scheme and host of the resource must be in small letters")
	}
	path := u.EscapedPath()
	if path == "/" {
		path = ""
	}
	return u.Scheme + "://" + u.Host + ResourceMetadataPath + path, nil
}
