package main

import (
	"context"
	"io"

	"github.com/urfave/cli/v3"

	"github.com/daypass/daypass/internal/admin"
	"github.com/daypass/daypass/internal/auth"
)

// userEdits are the flags for the standard claims, named as the claims with dashes, and the roles.
func userEdits() []edit[auth.User] {
	return []edit[auth.User]{
		listEdit("role", "give the `ROLE`; the roles given replace all there were", func(u *auth.User) *[]string { return &u.Roles }),
		textEdit("name", "the full name", func(u *auth.User) *string { return &u.Profile.Name }),
		textEdit("given-name", "the given or first name", func(u *auth.User) *string { return &u.Profile.GivenName }),
		textEdit("family-name", "the family or last name", func(u *auth.User) *string { return &u.Profile.FamilyName }),
		textEdit("middle-name", "the middle name", func(u *auth.User) *string { return &u.Profile.MiddleName }),
		textEdit("nickname", "what friends say", func(u *auth.User) *string { return &u.Profile.Nickname }),
		textEdit("preferred-username", "the short name the user wants", func(u *auth.User) *string { return &u.Profile.PreferredUsername }),
		textEdit("profile", "the `URL` of a page about the user", func(u *auth.User) *string { return &u.Profile.Profile }),
		textEdit("picture", "the `URL` of a picture", func(u *auth.User) *string { return &u.Profile.Picture }),
		textEdit("website", "the `URL` of the user's own page", func(u *auth.User) *string { return &u.Profile.Website }),
		textEdit("gender", "any word", func(u *auth.User) *string { return &u.Profile.Gender }),
		textEdit("birthdate", "YYYY-MM-DD, 0000-MM-DD or YYYY", func(u *auth.User) *string { return &u.Profile.Birthdate }),
		textEdit("zoneinfo", "a time zone such as Europe/Paris", func(u *auth.User) *string { return &u.Profile.ZoneInfo }),
		textEdit("locale", "a language such as en-US", func(u *auth.User) *string { return &u.Profile.Locale }),
		textEdit("phone-number", "the number with its country, as in +1 (425) 555-1212", func(u *auth.User) *string { return &u.Profile.PhoneNumber }),
		flagEdit("phone-number-verified", "somebody made sure that the number is the user's", func(u *auth.User) *bool { return &u.Profile.PhoneVerified }),
		flagEdit("email-verified", "somebody made sure that the address is the user's", func(u *auth.User) *bool { return &u.Profile.EmailVerified }),
		addressEdit("address-formatted", "all lines of the postal address", func(a *auth.Address) *string { return &a.Formatted }),
		addressEdit("address-street-address", "street and number of the postal address", func(a *auth.Address) *string { return &a.StreetAddress }),
		addressEdit("address-locality", "city of the postal address", func(a *auth.Address) *string { return &a.Locality }),
		addressEdit("address-region", "state or province of the postal address", func(a *auth.Address) *string { return &a.Region }),
		addressEdit("address-postal-code", "postal code of the postal address", func(a *auth.Address) *string { return &a.PostalCode }),
		addressEdit("address-country", "country of the postal address", func(a *auth.Address) *string { return &a.Country }),
	}
}

func addressEdit(name, usage string, member func(*auth.Address) *string) edit[auth.User] {
	return edit[auth.User]{&cli.StringFlag{Name: name, Usage: usage}, name, func(u *auth.User, c *cli.Command) error {
		var a auth.Address
		if u.Profile.Address != nil {
			a = *u.Profile.Address // a copy: what was there before is compared with it
		}
		*member(&a) = c.String(name)
		u.Profile.Address = &a
		if a == (auth.Address{}) {
			u.Profile.Address = nil
		}
		return nil
	}}
}

func (p *program) userUpdate() *cli.Command {
	return &cli.Command{
		Name: "update", Usage: "change a user's standard claims and roles", ArgsUsage: "USER", Flags: flagsOf(userEdits()),
		Description: "A flag replaces what was there; an empty value takes it away: --nickname \"\", --email-verified=false.",
		Action: func(ctx context.Context, c *cli.Command) error {
			ref, err := argument(c, userArg)
			if err != nil {
				return err
			}
			change, given, err := editOf(c, userEdits())
			if err != nil {
				return err
			}
			if !given {
				return usagef("`%s` changes nothing without a flag; `%s --help` lists them", c.FullName(), c.FullName())
			}
			return p.withAdmin(ctx, forLook, func(s *admin.Service) error {
				u, err := s.FindUser(ctx, ref)
				if err != nil {
					return err
				}
				u, changed, err := s.UpdateUser(ctx, u.ID, change, actor())
				if err != nil {
					return err
				}
				doc := struct {
					userDoc
					Changed bool `json:"changed"`
				}{userDocument(u), changed}
				return p.print(doc, func(w io.Writer) { done(w, changed, u.Email+" is changed.", u.Email+" was like that already.") })
			})
		},
	}
}
