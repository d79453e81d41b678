package resource_test

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/daypass/daypass/resource"
	"github.com/daypass/daypass/resource/resourcetest"
)

// FuzzAuthorizationHeader: no header panics, and none passes but the scheme, blanks and the one good token.
func FuzzAuthorizationHeader(f *testing.F) {
	issuer := newIssuer(f)
	h := newProtector(f, issuer, nil).Require()(hello)
	token := issuer.Token(nil)
	for _, header := range []string{"Bearer ", "bearer  $", "Basic dTpw", "Bearer $,", "Bearer $ $", "", " ", "DPoP $", "Bearer\t$", "Bearer \"$\"", ",", "Bearer $="} {
		f.Add(header)
	}
	good := regexp.MustCompile(`^[bB][eE][aA][rR][eE][rR] +\$$`)
	f.Fuzz(func(t *testing.T, header string) {
		r := httptest.NewRequest(http.MethodGet, "/", nil)
		r.Header["Authorization"] = []string{strings.ReplaceAll(header, "$", token)}
		w := httptest.NewRecorder()
		h.ServeHTTP(w, r)
		switch passed := w.Code == http.StatusOK; {
		case passed != good.MatchString(header):
			t.Fatalf("%q: got %d", header, w.Code)
		case !passed && w.Code != http.StatusBadRequest && w.Code != http.StatusUnauthorized:
			t.Fatalf("%q: got %d", header, w.Code)
		}
	})
}

// FuzzToken: no text panics, and none passes but the token that was issued.
func FuzzToken(f *testing.F) {
	issuer := newIssuer(f)
	p := newProtector(f, issuer, func(c *resource.Config) {
		c.Introspection = issuer.Introspection()
		c.Issuers = []resource.Issuer{{URL: "https://id.example.com", Keys: oneKey{}}}
	})
	token := issuer.Token(nil)
	part := strings.Split(token, ".")
	for _, text := range []string{token, "", ".", "..", "a.b.c", part[0] + ".e30." + part[2], resourcetest.OpaquePrefix + "x", token + "=", "." + token} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		if _, err := p.Verify(t.Context(), text); (err == nil) != (text == token) {
			t.Fatalf("%q: got %v", text, err)
		}
	})
}

// FuzzClaims: under a genuine signature nothing panics, and what passes says to another parser, too, what it must.
func FuzzClaims(f *testing.F) {
	issuer := newIssuer(f)
	p := newProtector(f, issuer, nil)
	good := string(mustJSON(f, issuer.Claims()))
	for _, payload := range []string{good, "{}", "[]", "null", strings.Replace(good, "{", `{"exp":1e99,`, 1), strings.Replace(good, `"aud":"`, `"aud":["x"],"AUD":"`, 1)} {
		f.Add(payload)
	}
	f.Fuzz(func(t *testing.T, payload string) {
		token, err := p.Verify(t.Context(), issuer.Sign(issuer.Header(), payload))
		if err != nil {
			return
		}
		mustSay(t, []byte(payload), issuer)
		if token.Subject == "" || token.ClientID == "" || token.ID == "" || token.Issuer != issuer.URL() || !slices.Contains(token.Audience, resourcetest.Audience) {
			t.Fatalf("%s gave %+v", payload, token)
		}
	})
}

// mustSay reads with encoding/json alone.
func mustSay(t *testing.T, doc []byte, issuer *resourcetest.Issuer) {
	t.Helper()
	var all map[string]any
	if err := json.Unmarshal(doc, &all); err != nil {
		t.Fatalf("%s passed and is no object: %v", doc, err)
	}
	audience, _ := all["aud"].([]any)
	if one, ok := all["aud"].(string); ok {
		audience = []any{one}
	}
	exp, ok := all["exp"].(float64)
	if iss, said := all["iss"]; said && iss != nil && iss != "" && iss != issuer.URL() {
		t.Fatalf("%s passed with another iss", doc)
	}
	if !slices.Contains(audience, any(resourcetest.Audience)) || !ok || exp+30 <= float64(issuer.Now().Unix()) || all["cnf"] != nil {
		t.Fatalf("%s passed", doc)
	}
}

// FuzzIntrospectionAnswer: no answer panics, and what passes says that the token is active, ours and not over.
func FuzzIntrospectionAnswer(f *testing.F) {
	issuer := newIssuer(f)
	good := strings.Replace(string(mustJSON(f, issuer.Claims())), "{", `{"active":true,`, 1)
	for _, answer := range []string{good, `{"active":false}`, `{"active":true}`, "{}", "", "[]", strings.Replace(good, "true", `"true"`, 1)} {
		f.Add(answer)
	}
	f.Fuzz(func(t *testing.T, answer string) {
		w := &wire{answers: map[string]func(*http.Request) (*http.Response, error){questionAddress: text(answer)}}
		p, err := resource.New(issuer.URL(), resource.Config{
			Audience: resourcetest.Audience, Now: issuer.Now, Client: &http.Client{Transport: w},
			Introspection: &resource.Introspection{Auth: resource.ClientSecretBasic("a", "b"), Endpoint: questionAddress},
		})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := p.Verify(t.Context(), "opaque"); err != nil {
			return
		}
		mustSay(t, []byte(answer), issuer)
		var head struct{ Active any }
		if err := json.Unmarshal([]byte(answer), &head); err != nil || head.Active != true {
			t.Fatalf("%s passed", answer)
		}
	})
}

// FuzzMetadata: no document panics, and what is accepted belongs to the issuer in the eyes of another parser, too.
func FuzzMetadata(f *testing.F) {
	for _, doc := range []string{metadataDoc(fakeIssuer, keysAddress), askingMetadata, "{}", "null", `{"issuer":["x"]}`, `{"issuer":"x","issuer":"` + fakeIssuer + `"}`} {
		f.Add([]byte(doc))
	}
	f.Fuzz(func(t *testing.T, doc []byte) {
		jwks, introspection, err := resource.ParseMetadata(doc, fakeIssuer)
		if err != nil {
			return
		}
		var all map[string]any
		if err := json.Unmarshal(doc, &all); err != nil || all["issuer"] != fakeIssuer {
			t.Fatalf("%q was accepted", doc)
		}
		for name, got := range map[string]string{"jwks_uri": jwks, "introspection_endpoint": introspection} {
			if said, _ := all[name].(string); said != got {
				t.Fatalf("%q: %s is %q, another parser reads %q", doc, name, got, said)
			}
		}
	})
}
