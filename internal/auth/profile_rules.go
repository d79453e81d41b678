package auth

import (
	"fmt"
	"regexp"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/language"
)

const (
	maxClaim   = 256  // characters of one claim
	maxAddress = 1000 // characters of one part of a postal address
)

// ProfileFault is one thing wrong with a user's standard claims, and what to write instead.
type ProfileFault struct {
	Field   string // as the claim is called: "birthdate", "address.country"
	Problem string
}

// Faults judges the claims of a user, whoever writes them: a command, the configuration, later the user. Every fault is
// found at once. The words of the problem do not repeat what stands there, which is personal.
func (p Profile) Faults() []ProfileFault {
	var all []ProfileFault
	check := func(field, value string, fault func(string) string) {
		if why := fault(value); value != "" && why != "" {
			all = append(all, ProfileFault{field, why})
		}
	}
	for _, c := range []struct{ field, value string }{
		{"name", p.Name},
		{"given_name", p.GivenName},
		{"family_name", p.FamilyName},
		{"middle_name", p.MiddleName},
		{"nickname", p.Nickname},
		{"preferred_username", p.PreferredUsername},
		{"gender", p.Gender},
	} {
		check(c.field, c.value, line(maxClaim))
	}
	check("profile", p.Profile, WebURIFault)
	check("picture", p.Picture, WebURIFault)
	check("website", p.Website, WebURIFault)
	check("birthdate", p.Birthdate, birthdateFault)
	check("zoneinfo", p.ZoneInfo, matches(`^[A-Za-z][A-Za-z0-9_+-]*(/[A-Za-z0-9_+-]+)*$`, "write a time zone such as Europe/Paris"))
	check("locale", p.Locale, localeFault)
	check("phone_number", p.PhoneNumber, matches(`^\+[0-9][0-9 ().-]{3,30}[0-9](;ext=[0-9]{1,10})?$`, "write it with its country, as in +1 (425) 555-1212"))
	if p.PhoneVerified && p.PhoneNumber == "" {
		all = append(all, ProfileFault{"phone_number_verified", "there is no phone_number: write that as well"})
	}
	if a := p.Address; a != nil {
		check("address.formatted", a.Formatted, lines(maxAddress))
		check("address.street_address", a.StreetAddress, lines(maxAddress))
		check("address.locality", a.Locality, line(maxAddress))
		check("address.region", a.Region, line(maxAddress))
		check("address.postal_code", a.PostalCode, line(maxAddress))
		check("address.country", a.Country, line(maxAddress))
	}
	return all
}

func line(most int) func(string) string { return written(most, "") }

// lines may have line breaks (OpenID Connect Core 1.0 §5.1.1).
func lines(most int) func(string) string { return written(most, "\r\n") }

func written(most int, besides string) func(string) string {
	return func(s string) string {
		if !utf8.ValidString(s) || utf8.RuneCountInString(s) > most || strings.ContainsFunc(s, func(r rune) bool {
			return unicode.IsControl(r) && !strings.ContainsRune(besides, r)
		}) {
			return fmt.Sprintf("write at most %d characters without control characters", most)
		}
		return ""
	}
}

func matches(pattern, advice string) func(string) string {
	return func(s string) string {
		if len(s) > maxClaim || !regexp.MustCompile(pattern).MatchString(s) {
			return advice
		}
		return ""
	}
}

// birthdateFault: YYYY-MM-DD, 0000-MM-DD where the year is not told, or YYYY (OpenID Connect Core 1.0 §5.1).
func birthdateFault(s string) string {
	day := s
	if rest, ok := strings.CutPrefix(s, "0000-"); ok {
		day = "2000-" + rest // a leap year
	}
	for _, layout := range []string{time.DateOnly, "2006"} {
		if _, err := time.Parse(layout, day); err == nil {
			return ""
		}
	}
	return "write YYYY-MM-DD, 0000-MM-DD or YYYY"
}

func localeFault(s string) string {
	if _, err := language.Parse(strings.ReplaceAll(s, "_", "-")); err != nil || len(s) > 35 {
		return "write a language such as en-US"
	}
	return ""
}
