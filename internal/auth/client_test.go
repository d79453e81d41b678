package auth

import (
	"encoding/json"
	"reflect"
	"testing"

	"github.com/daypass/daypass/oauth"
)

// RFC 9700 §2.2.2: a public client's bearer token always rotates; whoever proves more may stay fixed.
func TestWhoRotatesAndWhoProves(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		public          bool
		binding         string
		policy          RefreshPolicy
		rotates, proves bool
	}{
		{true, "", "", true, false},
		{true, "", RefreshFixed, true, false},
		{true, "", RefreshRotate, true, false},
		{true, "k", "", false, true},
		{true, "k", RefreshFixed, false, true},
		{true, "k", RefreshRotate, true, true},
		{false, "", "", false, true},
		{false, "", RefreshFixed, false, true},
		{false, "", RefreshRotate, true, true},
		{false, "k", "", false, true},
		{false, "k", RefreshRotate, true, true},
		{false, "", "nonsense", false, true},
		{true, "", "nonsense", true, false},
	} {
		client := Client{Public: c.public, Refresh: c.policy}
		if got := client.Rotates(c.binding); got != c.rotates {
			t.Errorf("%+v: rotates %v", c, got)
		}
		if got := client.Proves(c.binding); got != c.proves {
			t.Errorf("%+v: proves %v", c, got)
		}
	}
}

func TestWhatAClientIsRegisteredFor(t *testing.T) {
	t.Parallel()
	c := Client{Public: true, Grants: []oauth.GrantType{oauth.GrantRefreshToken}}
	if !c.MayUse(oauth.GrantRefreshToken) || c.MayUse(oauth.GrantClientCredentials) || (Client{}).MayUse("") {
		t.Error("want exactly the registered grant types")
	}
	if got := c.AuthMethods(); !reflect.DeepEqual(got, []oauth.ClientAuthMethod{oauth.AuthNone}) {
		t.Errorf("public: %v", got)
	}
	c.Public = false
	c.Metadata.AuthMethod = oauth.AuthSecretPost // the registered one and no other: TE-04
	if got := c.AuthMethods(); !reflect.DeepEqual(got, []oauth.ClientAuthMethod{oauth.AuthSecretPost}) {
		t.Errorf("a client with a method of its own authenticates by %v", got)
	}
	c.Metadata.AuthMethod = ""
	if got := c.AuthMethods(); !reflect.DeepEqual(got, []oauth.ClientAuthMethod{oauth.AuthSecretBasic, oauth.AuthSecretPost}) {
		t.Errorf("confidential: %v", got)
	}
	if c.Disabled() || !(Client{DisabledAt: noon}).Disabled() || (User{}).Disabled() || !(User{DisabledAt: noon}).Disabled() {
		t.Error("disabled is told by the time alone")
	}
}

func TestAudienceIsOneStringOrAnArray(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]Audience{`"a"`: {"a"}, `["a"]`: {"a"}, `["a","b"]`: {"a", "b"}} {
		var got Audience
		if err := json.Unmarshal([]byte(text), &got); err != nil || !reflect.DeepEqual(got, want) {
			t.Errorf("%s: %v, %v", text, got, err)
		}
	}
	for want, a := range map[string]Audience{`"a"`: {"a"}, `["a","b"]`: {"a", "b"}} {
		if got, err := json.Marshal(a); err != nil || string(got) != want {
			t.Errorf("%v: %s, %v", a, got, err)
		}
	}
	for _, bad := range []string{`1`, `{}`, `[1]`, `["a",null,{}]`, ``} {
		var got Audience
		if err := json.Unmarshal([]byte(bad), &got); err == nil {
			t.Errorf("%s is read as %v", bad, got)
		}
	}
}
