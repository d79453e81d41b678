package auth

// Profile holds the standard claims about a user (OpenID Connect Core 1.0 §5.1) that are not columns of their own; sub,
// email and updated_at come from elsewhere. Empty members are left out wherever they are told.
type Profile struct {
	Name              string   `json:"name,omitempty"`
	GivenName         string   `json:"given_name,omitempty"`
	FamilyName        string   `json:"family_name,omitempty"`
	MiddleName        string   `json:"middle_name,omitempty"`
	Nickname          string   `json:"nickname,omitempty"`
	PreferredUsername string   `json:"preferred_username,omitempty"`
	Profile           string   `json:"profile,omitempty"`
	Picture           string   `json:"picture,omitempty"`
	Website           string   `json:"website,omitempty"`
	Gender            string   `json:"gender,omitempty"`
	Birthdate         string   `json:"birthdate,omitempty"` // YYYY-MM-DD, 0000-MM-DD or YYYY
	ZoneInfo          string   `json:"zoneinfo,omitempty"`
	Locale            string   `json:"locale,omitempty"`
	PhoneNumber       string   `json:"phone_number,omitempty"`
	PhoneVerified     bool     `json:"phone_number_verified,omitempty"`
	Address           *Address `json:"address,omitempty"`
	EmailVerified     bool     `json:"email_verified,omitempty"`
	UpdatedAt         int64    `json:"updated_at,omitempty"` // seconds since 1970
}

// Address is a postal address (OpenID Connect Core 1.0 §5.1.1).
type Address struct {
	Formatted     string `json:"formatted,omitempty"`
	StreetAddress string `json:"street_address,omitempty"`
	Locality      string `json:"locality,omitempty"`
	Region        string `json:"region,omitempty"`
	PostalCode    string `json:"postal_code,omitempty"`
	Country       string `json:"country,omitempty"`
}
