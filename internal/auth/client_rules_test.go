package auth

import (
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/daypass/daypass/oauth"
)

// AZ-06; OAuth 2.1 §2.3, RFC 8252 §7.
func TestOnlySafeRedirectURIsCanBeRegistered(t *testing.T) {
	t.Parallel()
	for uri, public := range map[string]bool{
		"https://app.example/cb": false, "https://app.example:8443/cb?x=1": false, "https://app.example": false, "https://xn--pp-eka.example/cb": false,
		"https://[2001:db8::1]/cb": false, "http://127.0.0.1:8080/cb": false, "http://127.0.0.1/cb": false, "http://[::1]/cb": false,
		"http://localhost:3000/cb": false, "https://app.example/a%20b": false, "com.example.app:/cb": true, "com.example.app://cb": true,
	} {
		if why := RedirectURIFault(uri, public); why != "" {
			t.Errorf("%q is refused: %s", uri, why)
		}
	}
	for _, uri := range []string{
		"javascript:alert(1)", "javascript://app.example/%0aalert(1)", "data:text/html,x", "file:///etc/passwd", "vbscript:x", "blob:https://app.example/x",
		"myapp:/cb", "ftp://app.example/cb", "http://app.example/cb", "http://127.0.0.1.evil.example/cb", "http://localhost.evil.example/cb",
		"http://127.1/cb", "http://0.0.0.0/cb", "https://*.example/cb", "https://app.example/*", "com.example.app://*/cb",
		"https://app.example/cb#f", "https://app.example/cb#", "com.example.app:/cb#f", "https://u:p@app.example/cb", "https://@app.example/cb",
		"https://app.example:/cb", "https://app.example:99999/cb", "https://app.example:0/cb", "https://app.example:0443/cb",
		"https:///cb", "https:app.example", "HTTPS://app.example/cb", "https://App.example/cb", "https://[2001:DB8::1]/cb", "JavaScript:alert(1)", "Com.example.app:/cb",
		"/cb", "//app.example/cb", "", "app.example/cb", "app.example:443/cb", "com.example.app:", "com.example.app:cb", "https://app..example/cb", "https://.example/cb",
		"https://app,b.example/cb", "https://[::1%25eth0]/cb", "https://[::1/cb", "https://%C3%A4pp.example/cb",
		"https://app.example/a b", "https://app.example\\@evil.example/", "https://app.example/\ncb", "https://äpp.example/cb", "https://app.example/%zz",
		"https://app.example/" + strings.Repeat("x", 2048),
	} {
		if RedirectURIFault(uri, false) == "" {
			t.Errorf("%q is good for a confidential client", uri)
		}
		if RedirectURIFault(uri, true) == "" {
			t.Errorf("%q is good for a public client", uri)
		}
	}
	if RedirectURIFault("com.example.app:/cb", false) == "" {
		t.Error("a confidential client has a scheme of its own")
	}
}

// PR-04; RFC 8707 §2.
func TestAResourceIsAnAbsoluteURIInCanonicalSpelling(t *testing.T) {
	t.Parallel()
	for uri, good := range map[string]bool{
		"https://api.example": true, "https://api.example/v1": true, "https://api.example/V1": true, "urn:example:api": true, "http://10.0.0.1:8080": true,
		"api": false, "/v1": false, "": false, "https://api.example/#x": false, "https://api.example#": false, "https://API.example": false,
		"HTTPS://api.example": false, "Urn:example:api": false, "https://[2001:DB8::1]": false, "https://u@api.example": false, "https:///v1": false, "http:api": false, "https:": false, "urn:": false,
		"https://*.example": false, "https://api.example:0": false, "https://api.example/a https://b": false,
	} {
		if why := ResourceFault(uri); (why == "") != good {
			t.Errorf("%q: %q, want good = %v", uri, why, good)
		}
	}
}

// RFC 9700 §4.15: the sub of a client's own token is its id, the sub of a user's a UUID.
func TestAClientIDIsNeverAUsersNorAURL(t *testing.T) {
	t.Parallel()
	user := NewID(noon)
	for id, good := range map[string]bool{
		"app": true, "A.b_c~d-E9": true, strings.Repeat("a", 128): true, "0123456789abcdef0123456789abcdef": true, FirstPartyClient: true,
		user.String(): false, strings.ToUpper(user.String()): false, "00000000-0000-0000-0000-000000000000": false,
		"6ba7b810-9dad-11d1-80b4-00c04fd430c8": false, "https://app.example/client.json": false, "urn:x": false,
		"": false, "-a": false, ".a": false, "a b": false, "a:b": false, "a/b": false, "a\n": false, "ä": false, strings.Repeat("a", 129): false,
	} {
		if why := ClientIDFault(id); (why == "") != good {
			t.Errorf("%q: %q, want good = %v", id, why, good)
		}
	}
}

func TestAllFaultsOfAClientAreFoundAtOnce(t *testing.T) {
	t.Parallel()
	c := Client{
		ID: "a b", Name: "x\ny", Public: true, Grants: []oauth.GrantType{"password", oauth.GrantClientCredentials, oauth.GrantAuthorizationCode},
		Scopes: []string{"good", "a b"}, Resources: []string{"https://API.example", "urn:good"}, Refresh: "sometimes",
	}
	var got []string
	for _, f := range c.Faults() {
		if f.Problem == "" {
			t.Errorf("%+v says nothing", f)
		}
		got = append(got, f.Field+" "+strconv.Itoa(f.Index))
	}
	want := []string{"id -1", "name -1", "grants 0", "grants -1", "redirect_uris -1", "scopes 1", "resources 0", "refresh -1"}
	if !slices.Equal(got, want) {
		t.Errorf("got  %q\nwant %q", got, want)
	}
	c = Client{ID: "a", Name: "a", RedirectURIs: slices.Repeat([]string{"https://a.example"}, 65), Scopes: slices.Repeat([]string{"a"}, oauth.MaxScopes+1)}
	if got := c.Faults(); len(got) != 2 {
		t.Errorf("too many URIs and scopes: got %+v", got)
	}
	c = Client{ID: "a", Name: "a", Public: true, Refresh: RefreshFixed, RedirectURIs: []string{"https://u:canary@a.example"}}
	faults := c.Faults()
	if len(faults) != 2 || strings.Contains(faults[0].Problem+faults[1].Problem, "canary") {
		t.Errorf("got %+v, want two faults and no password", faults)
	}
}

func TestAClientWithoutGrantsGetsThoseItCanUse(t *testing.T) {
	t.Parallel()
	cb := []string{"https://app.example/cb"}
	for _, c := range []Client{
		{ID: "a", Name: "a", Public: true, RedirectURIs: cb},
		{ID: "a", Name: "a", RedirectURIs: cb},
		{ID: "a", Name: "a"},
	} {
		c.Grants = DefaultGrants(c.Public, c.RedirectURIs)
		if faults := c.Faults(); len(c.Grants) == 0 || len(faults) != 0 {
			t.Errorf("%+v: %+v", c, faults)
		}
		if c.MayUse(oauth.GrantAuthorizationCode) != (len(c.RedirectURIs) > 0) {
			t.Errorf("%+v: got the wrong default", c)
		}
	}
}

func FuzzRedirectURIFault(f *testing.F) {
	for _, s := range []string{"https://a.example/cb", "http://127.0.0.1/cb", "com.example.app:/cb", "javascript:alert(1)", "https://a@b/c", "https://[::1]:1/"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		if RedirectURIFault(s, true) != "" {
			if RedirectURIFault(s, false) == "" {
				t.Errorf("%q is good for a confidential client alone", s)
			}
			return
		}
		scheme, _, _ := strings.Cut(s, ":")
		if strings.ContainsAny(s, "#*\\ \n") || scheme != "https" && scheme != "http" && !strings.Contains(scheme, ".") {
			t.Errorf("%q is good", s)
		}
	})
}
