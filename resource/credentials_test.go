package resource_test

import (
	"context"
	"crypto"
	"net/http"
	"testing"

	"github.com/daypass/daypass/resource"
)

func (k oneKey) PublicKey(context.Context, string, resource.Algorithm) (crypto.PublicKey, error) {
	return k.key, nil
}

func TestAuthorizationHeaderRules(t *testing.T) {
	t.Parallel()
	issuer := newIssuer(t)
	h := newProtector(t, issuer, nil).Require()(hello)
	token := issuer.Token(nil)
	for name, tc := range map[string]struct {
		headers []string
		status  int
	}{
		"good":                     {[]string{"Bearer " + token}, 200},
		"scheme in small letters":  {[]string{"bearer " + token}, 200},
		"scheme in capitals":       {[]string{"BEARER " + token}, 200},
		"more than one space":      {[]string{"Bearer   " + token}, 200},
		"none":                     {nil, 401},
		"another scheme":           {[]string{"Basic dTpw"}, 401},
		"a bound scheme":           {[]string{"DPoP " + token}, 401},
		"two headers":              {[]string{"Bearer " + token, "Bearer " + token}, 400},
		"two headers, one Basic":   {[]string{"Basic dTpw", "Bearer " + token}, 400},
		"two headers, one empty":   {[]string{"Bearer " + token, ""}, 400},
		"two tokens":               {[]string{"Bearer " + token + " " + token}, 400},
		"two tokens with a comma":  {[]string{"Bearer " + token + "," + token}, 400},
		"two credentials in one":   {[]string{"Bearer " + token + ", Basic dTpw"}, 400},
		"no token":                 {[]string{"Bearer"}, 400},
		"no token, a space":        {[]string{"Bearer "}, 400},
		"only padding":             {[]string{"Bearer =="}, 400},
		"a tab after the scheme":   {[]string{"Bearer\t" + token}, 400},
		"a tab in the token":       {[]string{"Bearer " + token + "\t"}, 400},
		"quoted":                   {[]string{`Bearer "` + token + `"`}, 400},
		"empty":                    {[]string{""}, 400},
		"the token alone":          {[]string{token}, 401},
		"a leading space":          {[]string{" Bearer " + token}, 400},
		"padding after the token":  {[]string{"Bearer " + token + "="}, 401},
		"a scheme like it":         {[]string{"BearerX " + token}, 401},
		"line break inside, split": {[]string{"Bearer " + token[:10] + "\r\n " + token[10:]}, 400},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			res := call(h, func(r *http.Request) { r.Header["Authorization"] = tc.headers })
			if res.StatusCode != tc.status {
				t.Fatalf("got %d, want %d: %s", res.StatusCode, tc.status, body(t, res))
			}
		})
	}
}

func TestTokenInQueryOrFormIsIgnored(t *testing.T) {
	t.Parallel()
	issuer := newIssuer(t)
	h := newProtector(t, issuer, nil).Require()(hello)
	token := issuer.Token(nil)
	res := call(h, func(r *http.Request) { r.URL.RawQuery = "access_token=" + token })
	if res.StatusCode != 401 || res.Header.Get("WWW-Authenticate") != realm {
		t.Fatalf("in the query: got %d, %s", res.StatusCode, res.Header.Get("WWW-Authenticate"))
	}
	res = call(h, func(r *http.Request) {
		r.Method, r.PostForm = http.MethodPost, map[string][]string{"access_token": {token}}
	})
	if res.StatusCode != 401 {
		t.Fatalf("in the form: got %d", res.StatusCode)
	}
	res = call(h, func(r *http.Request) {
		r.URL.RawQuery = "access_token=x"
		bearer(token)(r)
	})
	if res.StatusCode != 200 {
		t.Fatalf("beside a good header: got %d", res.StatusCode)
	}
}

func TestAccessCookieRules(t *testing.T) {
	t.Parallel()
	const name = "__Host-daypass-access"
	issuer := newIssuer(t)
	on := newProtector(t, issuer, func(c *resource.Config) { c.AccessCookie = name }).Require()(hello)
	off := newProtector(t, issuer, nil).Require()(hello)
	token := issuer.Token(nil)
	cookie := name + "=" + token
	for label, tc := range map[string]struct {
		h       http.Handler
		method  string
		headers map[string][]string
		status  int
	}{
		"good":                             {on, "GET", map[string][]string{"Cookie": {cookie}}, 200},
		"among others":                     {on, "GET", map[string][]string{"Cookie": {"a=b; " + cookie + "; c=d"}}, 200},
		"switched off":                     {off, "GET", map[string][]string{"Cookie": {cookie}}, 401},
		"another name":                     {on, "GET", map[string][]string{"Cookie": {"daypass-access=" + token}}, 401},
		"name in another case":             {on, "GET", map[string][]string{"Cookie": {"__host-daypass-access=" + token}}, 401},
		"two of one name":                  {on, "GET", map[string][]string{"Cookie": {cookie + "; " + cookie}}, 400},
		"two of one name, in two headers":  {on, "GET", map[string][]string{"Cookie": {cookie, name + "=x"}}, 400},
		"empty":                            {on, "GET", map[string][]string{"Cookie": {name + "="}}, 401},
		"garbage":                          {on, "GET", map[string][]string{"Cookie": {name + "=a.b.c"}}, 401},
		"a good header wins":               {on, "GET", map[string][]string{"Cookie": {name + "=x"}, "Authorization": {"Bearer " + token}}, 200},
		"a bad header wins":                {on, "GET", map[string][]string{"Cookie": {cookie}, "Authorization": {"Bearer a.b.c"}}, 401},
		"another scheme wins":              {on, "GET", map[string][]string{"Cookie": {cookie}, "Authorization": {"Basic dTpw"}}, 401},
		"two headers win":                  {on, "GET", map[string][]string{"Cookie": {cookie}, "Authorization": {"Bearer " + token, ""}}, 400},
		"POST from the same origin":        {on, "POST", map[string][]string{"Cookie": {cookie}, "Sec-Fetch-Site": {"same-origin"}}, 200},
		"POST from no browser":             {on, "POST", map[string][]string{"Cookie": {cookie}}, 200},
		"POST from another site":           {on, "POST", map[string][]string{"Cookie": {cookie}, "Sec-Fetch-Site": {"cross-site"}}, 403},
		"POST from a neighbour":            {on, "POST", map[string][]string{"Cookie": {cookie}, "Sec-Fetch-Site": {"same-site"}}, 403},
		"POST from another origin":         {on, "POST", map[string][]string{"Cookie": {cookie}, "Origin": {"https://evil.example"}}, 403},
		"DELETE from another site":         {on, "DELETE", map[string][]string{"Cookie": {cookie}, "Sec-Fetch-Site": {"cross-site"}}, 403},
		"GET from another site":            {on, "GET", map[string][]string{"Cookie": {cookie}, "Sec-Fetch-Site": {"cross-site"}}, 200},
		"WebSocket from another site":      {on, "GET", map[string][]string{"Cookie": {cookie}, "Origin": {"https://evil.example"}, "Upgrade": {"websocket"}}, 403},
		"WebSocket from the same origin":   {on, "GET", map[string][]string{"Cookie": {cookie}, "Origin": {"https://api.example.test"}, "Upgrade": {"websocket"}}, 200},
		"header POST from another site":    {on, "POST", map[string][]string{"Authorization": {"Bearer " + token}, "Sec-Fetch-Site": {"cross-site"}}, 200},
		"no credentials from another site": {on, "POST", map[string][]string{"Sec-Fetch-Site": {"cross-site"}}, 401},
	} {
		t.Run(label, func(t *testing.T) {
			t.Parallel()
			res := call(tc.h, func(r *http.Request) {
				r.Method = tc.method
				for k, v := range tc.headers {
					r.Header[k] = v
				}
			})
			if res.StatusCode != tc.status {
				t.Fatalf("got %d, want %d: %s", res.StatusCode, tc.status, body(t, res))
			}
			if tc.status == 403 && res.Header.Get("WWW-Authenticate") != "" {
				t.Fatal("a cross-origin request was challenged, as if another token would help")
			}
		})
	}
}
