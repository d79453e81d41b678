package authorize

import (
	"encoding/json"
	"slices"

	"github.com/daypass/daypass/internal/auth"
	"github.com/daypass/daypass/internal/jose"
	"github.com/daypass/daypass/oauth"
)

// claimRequest is one member of the claims parameter (OpenID Connect Core 1.0 §5.5.1).
type claimRequest struct {
	Essential bool              `json:"essential"`
	Value     json.RawMessage   `json:"value"`
	Values    []json.RawMessage `json:"values"`
}

// claims reads the claims parameter. What this server does not know is left alone (§5.5).
func (r *reader) claims() (string, *oauth.Error) {
	text := r.get(oauth.ParamClaims)
	if text == "" {
		return "", nil
	}
	got, ok := parseClaims([]byte(text))
	if !ok {
		return oauth.ParamClaims, oauth.NewError(oauth.InvalidRequest, "claims is a JSON object as OpenID Connect Core 1.0 says in section 5.5")
	}
	got.UserInfo, got.IDToken = r.registered(got.UserInfo), r.registered(got.IDToken)
	r.asked.Request.Claims = got
	return "", nil
}

// registered keeps the claims whose scope the client may ask for. Elsewhere a claim named by itself would be a way around its
// registration; §5.5 lets what is asked for be left out.
func (r *reader) registered(claims []string) []string {
	allowed := r.asked.Client.AllowedScopes()
	return slices.DeleteFunc(claims, func(name string) bool {
		scope := auth.ScopeOfClaim(name)
		return scope != "" && !slices.Contains(allowed, scope)
	})
}

func parseClaims(text []byte) (auth.ClaimsRequest, bool) {
	var both struct {
		UserInfo json.RawMessage `json:"userinfo"`
		IDToken  json.RawMessage `json:"id_token"`
	}
	var q auth.ClaimsRequest
	if jose.DecodeStrict(text, &both) != nil {
		return q, false
	}
	userInfo, ok1 := claimMembers(both.UserInfo)
	idToken, ok2 := claimMembers(both.IDToken)
	if !ok1 || !ok2 {
		return q, false
	}
	q.UserInfo, q.IDToken = names(userInfo), names(idToken)
	if acr := idToken["acr"]; acr.Essential {
		if q.EssentialACR, ok1 = texts(append(acr.Values, acr.Value)); !ok1 {
			return q, false
		}
	}
	subjects, ok := texts([]json.RawMessage{userInfo["sub"].Value, idToken["sub"].Value})
	if !ok {
		return q, false
	}
	for _, subject := range subjects {
		if q.Subject != "" && q.Subject != subject {
			return q, false
		}
		q.Subject = subject
	}
	return q, true
}

func claimMembers(raw json.RawMessage) (map[string]claimRequest, bool) {
	members := map[string]claimRequest{}
	if len(raw) == 0 {
		return members, true
	}
	return members, json.Unmarshal(raw, &members) == nil // its form was checked as a part of the whole
}

func names(members map[string]claimRequest) []string {
	var all []string
	for name := range members {
		if slices.Contains(auth.StandardClaims(), name) {
			all = append(all, name)
		}
	}
	slices.Sort(all)
	return all
}

// texts reads values that are strings where they are there; false when one is anything else. To leave it out would be to ask for
// less than the client did.
func texts(values []json.RawMessage) (all []string, ok bool) {
	for _, v := range values {
		var s string
		if len(v) > 0 && json.Unmarshal(v, &s) != nil {
			return nil, false
		}
		if s != "" {
			all = append(all, s)
		}
	}
	return all, true
}
