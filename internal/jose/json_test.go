package jose_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/daypass/daypass/internal/jose"
)

func nested(n int) string { return strings.Repeat("[", n) + strings.Repeat("]", n) }

func TestDecodeStrictTakesOnlyWhatCanBeReadOneWay(t *testing.T) {
	t.Parallel()
	var wide strings.Builder
	for i := range 40 {
		fmt.Fprintf(&wide, `"m%d":1,`, i)
	}
	for text, ok := range map[string]bool{
		`{}`: true, `[]`: true, `""`: true, `0`: true, `-0.5e+10`: true, `null`: true, `true`: true, " {\t\"a\"\r:\n1 } ": true,
		`{"a":{"a":1},"b":[{"a":1},{"a":1}]}`: true, `"\ud83d\ude00"`: true, `"\u0000\"\\\/\b\f\n\r\t"`: true, "\"\u2028\"": true,
		nested(20): true, `{` + wide.String() + `"x":1}`: true,

		``: false, ` `: false, `{`: false, `}`: false, `[`: false, `"`: false, `{"a"}`: false, `{"a":}`: false, `{"a":1,}`: false, `[1,]`: false,
		`[,1]`: false, `{,}`: false, `{a:1}`: false, `{'a':1}`: false, `{"a":1 "b":2}`: false, `[1 2]`: false, `tru`: false, `nul`: false, `True`: false,
		`NaN`: false, `Infinity`: false, `-Infinity`: false, `+1`: false, `01`: false, `-01`: false, `-`: false, `1.`: false, `.5`: false, `1e`: false, `1e+`: false,
		`0x10`: false, `1_000`: false, `{} {}`: false, `{}x`: false, `1 2`: false, "{}\x00": false, "\x00": false, `/**/{}`: false, "\ufeff{}": false,
		`{"a":1,"a":1}`: false, `{"a":1,"\u0061":1}`: false, `[{"b":{"a":1,"a":2}}]`: false, `{"":1,"":1}`: false, `{` + wide.String() + `"m3":1}`: false,
		`{` + wide.String() + `"m39":1}`: false, `{` + wide.String() + `"x":1,"x":1}`: false,
		"\"\xff\"": false, "\"\xc0\xaf\"": false, "\"\xed\xa0\x80\"": false, "{\"\xff\":1}": false, "\"a\nb\"": false, "\"\t\"": false,
		`"\ud83d"`: false, `"\ude00"`: false, `"\ud83d\ud83d"`: false, `"\ud83dx"`: false, `"\ud83d\n"`: false, `"\ude00\ud83d"`: false,
		`"\x41"`: false, `"\u12"`: false, `"\u12g4"`: false, `"\'"`: false, `"\`: false, `"\u`: false,
		nested(21): false, nested(100_000): false, strings.Repeat(`{"a":`, 21) + `1` + strings.Repeat(`}`, 21): false, strings.Repeat("[", 100_000): false,
	} {
		var into any
		err := jose.DecodeStrict([]byte(text), &into)
		if (err == nil) != ok {
			t.Errorf("%.80q: got %v, want ok %v", text, err, ok)
		}
		if err != nil && !errors.Is(err, jose.ErrMalformed) {
			t.Errorf("%.80q: got %v, want ErrMalformed", text, err)
		}
	}
}

type claims struct {
	Issuer string          `json:"iss"`
	Expiry *int64          `json:"exp"`
	Roles  []string        `json:"roles"`
	Bound  json.RawMessage `json:"cnf"`
	Act    struct {
		Subject string `json:"sub"`
	} `json:"act"`
	Ignored string
}

func TestDecodeStrictMatchesMemberNamesExactly(t *testing.T) {
	t.Parallel()
	var got claims
	err := jose.DecodeStrict([]byte(`{"ISS":"evil","iſs":"evil","Ignored":"evil","act":{"SUB":"evil","sub":"a\u0062c"},"exp":7,"roles":["x"],"cnf":null,"z":1}`), &got)
	if err != nil {
		t.Fatal(err)
	}
	if got.Issuer != "" || got.Ignored != "" || got.Act.Subject != "abc" || got.Expiry == nil || *got.Expiry != 7 || len(got.Roles) != 1 || string(got.Bound) != "null" {
		t.Fatalf("got %+v", got)
	}
}

func TestDecodeStrictRefusesValuesOfTheWrongType(t *testing.T) {
	t.Parallel()
	for _, text := range []string{
		`{"iss":1}`, `{"iss":["a"]}`, `{"iss":{}}`, `{"exp":"7"}`, `{"exp":1e400}`, `{"exp":true}`, `{"roles":"x"}`, `{"roles":[1]}`,
		`{"act":"x"}`, `{"act":[]}`, `[]`, `null`, `"x"`, `1`,
	} {
		var got claims
		if err := jose.DecodeStrict([]byte(text), &got); !errors.Is(err, jose.ErrMalformed) {
			t.Errorf("%s: got %v", text, err)
		}
	}
	for _, into := range []any{nil, claims{}, (*claims)(nil)} {
		if err := jose.DecodeStrict([]byte(`{}`), into); err == nil {
			t.Errorf("decoding into %T: want an error", into)
		}
	}
}

func TestDecodeStrictErrorsDoNotRepeatValues(t *testing.T) {
	t.Parallel()
	var got claims
	err := jose.DecodeStrict([]byte(`{"exp":"hush-hush"}`), &got)
	if err == nil || strings.Contains(err.Error(), "hush") {
		t.Fatalf("got %v", err)
	}
}
