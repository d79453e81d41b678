package httpkit

import (
	"errors"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/daypass/daypass/internal/secret"
)

func TestCookiesBearTheirAttributes(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		cookies Cookies
		want    []string
	}{
		{Cookies{}, []string{
			"__Host-daypass-access=A; Path=/; Max-Age=600; HttpOnly; Secure; SameSite=Lax",
			"__Secure-daypass-refresh=R; Path=/v1; Max-Age=2592000; HttpOnly; Secure; SameSite=Lax",
			"__Host-daypass-session=S; Path=/; HttpOnly; Secure; SameSite=Lax",
			"__Host-daypass-device=D; Path=/; Max-Age=34560000; HttpOnly; Secure; SameSite=Lax",
		}},
		{Cookies{Insecure: true}, []string{
			"daypass-access=A; Path=/; Max-Age=600; HttpOnly; SameSite=Lax",
			"daypass-refresh=R; Path=/v1; Max-Age=2592000; HttpOnly; SameSite=Lax",
			"daypass-session=S; Path=/; HttpOnly; SameSite=Lax",
			"daypass-device=D; Path=/; Max-Age=34560000; HttpOnly; SameSite=Lax",
		}},
	} {
		w := httptest.NewRecorder()
		c.cookies.SetAccess(w, secret.FromString("old"), time.Hour)
		c.cookies.SetAccess(w, secret.FromString("A"), 10*time.Minute)
		c.cookies.SetRefresh(w, secret.FromString("R"), 30*24*time.Hour)
		c.cookies.SetSession(w, secret.FromString("S"), 0)
		c.cookies.SetDevice(w, secret.FromString("D"))
		if got := w.Header()["Set-Cookie"]; !slices.Equal(got, c.want) {
			t.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(c.want, "\n"))
		}
	}
}

func TestClearTakesEveryCookieAwayFromItsOwnPath(t *testing.T) {
	t.Parallel()
	w := httptest.NewRecorder()
	Cookies{}.SetAccess(w, secret.FromString("A"), time.Hour)
	Cookies{}.SetDevice(w, secret.FromString("D"))
	Cookies{}.Clear(w)
	want := []string{
		"__Host-daypass-device=D; Path=/; Max-Age=34560000; HttpOnly; Secure; SameSite=Lax", // no credential: it stays
		"__Host-daypass-access=; Path=/; Max-Age=0; HttpOnly; Secure; SameSite=Lax",
		"__Secure-daypass-refresh=; Path=/v1; Max-Age=0; HttpOnly; Secure; SameSite=Lax",
		"__Host-daypass-session=; Path=/; Max-Age=0; HttpOnly; Secure; SameSite=Lax",
	}
	if got := w.Header()["Set-Cookie"]; !slices.Equal(got, want) {
		t.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}

func TestALifetimeUnderASecondStillLives(t *testing.T) {
	t.Parallel()
	w := httptest.NewRecorder()
	Cookies{}.SetAccess(w, secret.FromString("A"), time.Millisecond)
	if got := w.Header().Get("Set-Cookie"); !strings.Contains(got, "Max-Age=1;") {
		t.Errorf("got %q, want Max-Age=1", got)
	}
}

func TestAnotherCookieOfTheReplyIsKept(t *testing.T) {
	t.Parallel()
	w := httptest.NewRecorder()
	w.Header().Add("Set-Cookie", "theme=dark")
	Cookies{}.Clear(w)
	if got := w.Header()["Set-Cookie"]; len(got) != 4 || got[0] != "theme=dark" {
		t.Errorf("got %q", got)
	}
}

func TestAValueThatWouldBeCutIsNeverSet(t *testing.T) {
	t.Parallel()
	for _, v := range []string{"a;b", "a b", "a\"", "a\\", "a,b", "a\x7f", "ä", "a\r\nSet-Cookie: x=y"} {
		func() {
			defer func() {
				if recover() == nil {
					t.Errorf("%q was set", v)
				}
			}()
			Cookies{}.SetAccess(httptest.NewRecorder(), secret.FromString(v), 0)
		}()
	}
}

func TestCookiesAreFoundByTheirExactName(t *testing.T) {
	t.Parallel()
	const name = "__Host-daypass-access"
	for label, c := range map[string]struct {
		lines []string
		want  string
		err   error
	}{
		"alone":                     {[]string{name + "=A"}, "A", nil},
		"among others":              {[]string{"a=b; " + name + "=A; c"}, "A", nil},
		"in a second header":        {[]string{"a=b", name + "=A"}, "A", nil},
		"with = inside":             {[]string{name + "=A=="}, "A==", nil},
		"quotes belong to it":       {[]string{name + `="A"`}, `"A"`, nil},
		"none":                      {nil, "", nil},
		"empty":                     {[]string{name + "="}, "", nil},
		"without =":                 {[]string{name}, "", nil},
		"unprefixed":                {[]string{"daypass-access=A"}, "", nil},
		"other prefix":              {[]string{"__Secure-daypass-access=A"}, "", nil},
		"other case":                {[]string{"__host-daypass-access=A"}, "", nil},
		"longer name":               {[]string{name + "x=A; x" + name + "=A"}, "", nil},
		"blank before =":            {[]string{name + " =A"}, "", nil},
		"no-break space before":     {[]string{"\u00a0" + name + "=A"}, "", nil},
		"nameless":                  {[]string{"=" + name + "=A"}, "", nil},
		"twice":                     {[]string{name + "=A; " + name + "=B"}, "", ErrDuplicateCookie},
		"twice, the same":           {[]string{name + "=A; " + name + "=A"}, "", ErrDuplicateCookie},
		"twice, the first empty":    {[]string{name + "=;" + name + "=B"}, "", ErrDuplicateCookie},
		"twice, in two headers":     {[]string{name + "=A", name + "=B"}, "", ErrDuplicateCookie},
		"twice, but of other names": {[]string{"a=1; a=2; " + name + "=A"}, "A", nil},
	} {
		r := get("/")
		r.Header["Cookie"] = c.lines
		token, present, err := Cookies{}.Access(r)
		if token.Reveal() != c.want || present != (c.want != "") || !errors.Is(err, c.err) {
			t.Errorf("%s: got %q %v %v, want %q %v", label, token.Reveal(), present, err, c.want, c.err)
		}
	}
}

func TestEachCookieHasItsReader(t *testing.T) {
	t.Parallel()
	r := get("/")
	r.Header.Set("Cookie", "__Host-daypass-access=A; __Secure-daypass-refresh=R; __Host-daypass-session=S; "+
		"daypass-access=a; daypass-refresh=r; daypass-session=s")
	for _, c := range []struct {
		cookies Cookies
		want    string
	}{{Cookies{}, "ARS"}, {Cookies{Insecure: true}, "ars"}} {
		got := ""
		for _, read := range []func(*http.Request) (secret.Token, bool, error){c.cookies.Access, c.cookies.Refresh, c.cookies.Session} {
			token, _, err := read(r)
			if err != nil {
				t.Fatal(err)
			}
			got += token.Reveal()
		}
		if got != c.want {
			t.Errorf("insecure=%v: got %q, want %q", c.cookies.Insecure, got, c.want)
		}
	}
}

func FuzzReadCookie(f *testing.F) {
	for _, s := range []string{"__Host-daypass-access=A", "a=b; __Host-daypass-access=A; __Host-daypass-access=B", ";;=;", "=__Host-daypass-access=A"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, line string) {
		r := get("/")
		r.Header["Cookie"] = []string{line}
		token, present, err := Cookies{}.Access(r)
		if err != nil || !present {
			return
		}
		if strings.Count(line, "__Host-daypass-access=") < 1 || strings.Contains(token.Reveal(), ";") {
			t.Errorf("%q gave %q", line, token.Reveal())
		}
		// Whoever writes it once more is noticed.
		r.Header["Cookie"] = []string{line + "; __Host-daypass-access=planted"}
		if _, _, err := (Cookies{}).Access(r); !errors.Is(err, ErrDuplicateCookie) {
			t.Errorf("%q and another: err = %v, want ErrDuplicateCookie", line, err)
		}
	})
}
