package jose_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/daypass/daypass/internal/jose"
)

func TestUnverifiedPayloadReadsWhatVerifyWould(t *testing.T) {
	t.Parallel()
	for token, want := range map[string]string{
		"." + b64(`{"iss":"a"}`) + ".A": `{"iss":"a"}`,
		"x." + b64("not JSON") + ".y":   "not JSON",
		"":                              "",
		".":                             "",
		"..":                            "",
		"x..y":                          "",
		"x.e30":                         "",
		"x.e30.":                        "",
		"x.e30.y.z":                     "",
		"x.e30.y.z.a":                   "",
		"x.e30=.y":                      "",
		"x.e3\n0.y":                     "",
		"x.e31.y":                       "",
		"x." + strings.Repeat("A", 17<<10) + "." + "y": "",
	} {
		got, err := jose.UnverifiedPayload(token)
		if string(got) != want || (err == nil) != (want != "") || err != nil && !errors.Is(err, jose.ErrMalformed) {
			t.Errorf("%.40q: got %q, %v; want %q", token, got, err, want)
		}
	}
}
