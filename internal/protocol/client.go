package protocol

import (
	"encoding/base64"
	"net/http"
	"net/url"
	"strings"
	"unicode/utf8"

	"github.com/daypass/daypass/internal/auth"
	"github.com/daypass/daypass/internal/clients"
	"github.com/daypass/daypass/internal/httpkit"
	"github.com/daypass/daypass/internal/secret"
	"github.com/daypass/daypass/oauth"
)

// inURL are the parameters whose value would be lost to logs and histories when sent in the query.
var errInURL = oauth.NewError(oauth.InvalidRequest, "credentials belong in the body, never in the URL")

// readForm reads the form of an endpoint that takes credentials. What came in the query is never used,
// and a credential there is refused (RFC 6749 §2.3.1), so that the mistake is noticed.
func readForm(r *http.Request) (httpkit.Form, error) {
	query := r.URL.Query()
	for _, name := range []string{oauth.ParamClientSecret, oauth.ParamRefreshToken, oauth.ParamToken, oauth.ParamCode, oauth.ParamClientAssertion} {
		if query.Has(name) {
			return httpkit.Form{}, errInURL
		}
	}
	return httpkit.ReadForm(r, oauth.ParamResource)
}

// credentials reads how the client presents itself: by Basic, by a secret in the body or by its id
// alone, and never by two of them (RFC 6749 §2.3).
func credentials(r *http.Request, f httpkit.Form) (clients.Credentials, error) {
	id := f.Get(oauth.ParamClientID)
	header := r.Header.Values("Authorization")
	posted, assertion := f.Secret(oauth.ParamClientSecret), f.Secret(oauth.ParamClientAssertion)
	switch {
	case !assertion.IsZero() || f.Get(oauth.ParamClientAssertionType) != "":
		if len(header) > 0 || !posted.IsZero() {
			return clients.Credentials{}, errTwoWays
		}
		return asserted(id, f.Get(oauth.ParamClientAssertionType), assertion)
	case len(header) > 1 || len(header) == 1 && !posted.IsZero():
		return clients.Credentials{}, errTwoWays
	case len(header) == 1:
		c, ok := basic(header[0])
		if !ok {
			return c, oauth.NewError(oauth.InvalidClient, "client authentication failed")
		}
		if id != "" && id != c.ID {
			return c, oauth.NewError(oauth.InvalidRequest, "client_id names another client than the Authorization header")
		}
		return c, nil
	case id == "":
		return clients.Credentials{}, oauth.NewError(oauth.InvalidClient, "the client did not say who it is")
	case !posted.IsZero():
		return clients.Credentials{Method: oauth.AuthSecretPost, ID: id, Secret: posted}, nil
	}
	return clients.Credentials{Method: oauth.AuthNone, ID: id}, nil
}

var errTwoWays = oauth.NewError(oauth.InvalidRequest, "one way to authenticate the client at a time")

// asserted reads private_key_jwt (RFC 7521 §4.2). Who says nothing else is whom the assertion claims to be, which is proved
// afterwards.
func asserted(id, kind string, assertion secret.Token) (clients.Credentials, error) {
	if kind != oauth.AssertionJWT || assertion.IsZero() {
		return clients.Credentials{}, oauth.NewError(oauth.InvalidRequest, "client_assertion goes with client_assertion_type "+oauth.AssertionJWT)
	}
	claimed, err := auth.ReadClientAssertion(assertion)
	if err != nil || id != "" && id != claimed.Subject {
		return clients.Credentials{}, oauth.NewError(oauth.InvalidClient, "client authentication failed")
	}
	return clients.Credentials{Method: oauth.AuthPrivateKeyJWT, ID: claimed.Subject, Assertion: assertion}, nil
}

// basic reads client_secret_basic: each half is form-encoded before the base64 (RFC 6749 §2.3.1).
func basic(header string) (clients.Credentials, bool) {
	scheme, encoded, _ := strings.Cut(header, " ")
	if !strings.EqualFold(scheme, "Basic") {
		return clients.Credentials{}, false
	}
	raw, err := base64.StdEncoding.DecodeString(strings.TrimSpace(encoded))
	if err != nil {
		return clients.Credentials{}, false
	}
	first, second, ok := strings.Cut(string(raw), ":")
	if !ok {
		return clients.Credentials{}, false
	}
	id, errID := url.QueryUnescape(first)
	password, errPassword := url.QueryUnescape(second)
	if errID != nil || errPassword != nil || id == "" || password == "" || !utf8.ValidString(id) || strings.ContainsRune(id, 0) {
		return clients.Credentials{}, false
	}
	return clients.Credentials{Method: oauth.AuthSecretBasic, ID: id, Secret: secret.FromString(password)}, true
}
