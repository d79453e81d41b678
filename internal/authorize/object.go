package authorize

import (
	"context"
	"encoding/json"
	"slices"
	"strings"
	"time"

	"github.com/daypass/daypass/internal/auth"
	"github.com/daypass/daypass/internal/httpkit"
	"github.com/daypass/daypass/internal/jose"
	"github.com/daypass/daypass/oauth"
)

const (
	objectType    = "oauth-authz-req+jwt" // RFC 9101 §10.8
	objectSkew    = 30 * time.Second
	maxObjectLife = time.Hour
)

// objectClaims are the members of a request object that are no parameters (RFC 9101 §4).
type objectClaims struct {
	Issuer     string          `json:"iss"`
	Subject    string          `json:"sub"`
	Audience   auth.Audience   `json:"aud"`
	Expires    float64         `json:"exp"`
	NotBefore  float64         `json:"nbf"`
	IssuedAt   float64         `json:"iat"`
	ClientID   string          `json:"client_id"`
	Request    json.RawMessage `json:"request"`
	RequestURI json.RawMessage `json:"request_uri"`
}

var notParameters = []string{"iss", "sub", "aud", "exp", "nbf", "iat", "jti", oauth.ParamRequest, oauth.ParamRequestURI}

// object takes the parameters from a request object, where one came (RFC 9101 §5.1, OpenID Connect Core 1.0 §6.1): what stands
// outside it counts for nothing, but may not say otherwise. Where it is not good, the client hears so at the redirect URI that
// stands outside, if that is its own.
func (r *reader) object(ctx context.Context) error {
	token := r.params.Secret(oauth.ParamRequest)
	if token.IsZero() {
		return nil
	}
	outer := r.params
	switch {
	case r.get(oauth.ParamRequestURI) != "":
		return r.objectFault(oauth.InvalidRequest, "request and request_uri do not go together")
	case slices.Contains(outer.Repeated(), oauth.ParamRequest):
		return r.objectFault(oauth.InvalidRequest, "request is repeated")
	}
	payload, err := r.s.needs.Clients.VerifySigned(ctx, r.asked.Client, token, r.asked.Client.Metadata.RequestObjectAlgorithm, objectType)
	if err != nil {
		return r.objectFault(oauth.InvalidRequestObject, "it is not signed by a key of the client, or not as the client registered")
	}
	values, why := r.open(payload)
	if why == "" {
		for _, name := range []string{oauth.ParamResponseType, oauth.ParamClientID} {
			if said := outer.Get(name); said != "" && len(values[name]) > 0 && values[name][0] != said {
				why = name + " is another one outside it"
			}
		}
	}
	if why != "" {
		return r.objectFault(oauth.InvalidRequestObject, why)
	}
	values[oauth.ParamClientID] = []string{r.asked.Client.ID}
	r.params, r.signed = httpkit.NewParams(values), true
	return nil
}

// open judges the claims of a verified object and returns its parameters.
func (r *reader) open(payload []byte) (map[string][]string, string) {
	var c objectClaims
	var all map[string]json.RawMessage
	if jose.DecodeStrict(payload, &c) != nil || json.Unmarshal(payload, &all) != nil {
		return nil, "its claims cannot be read"
	}
	id, now := r.asked.Client.ID, r.s.needs.Now()
	at, skew := float64(now.Unix()), objectSkew.Seconds()
	switch {
	case c.Issuer != id:
		return nil, "iss is not the client_id"
	case c.Subject == id: // it could be used as an assertion
		return nil, "sub is the client_id"
	case c.ClientID != "" && c.ClientID != id:
		return nil, "client_id is another client's"
	case !slices.Contains(c.Audience, r.s.needs.Issuer):
		return nil, "aud lacks the issuer"
	case all["exp"] != nil && (c.Expires < at-skew || c.Expires > at+maxObjectLife.Seconds()+skew):
		return nil, "exp is over, or more than an hour ahead"
	case c.NotBefore > at+skew || c.IssuedAt > at+skew:
		return nil, "nbf or iat lies ahead"
	case c.Request != nil || c.RequestURI != nil:
		return nil, "it holds another request"
	}
	values := map[string][]string{}
	for name, raw := range all {
		if slices.Contains(notParameters, name) {
			continue
		}
		v, ok := parameterOf(raw)
		if !ok || len(v) > 1 && name != oauth.ParamResource {
			return nil, name + " has the wrong type"
		}
		values[name] = v
	}
	return values, ""
}

// parameterOf writes a claim as a parameter: a string as it is, a number or an object as its JSON, a list of strings as several.
func parameterOf(raw json.RawMessage) ([]string, bool) {
	var one string
	var list []string
	text := strings.TrimSpace(string(raw))
	switch {
	case text == "" || text == "null":
		return nil, true
	case text[0] == '"':
		err := json.Unmarshal(raw, &one)
		return []string{one}, err == nil && !strings.ContainsRune(one, 0)
	case text[0] == '[':
		err := json.Unmarshal(raw, &list)
		return list, err == nil
	}
	return []string{text}, true
}

// objectFault tells the client, if it is known where that is.
func (r *reader) objectFault(code oauth.ErrorCode, why string) error {
	err := oauth.NewError(code, "request: "+why)
	if r.redirect() != nil {
		return &Fault{Err: err, Parameter: oauth.ParamRequest}
	}
	_, _ = r.mode()
	return r.fault(oauth.ParamRequest, err)
}

// fault is what is wrong with a request whose redirect URI is good. A client that anybody could register is told nothing by way of
// somebody's browser before anybody has logged in: its redirect URI may be meant for the visitor (RFC 9700 §4.11.2).
func (r *reader) fault(parameter string, err *oauth.Error) error {
	f := &Fault{Err: err, Parameter: parameter}
	if r.pushed || !r.asked.Client.Unvouched() {
		f.Answer = r.s.refusal(r.asked.Request, err)
	}
	return f
}
