package resource

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"

	"github.com/daypass/daypass/oauth"
)

// Metadata describes this API to clients that meet it for the first time (RFC 9728): a challenge then names the address
// of the document, and the document names the issuers to get a token from. Every field may stay zero.
type Metadata struct {
	// Scopes are those a client may want, the fewest that are of use. Not offline_access, which is the affair of client and
	// issuer.
	Scopes []string
	// Name is what the API is called, for people.
	Name string
	// Documentation, Policy and Terms are addresses of pages for developers and users.
	Documentation, Policy, Terms string
}

// resourceMetadata is the document as it is served; zero when there is none.
type resourceMetadata struct {
	address string
	path    string
	doc     []byte
}

func (m *Metadata) document(audience string, issuers []string) (resourceMetadata, error) {
	address, err := oauth.ResourceMetadataURL(audience)
	if err == nil {
		err = checkURL(audience)
	}
	if err != nil {
		return resourceMetadata{}, fmt.Errorf("the audience has no address for metadata: %w", err)
	}
	for _, s := range m.Scopes {
		if !oauth.ValidScopeToken(s) || s == "offline_access" {
			return resourceMetadata{}, fmt.Errorf("%q is not a scope of an API", s)
		}
	}
	for _, page := range []string{m.Documentation, m.Policy, m.Terms} {
		if page != "" && checkURL(page) != nil {
			return resourceMetadata{}, errors.New("documentation, policy and terms must be https URLs")
		}
	}
	doc, err := json.Marshal(oauth.ResourceMetadata{
		Resource: audience, AuthorizationServers: issuers, ScopesSupported: m.Scopes,
		BearerMethodsSupported: []string{oauth.BearerMethodHeader},
		ResourceName:           m.Name, ResourceDocumentation: m.Documentation, ResourcePolicyURI: m.Policy, ResourceTOSURI: m.Terms,
	})
	return resourceMetadata{address, pathOf(address), doc}, err
}

// MetadataPath is where MetadataHandler belongs: /.well-known/oauth-protected-resource followed by the path of the
// audience (RFC 9728 §3.1). It is empty when Config.Metadata is not set.
func (p *Protector) MetadataPath() string { return p.metadata.path }

// MetadataHandler serves the metadata document to anybody, browsers of other origins included, and 404 when
// Config.Metadata is not set.
//
//	mux.Handle(protect.MetadataPath(), protect.MetadataHandler())
func (p *Protector) MetadataHandler() http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if p.metadata.doc == nil {
			http.NotFound(w, r)
			return
		}
		h := w.Header()
		h.Set("Access-Control-Allow-Origin", "*") // clients run in browsers, and there is nothing secret in it
		if r.Method != http.MethodGet && r.Method != http.MethodHead {
			h.Set("Allow", "GET, HEAD")
			http.Error(w, http.StatusText(http.StatusMethodNotAllowed), http.StatusMethodNotAllowed)
			return
		}
		h.Set("Content-Type", "application/json")
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("Cache-Control", "public, max-age=300")
		_, _ = w.Write(p.metadata.doc) // a client that hung up is its own affair
	})
}
