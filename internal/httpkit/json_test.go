package httpkit

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"
)

type loginBody struct {
	Email string `json:"email"`
	Mode  string `json:"mode"`
}

func TestJSONIsReadLeniently(t *testing.T) {
	t.Parallel()
	deep := strings.Repeat("[", maxDepth-1) + strings.Repeat("]", maxDepth-1)
	for name, c := range map[string]struct {
		contentType, body string
		want              loginBody
	}{
		"members":              {"application/json", `{"email":"a@b","mode":"token"}`, loginBody{"a@b", "token"}},
		"charset":              {"application/json; charset=utf-8", `{"email":"é"}`, loginBody{Email: "é"}},
		"unknown members":      {"application/json", `{"x":[1,{"x":2}],"email":"a","y":{"x":null}}`, loginBody{Email: "a"}},
		"empty, no type":       {"", "", loginBody{}},
		"empty, JSON":          {"application/json", "", loginBody{}},
		"twenty levels":        {"application/json", `{"x":` + deep + `}`, loginBody{}},
		"one name, two levels": {"application/json", `{"x":{"email":"in"},"email":"out"}`, loginBody{Email: "out"}},
		"name as value":        {"application/json", `{"email":"mode","mode":"email"}`, loginBody{"mode", "email"}},
	} {
		var got loginBody
		if err := ReadJSON(post(c.contentType, c.body), &got); err != nil || got != c.want {
			t.Errorf("%s: got %+v, %v; want %+v", name, got, err, c.want)
		}
	}
}

func TestJSONIsRefused(t *testing.T) {
	t.Parallel()
	deep := strings.Repeat("[", maxDepth) + strings.Repeat("]", maxDepth)
	for name, c := range map[string]struct {
		contentType, body string
		want              error
	}{
		"no content type":       {"", `{}`, ErrContentType},
		"text":                  {"text/plain", `{}`, ErrContentType},
		"an empty form":         {formType, "", ErrContentType},
		"a suffix":              {"application/x+json", `{}`, ErrContentType},
		"too large":             {"application/json", `{"a":"` + strings.Repeat("x", MaxBody) + `"}`, ErrTooLarge},
		"trailing data":         {"application/json", `{} {}`, ErrMalformed},
		"trailing garbage":      {"application/json", `{}x`, ErrMalformed},
		"trailing comma":        {"application/json", `{"a":1,}`, ErrMalformed},
		"not closed":            {"application/json", `{"a":1`, ErrMalformed},
		"an array":              {"application/json", `[]`, ErrMalformed},
		"null":                  {"application/json", `null`, ErrMalformed},
		"blank":                 {"application/json", ` `, ErrMalformed},
		"21 levels":             {"application/json", `{"x":` + deep + `}`, ErrMalformed},
		"wrong type":            {"application/json", `{"email":5}`, ErrMalformed},
		"not UTF-8":             {"application/json", "{\"email\":\"\xff\"}", ErrMalformed},
		"NUL":                   {"application/json", `{"email":"a\u0000"}`, ErrMalformed},
		"twice":                 {"application/json", `{"mode":"a","mode":"b"}`, ErrDuplicate{"mode"}},
		"twice, another case":   {"application/json", `{"mode":"a","MODE":"b"}`, ErrDuplicate{"MODE"}},
		"twice, escaped":        {"application/json", `{"mode":"a","\u006dode":"b"}`, ErrDuplicate{"mode"}},
		"twice, long s":         {"application/json", `{"pass":"a","paſs":"b"}`, ErrDuplicate{""}},
		"twice, unknown inside": {"application/json", `{"x":[{"y":1,"y":2}]}`, ErrDuplicate{"y"}},
	} {
		var got loginBody
		if err := ReadJSON(post(c.contentType, c.body), &got); !errors.Is(err, c.want) {
			t.Errorf("%s: err = %v, want %v", name, err, c.want)
		}
	}
}

func FuzzCheckJSON(f *testing.F) {
	for _, s := range []string{`{"refresh_token":"dpr_x","mode":"token"}`, ` { "a" : "b" , "A" : "c" } `, `{"a":"b","":"c"}`, "{\"a\":\"\x00\"}", `{"a":1}`, `{"a":[{"b":null}],"c":"\u0000"}`, `{"a":1,"A":2}`, `[[`, `{}}`, `{"a":1}{"b":2}`} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		if plainJSON(body) && checkJSON(body) != nil {
			t.Fatalf("%q is taken for plain and must be refused: %v", body, checkJSON(body))
		}
		if checkJSON(body) != nil || !json.Valid(body) {
			return
		}
		var got map[string]json.RawMessage
		if err := json.Unmarshal(body, &got); err != nil {
			t.Fatalf("accepted %q, which does not decode: %v", body, err)
		}
		folded := map[string]bool{}
		for name := range got {
			if folded[strings.ToLower(name)] {
				t.Errorf("%q: %q comes in two cases", body, name)
			}
			folded[strings.ToLower(name)] = true
		}
	})
}
