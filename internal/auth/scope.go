package auth

import (
	"fmt"
	"slices"

	"golang.org/x/text/language"
)

// Scope is a right that clients ask for, as an operator describes it: in words for the person who is asked, and with the
// claims that it lets a client read. Scopes that nobody describes work as well; their name is all that can be shown.
type Scope struct {
	Name   string
	Words  map[string]string // language, such as "en", to what is allowed: "Read your files"
	Claims []string          // of the user
}

const maxWords = 200 // characters

// Faults judges a description. Fields are "name", "claims" and "words.LANGUAGE".
func (s Scope) Faults() []Fault {
	var f clientFaults
	if why := ScopeFault(s.Name); why != "" {
		f.value("name", -1, s.Name, why)
	}
	var languages []string
	for l := range s.Words {
		languages = append(languages, l)
	}
	slices.Sort(languages)
	for _, l := range languages {
		if _, err := language.Parse(l); err != nil {
			f.value("words", -1, l, "write a language such as en or pt-BR before the colon")
		} else if why := line(maxWords)(s.Words[l]); why != "" || s.Words[l] == "" {
			f.add("words."+l, -1, fmt.Sprintf("write 1 to %d characters that say what is allowed", maxWords))
		}
	}
	f.each("claims", s.Claims, len(claimNames()), func(c string) string {
		if !slices.Contains(claimNames(), c) {
			return "there is no claim of that name"
		}
		return ""
	})
	return f
}

// claimNames are the claims about a user (OpenID Connect Core 1.0 §5.1) and the roles.
func claimNames() []string {
	return []string{
		"name", "given_name", "family_name", "middle_name", "nickname", "preferred_username", "profile", "picture", "website",
		"gender", "birthdate", "zoneinfo", "locale", "phone_number", "phone_number_verified", "address", "email",
		"email_verified", "updated_at", "roles",
	}
}
