package oauth_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"testing"

	"github.com/daypass/daypass/oauth"
)

func TestScopeIsParsedTokenWise(t *testing.T) {
	t.Parallel()
	many := make([]string, oauth.MaxScopes+1)
	for i := range many {
		many[i] = fmt.Sprint("s", i)
	}
	for name, tc := range map[string]struct {
		in   string
		want []string
		ok   bool
	}{
		"empty is absent":            {"", nil, true},
		"one":                        {"read", []string{"read"}, true},
		"order is kept":              {"b a c", []string{"b", "a", "c"}, true},
		"duplicates fold":            {"a b a b", []string{"a", "b"}, true},
		"case matters":               {"a A", []string{"a", "A"}, true},
		"edges of the charset":       {"! #[ ]~", []string{"!", "#[", "]~"}, true},
		"as many as allowed":         {strings.Join(many[:oauth.MaxScopes], " "), many[:oauth.MaxScopes], true},
		"too many":                   {strings.Join(many, " "), nil, false},
		"leading space":              {" a", nil, false},
		"trailing space":             {"a ", nil, false},
		"doubled space":              {"a  b", nil, false},
		"tab":                        {"a\tb", nil, false},
		"line break":                 {"a\nb", nil, false},
		"quote":                      {`a"`, nil, false},
		"backslash":                  {`a\`, nil, false},
		"delete":                     {"a\x7f", nil, false},
		"not ASCII":                  {"läse", nil, false},
		"space of another character": {"a\u00a0b", nil, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got, err := oauth.ParseScope(tc.in)
			if (err == nil) != tc.ok || !slices.Equal(got, tc.want) {
				t.Fatalf("ParseScope(%q) = %q, %v; want %q, ok %v", tc.in, got, err, tc.want, tc.ok)
			}
			if e, is := errors.AsType[*oauth.Error](err); err != nil && (!is || e.Code != oauth.InvalidScope) {
				t.Fatalf("error = %v, want an *oauth.Error with invalid_scope", err)
			}
		})
	}
}

func TestScopeSubsetComparesWholeTokens(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		asked, granted string
		want           bool
	}{
		{"", "", true},
		{"", "read", true},
		{"read", "read", true},
		{"b a", "a b c", true},
		{"read", "", false},
		{"read", "read:all", false},
		{"admin", "administrator", false},
		{"administrator", "admin", false},
		{"Read", "read", false},
		{"a d", "a b c", false},
	} {
		if got := oauth.ScopeSubset(strings.Fields(tc.asked), strings.Fields(tc.granted)); got != tc.want {
			t.Errorf("ScopeSubset(%q, %q) = %v, want %v", tc.asked, tc.granted, got, tc.want)
		}
	}
}

func TestErrorDescriptionKeepsToTheAllowedCharacters(t *testing.T) {
	t.Parallel()
	var all strings.Builder
	for r := range rune(0x180) {
		all.WriteRune(r)
	}
	nasty := all.String() + "\r\nSet-Cookie: a=b\u2028\xff\"\\"
	fromLiteral, err := json.Marshal(&oauth.Error{Code: oauth.InvalidGrant, Description: nasty})
	if err != nil {
		t.Fatal(err)
	}
	var body struct {
		Code        string `json:"error"`
		Description string `json:"error_description"`
	}
	if err := json.Unmarshal(fromLiteral, &body); err != nil || body.Code != "invalid_grant" {
		t.Fatalf("body %s: %v", fromLiteral, err)
	}
	for _, s := range []string{
		oauth.NewError(oauth.InvalidGrant, nasty).Description,
		(&oauth.Error{Code: oauth.InvalidGrant, Description: nasty}).Error(),
		body.Description,
	} {
		for i := range len(s) {
			if c := s[i]; c < 0x20 || c > 0x7e || c == '"' || c == '\\' {
				t.Fatalf("byte %#x at %d of %q", c, i, s)
			}
		}
	}
}

func TestErrorBodyIsThatOfRFC6749(t *testing.T) {
	t.Parallel()
	for want, e := range map[string]*oauth.Error{
		`{"error":"invalid_grant"}`:                                oauth.NewError(oauth.InvalidGrant, ""),
		`{"error":"invalid_target","error_description":"it's no"}`: oauth.NewError(oauth.InvalidTarget, `it"s no`),
	} {
		got, err := json.Marshal(e)
		if err != nil || string(got) != want {
			t.Errorf("got %s, %v; want %s", got, err, want)
		}
	}
}

func TestTokenReplyNeverPrintsItsTokens(t *testing.T) {
	t.Parallel()
	reply := oauth.TokenReply{AccessToken: "hush-a", TokenType: oauth.Bearer, ExpiresIn: 600, RefreshToken: "hush-r", Scope: "read"}
	var out bytes.Buffer
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%d", "%x", "%q"} {
		fmt.Fprintf(&out, verb+verb+"\n", reply, &reply)
	}
	slog.New(slog.NewJSONHandler(&out, nil)).Info("reply", "value", reply, "pointer", &reply)
	slog.New(slog.NewTextHandler(&out, nil)).Info("reply", "value", reply, "pointer", &reply)
	if strings.Contains(out.String(), "hush") || strings.Contains(out.String(), "68757368") {
		t.Fatalf("a token was printed:\n%s", &out)
	}
	body, err := json.Marshal(reply)
	want := `{"access_token":"hush-a","token_type":"Bearer","expires_in":600,"refresh_token":"hush-r","scope":"read"}`
	if err != nil || string(body) != want {
		t.Fatalf("got %s, %v; want %s", body, err, want)
	}
}

func TestMetadataURLInsertsTheWellKnownPath(t *testing.T) {
	t.Parallel()
	for issuer, want := range map[string]string{
		"https://id.example.com":          "https://id.example.com/.well-known/oauth-authorization-server",
		"https://id.example.com/":         "https://id.example.com/.well-known/oauth-authorization-server",
		"https://id.example.com:8443/a/b": "https://id.example.com:8443/.well-known/oauth-authorization-server/a/b",
		"http://localhost:8080":           "http://localhost:8080/.well-known/oauth-authorization-server",
		"https://id.example.com/a%2Fb":    "https://id.example.com/.well-known/oauth-authorization-server/a%2Fb",
		"":                                "",
		"id.example.com":                  "",
		"ftp://id.example.com":            "",
		"https://":                        "",
		"https://:443":                    "",
		"https:id.example.com":            "",
		"https://u:p@id.example.com":      "",
		"https://id.example.com?tenant=1": "",
		"https://id.example.com?":         "",
		"https://id.example.com#x":        "",
		"https://id.example.com/%zz":      "",
	} {
		got, err := oauth.MetadataURL(issuer)
		if got != want || (err == nil) != (want != "") {
			t.Errorf("MetadataURL(%q) = %q, %v; want %q", issuer, got, err, want)
		}
	}
}

func TestMetadataAlwaysListsResponseTypes(t *testing.T) {
	t.Parallel()
	got, err := json.Marshal(oauth.Metadata{Issuer: "https://id.example.com"})
	if want := `{"issuer":"https://id.example.com","response_types_supported":[]}`; err != nil || string(got) != want {
		t.Fatalf("got %s, %v; want %s", got, err, want)
	}
}
