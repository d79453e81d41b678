package auth

import "slices"

// IDTokenClaims are the claims of an ID token (OpenID Connect Core 1.0 §2), besides those about the user that were asked
// for one by one.
type IDTokenClaims struct {
	Issuer     string   `json:"iss"`
	Subject    string   `json:"sub"`
	Audience   Audience `json:"aud"`
	Expires    int64    `json:"exp"`
	IssuedAt   int64    `json:"iat"`
	AuthTime   int64    `json:"auth_time,omitempty"`
	Nonce      string   `json:"nonce,omitempty"`
	ACR        string   `json:"acr,omitempty"`
	AMR        []string `json:"amr,omitempty"`
	AccessHash string   `json:"at_hash,omitempty"` // §3.1.3.6
	SessionID  string   `json:"sid,omitempty"`
}

// IDTokenType is the typ header of an ID token: the general one, since OpenID Connect names none.
const IDTokenType = "JWT"

// DefaultIDTokenAlgorithm is what a client that registered nothing gets (OpenID Connect Dynamic Client Registration 1.0 §2).
const DefaultIDTokenAlgorithm = "RS256"

// scopeClaims are the claims that a scope stands for (OpenID Connect Core 1.0 §5.4).
var scopeClaims = map[string][]string{
	"profile": {
		"name", "family_name", "given_name", "middle_name", "nickname", "preferred_username", "profile", "picture", "website",
		"gender", "birthdate", "zoneinfo", "locale", "updated_at",
	},
	"email":   {"email", "email_verified"},
	"address": {"address"},
	"phone":   {"phone_number", "phone_number_verified"},
}

// ScopeOfClaim returns the scope that stands for a claim; "" for sub, and for what no standard scope stands for.
func ScopeOfClaim(claim string) string {
	for scope, claims := range scopeClaims {
		if slices.Contains(claims, claim) {
			return scope
		}
	}
	return ""
}

// StandardClaims lists the claims about a user that this server can tell, sorted.
func StandardClaims() []string {
	all := []string{"sub"}
	for _, names := range scopeClaims {
		all = append(all, names...)
	}
	slices.Sort(all)
	return all
}

// ClaimsOf returns what scopes and claims that were named one by one let a client know about a user, by name. What is
// empty is left out (§5.3.2); sub is the caller's.
func (u User) ClaimsOf(scopes, named []string) map[string]any {
	all := u.claims()
	wanted := slices.Clone(named)
	for _, s := range scopes {
		wanted = append(wanted, scopeClaims[s]...)
	}
	told := map[string]any{}
	for _, name := range wanted {
		if v, ok := all[name]; ok {
			told[name] = v
		}
	}
	return told
}

func (u User) claims() map[string]any {
	p, all := u.Profile, map[string]any{}
	for name, v := range map[string]string{
		"name": p.Name, "family_name": p.FamilyName, "given_name": p.GivenName, "middle_name": p.MiddleName, "nickname": p.Nickname,
		"preferred_username": p.PreferredUsername, "profile": p.Profile, "picture": p.Picture, "website": p.Website, "gender": p.Gender,
		"birthdate": p.Birthdate, "zoneinfo": p.ZoneInfo, "locale": p.Locale, "email": u.Email, "phone_number": p.PhoneNumber,
	} {
		if v != "" {
			all[name] = v
		}
	}
	if u.Email != "" {
		all["email_verified"] = p.EmailVerified
	}
	if p.PhoneNumber != "" {
		all["phone_number_verified"] = p.PhoneVerified
	}
	if p.UpdatedAt != 0 {
		all["updated_at"] = p.UpdatedAt
	}
	if p.Address != nil {
		all["address"] = p.Address
	}
	return all
}
