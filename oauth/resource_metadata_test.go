package oauth_test

import (
	"encoding/json"
	"testing"

	"github.com/daypass/daypass/oauth"
)

func TestResourceMetadataURLInsertsTheWellKnownPath(t *testing.T) {
	t.Parallel()
	for resource, want := range map[string]string{
		"https://api.example.com":          "https://api.example.com/.well-known/oauth-protected-resource",
		"https://api.example.com/":         "https://api.example.com/.well-known/oauth-protected-resource",
		"https://api.example.com:8443/v1":  "https://api.example.com:8443/.well-known/oauth-protected-resource/v1",
		"https://api.example.com/v1/":      "https://api.example.com/.well-known/oauth-protected-resource/v1/",
		"https://api.example.com/a%2Fb":    "https://api.example.com/.well-known/oauth-protected-resource/a%2Fb",
		"http://localhost:8081":            "http://localhost:8081/.well-known/oauth-protected-resource",
		"":                                 "",
		"/api":                             "",
		"urn:example:api":                  "",
		"https://":                         "",
		"https://:443/":                    "",
		"https:api.example.com":            "",
		"https://u:p@api.example.com":      "",
		"https://api.example.com?v=1":      "",
		"https://api.example.com/#top":     "",
		"HTTPS://api.example.com":          "",
		"https://API.example.com":          "",
		"https://api.example.com/%zz":      "",
		"https://api.example.com\r\nx: y/": "",
	} {
		got, err := oauth.ResourceMetadataURL(resource)
		if got != want || (err == nil) != (want != "") {
			t.Errorf("ResourceMetadataURL(%q) = %q, %v; want %q", resource, got, err, want)
		}
	}
}

func TestResourceMetadataLeavesOutWhatItDoesNotKnow(t *testing.T) {
	t.Parallel()
	got, err := json.Marshal(oauth.ResourceMetadata{Resource: "https://api.example.com", AuthorizationServers: []string{"https://id.example.com"}})
	want := `{"resource":"https://api.example.com","authorization_servers":["https://id.example.com"]}`
	if err != nil || string(got) != want {
		t.Fatalf("got %s, %v; want %s", got, err, want)
	}
}
