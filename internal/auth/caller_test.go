package auth_test

import (
	"net/netip"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/daypass/daypass/internal/auth"
)

// FuzzCallerIsTextThatEveryDatabaseTakes: a header chosen by a thief must not make the event about the
// theft fail.
func FuzzCallerIsTextThatEveryDatabaseTakes(f *testing.F) {
	for _, seed := range []string{"", "curl/8", "\x00\xff\xfe", "a\r\nb", strings.Repeat("é", 300), strings.Repeat("\xe2", 600)} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, agent string) {
		c := auth.NewCaller(netip.Addr{}, agent)
		if !utf8.ValidString(c.UserAgent) || strings.ContainsAny(c.UserAgent, "\x00\r\n") || len(c.UserAgent) > 256 || c.IP != "" {
			t.Errorf("got %+q", c)
		}
	})
}
