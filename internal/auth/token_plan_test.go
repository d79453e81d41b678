package auth

import (
	"reflect"
	"testing"
	"time"

	"github.com/daypass/daypass/oauth"
)

type registry map[string]Resource

func (r registry) Find(id string) (Resource, bool) {
	found, ok := r[id]
	found.ID = id
	return found, ok
}

func apis() registry {
	return registry{
		"urn:mail": {Scopes: []string{"read", "send"}, Lifetime: 5 * time.Minute},
		"urn:file": {Scopes: []string{"read", "store"}, Lifetime: 30 * time.Minute},
		"urn:open": {},
		"urn:fips": {Algorithm: "PS256", Scopes: []string{"sign"}},
		"urn:dark": {Format: FormatOpaque, Scopes: []string{"look"}},
		"urn:gone": {DisabledAt: time.Unix(1, 0)},
	}
}

// AT-02; RFC 8707 §2, RFC 9068 §3.
func TestATokenFitsItsResources(t *testing.T) {
	t.Parallel()
	const life = 10 * time.Minute
	for name, c := range map[string]struct {
		resources, scopes []string
		want              TokenPlan
	}{
		"nobody":               {nil, []string{"read"}, TokenPlan{Scopes: []string{"read"}, Lifetime: life}},
		"not registered":       {[]string{"urn:x"}, []string{"read"}, TokenPlan{Audience: []string{"urn:x"}, Scopes: []string{"read"}, Lifetime: life}},
		"its scopes only":      {[]string{"urn:mail"}, []string{"openid", "read", "store", "send"}, TokenPlan{Audience: []string{"urn:mail"}, Scopes: []string{"openid", "read", "send"}, Lifetime: 5 * time.Minute}},
		"a longer life":        {[]string{"urn:file"}, []string{"store"}, TokenPlan{Audience: []string{"urn:file"}, Scopes: []string{"store"}, Lifetime: 30 * time.Minute}},
		"without scopes: all":  {[]string{"urn:open"}, []string{"read", "x"}, TokenPlan{Audience: []string{"urn:open"}, Scopes: []string{"read", "x"}, Lifetime: life}},
		"two, one scope twice": {[]string{"urn:mail", "urn:file"}, []string{"read", "send", "store", "x"}, TokenPlan{Audience: []string{"urn:mail", "urn:file"}, Scopes: []string{"send", "store"}, Lifetime: 5 * time.Minute}},
		"listed beside open":   {[]string{"urn:mail", "urn:open"}, []string{"read", "x"}, TokenPlan{Audience: []string{"urn:mail", "urn:open"}, Scopes: []string{"read", "x"}, Lifetime: 5 * time.Minute}},
		"another signature":    {[]string{"urn:fips"}, []string{"sign"}, TokenPlan{Audience: []string{"urn:fips"}, Scopes: []string{"sign"}, Lifetime: life, Style: TokenStyle{Algorithm: "PS256"}}},
		"opaque":               {[]string{"urn:dark"}, []string{"look"}, TokenPlan{Audience: []string{"urn:dark"}, Scopes: []string{"look"}, Lifetime: life, Style: TokenStyle{Opaque: true}}},
		"the first decides":    {[]string{"urn:mail", "urn:fips", "urn:dark"}, []string{"send", "sign", "look"}, TokenPlan{Audience: []string{"urn:mail"}, Scopes: []string{"send"}, Lifetime: 5 * time.Minute}},
		"one is disabled":      {[]string{"urn:gone", "urn:mail"}, []string{"send"}, TokenPlan{Audience: []string{"urn:mail"}, Scopes: []string{"send"}, Lifetime: 5 * time.Minute}},
	} {
		got, ok := PlanToken(apis(), c.resources, c.scopes, life)
		if !ok || !reflect.DeepEqual(got, c.want) {
			t.Errorf("%s:\ngot  %+v, %v\nwant %+v", name, got, ok, c.want)
		}
	}
	if _, ok := PlanToken(apis(), []string{"urn:gone"}, nil, life); ok {
		t.Error("a token for a disabled resource")
	}
}

// Not parallel: allocations are counted.
func TestPlanningForResourcesThatNobodyRegisteredCostsNothing(t *testing.T) {
	known, resources, scopes := apis(), []string{"https://id.example/v1", "https://id.example/demo/api"}, []string{"openid", "profile"}
	if n := testing.AllocsPerRun(100, func() { _, _ = PlanToken(known, resources, scopes, time.Minute) }); n > 0 {
		t.Errorf("%v allocations, want none in the path of every refresh", n)
	}
}

func TestResourcesThatCannotBeHadTogetherAreRefused(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		resources, scopes []string
		asked             bool
		want              oauth.ErrorCode
	}{
		"nothing":             {nil, []string{"read"}, true, ""},
		"one":                 {[]string{"urn:mail"}, []string{"read"}, true, ""},
		"two":                 {[]string{"urn:mail", "urn:file"}, []string{"send", "store"}, true, ""},
		"two, nothing asked":  {[]string{"urn:mail", "urn:file"}, []string{"read", "send"}, false, ""},
		"ambiguous":           {[]string{"urn:mail", "urn:file"}, []string{"read"}, true, oauth.InvalidRequest},
		"disabled":            {[]string{"urn:mail", "urn:gone"}, nil, false, oauth.InvalidTarget},
		"jwt and opaque":      {[]string{"urn:mail", "urn:dark"}, nil, false, oauth.InvalidTarget},
		"two signatures":      {[]string{"urn:fips", "urn:x"}, nil, false, oauth.InvalidTarget},
		"a scope of another":  {[]string{"urn:mail"}, []string{"store"}, true, oauth.InvalidScope},
		"openid is nobody's":  {[]string{"urn:mail"}, []string{"openid"}, true, ""},
		"some scopes are its": {[]string{"urn:mail"}, []string{"store", "send"}, true, ""},
	} {
		var got oauth.ErrorCode
		if err := TargetFault(apis(), c.resources, c.scopes, c.asked); err != nil {
			got = err.Code
		}
		if got != c.want {
			t.Errorf("%s: got %q, want %q", name, got, c.want)
		}
	}
}

func TestAResourceHasItsRules(t *testing.T) {
	t.Parallel()
	good := Resource{ID: "https://api.example", Name: "API", Scopes: []string{"a:read"}, Lifetime: time.Hour, Algorithm: "EdDSA", Introspection: []string{"gateway"}}
	if faults := good.Faults(); len(faults) > 0 {
		t.Errorf("got %+v", faults)
	}
	for field, spoil := range map[string]func(*Resource){
		"uri":                   func(r *Resource) { r.ID = "api" },
		"name":                  func(r *Resource) { r.Name = "a\nb" },
		"scopes":                func(r *Resource) { r.Scopes = []string{"a b"} },
		"lifetime":              func(r *Resource) { r.Lifetime = 2 * time.Hour },
		"algorithm":             func(r *Resource) { r.Algorithm = "HS256" },
		"format":                func(r *Resource) { r.Format = "paseto" },
		"introspection_clients": func(r *Resource) { r.Introspection = []string{"a b"} },
	} {
		bad := good
		spoil(&bad)
		if got := bad.Faults(); len(got) != 1 || got[0].Field != field {
			t.Errorf("%s: got %+v, want one fault of it", field, got)
		}
	}
}
