package auth

import (
	"strings"
	"testing"
)

// OpenID Connect Core 1.0 §5.1.
func TestStandardClaimsHaveTheirRules(t *testing.T) {
	t.Parallel()
	good := Profile{
		Name: "Zoë 用户", GivenName: "Zoë", Profile: "https://zoe.example", Picture: "https://zoe.example/p.png", Website: "http://localhost/", Gender: "none",
		Birthdate: "0000-02-29", ZoneInfo: "America/Argentina/Buenos_Aires", Locale: "pt_BR", PhoneNumber: "+1 (604) 555-1234;ext=5678", PhoneVerified: true,
		Address: &Address{Formatted: "1 Road\r\nTown", StreetAddress: "1 Road\nFlat 2", Country: "Ö"}, EmailVerified: true,
	}
	if faults := good.Faults(); len(faults) > 0 {
		t.Errorf("got %v, want none", faults)
	}
	for field, bad := range map[string][]Profile{
		"name":                  {{Name: "a\nb"}, {Name: strings.Repeat("ä", 257)}, {Name: "\xff"}},
		"preferred_username":    {{PreferredUsername: "a\x00b"}},
		"picture":               {{Picture: "javascript:alert(1)"}, {Picture: "http://zoe.example"}, {Picture: "data:image/png,x"}},
		"birthdate":             {{Birthdate: "1999-02-29"}, {Birthdate: "29.2.2000"}, {Birthdate: "99"}, {Birthdate: "0000-13-01"}},
		"zoneinfo":              {{ZoneInfo: "../etc/passwd"}, {ZoneInfo: "Europe/"}},
		"locale":                {{Locale: "english please"}},
		"phone_number":          {{PhoneNumber: "555-1234"}, {PhoneNumber: "+1"}},
		"phone_number_verified": {{PhoneVerified: true}},
		"address.country":       {{Address: &Address{Country: "a\nb"}}},
	} {
		for _, p := range bad {
			if got := p.Faults(); len(got) != 1 || got[0].Field != field {
				t.Errorf("%s: got %v, want one fault of it", field, got)
			}
		}
	}
}
