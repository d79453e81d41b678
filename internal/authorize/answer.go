package authorize

import (
	"net/url"
	"strings"

	"github.com/daypass/daypass/internal/auth"
	"github.com/daypass/daypass/oauth"
)

// Answer is what the client gets (RFC 6749 §4.1.2), always with the issuer (RFC 9207 §2).
type Answer struct {
	RedirectURI string
	Mode        oauth.ResponseMode
	Values      url.Values
	Locales     []string // of whoever asked, for the page on the way
}

// Location is the redirect URI with the values in its query; what was there stays (RFC 6749 §4.1.2).
func (a Answer) Location() string { return withQuery(a.RedirectURI, a.Values) }

// withQuery adds values to the query of an address, whose own characters stay as they are.
func withQuery(uri string, values url.Values) string {
	separator := "?"
	if strings.Contains(uri, "?") {
		separator = "&"
	}
	return uri + separator + values.Encode()
}

func (s *Service) answer(q auth.AuthorizationRequest) *Answer {
	values := url.Values{oauth.ParamIssuer: {s.needs.Issuer}}
	if q.State != "" {
		values.Set(oauth.ParamState, q.State)
	}
	return &Answer{RedirectURI: q.RedirectURI, Mode: q.Mode, Values: values, Locales: q.Locales}
}

func (s *Service) refusal(q auth.AuthorizationRequest, err *oauth.Error) *Answer {
	a := s.answer(q)
	a.Values.Set(oauth.ParamError, string(err.Code))
	if err.Description != "" {
		a.Values.Set(oauth.ParamErrorDescription, err.Description)
	}
	return a
}
