package httpkit

import (
	"errors"
	"testing"
)

func TestOneBearerTokenFromOneHeader(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		lines   []string
		want    string
		present bool
		err     error
	}{
		"none":               {nil, "", false, nil},
		"one":                {[]string{"Bearer abc.DEF-1_2~3+/=="}, "abc.DEF-1_2~3+/==", true, nil},
		"scheme in any case": {[]string{"bEARER abc"}, "abc", true, nil},
		"several spaces":     {[]string{"Bearer   abc"}, "abc", true, nil},
		"another scheme":     {[]string{"Basic YTpi"}, "", false, nil},
		"DPoP":               {[]string{"DPoP abc"}, "", false, nil},
		"no token":           {[]string{"Bearer"}, "", false, ErrBearer},
		"blank token":        {[]string{"Bearer "}, "", false, ErrBearer},
		"padding alone":      {[]string{"Bearer =="}, "", false, ErrBearer},
		"padding inside":     {[]string{"Bearer a=b"}, "", false, ErrBearer},
		"two tokens":         {[]string{"Bearer abc def"}, "", false, ErrBearer},
		"two with a comma":   {[]string{"Bearer abc, Bearer def"}, "", false, ErrBearer},
		"two headers":        {[]string{"Bearer abc", "Bearer abc"}, "", false, ErrBearer},
		"two schemes":        {[]string{"Basic YTpi", "Bearer abc"}, "", false, ErrBearer},
		"tab":                {[]string{"Bearer\tabc"}, "", false, nil},
		"beyond ASCII":       {[]string{"Bearer äbc"}, "", false, ErrBearer},
		"quoted":             {[]string{`Bearer "abc"`}, "", false, ErrBearer},
	} {
		r := get("/?access_token=query")
		r.Header["Authorization"] = c.lines
		token, present, err := Bearer(r)
		if token.Reveal() != c.want || present != c.present || !errors.Is(err, c.err) {
			t.Errorf("%s: got %q %v %v, want %q %v %v", name, token.Reveal(), present, err, c.want, c.present, c.err)
		}
	}
}
