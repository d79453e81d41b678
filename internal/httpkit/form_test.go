package httpkit

import (
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"
)

const formType = "application/x-www-form-urlencoded"

func post(contentType, body string) *http.Request {
	r := httptest.NewRequest(http.MethodPost, "/?grant_type=query", strings.NewReader(body))
	if contentType != "" {
		r.Header.Set("Content-Type", contentType)
	}
	return r
}

func TestAFormIsReadFromTheBodyAlone(t *testing.T) {
	t.Parallel()
	form, err := ReadForm(post(formType+"; charset=UTF-8", "client_secret=a%2Bb+c&&empty=&resource=x&resource=&resource=y&m%C3%BC=1"), "resource")
	if err != nil {
		t.Fatal(err)
	}
	if got := form.Secret("client_secret").Reveal(); got != "a+b c" {
		t.Errorf("client_secret = %q, want %q", got, "a+b c")
	}
	if got := form.All("resource"); !slices.Equal(got, []string{"x", "y"}) {
		t.Errorf("resource = %q, want x and y", got)
	}
	if got := form.Get("grant_type"); got != "" {
		t.Errorf("grant_type = %q came from the query", got)
	}
	if form.Get("empty") != "" || !form.Secret("empty").IsZero() || form.All("empty") != nil {
		t.Error("an empty value must be absent")
	}
	if form.Get("resource") != "x" || form.Get("mü") != "1" {
		t.Errorf("resource %q, mü %q", form.Get("resource"), form.Get("mü"))
	}
}

func TestAFormIsRefused(t *testing.T) {
	t.Parallel()
	many := strings.TrimSuffix(strings.Repeat("&", maxParams), "&")
	for name, c := range map[string]struct {
		contentType, body string
		want              error
	}{
		"no content type":         {"", "a=1", ErrContentType},
		"JSON":                    {"application/json", `{}`, ErrContentType},
		"multipart":               {"multipart/form-data; boundary=x", "--x--", ErrContentType},
		"another charset":         {formType + "; charset=latin1", "a=1", ErrContentType},
		"broken content type":     {formType + "; charset", "a=1", ErrContentType},
		"list of types":           {formType + ", text/plain", "a=1", ErrContentType},
		"over the limit":          {formType, "a=" + strings.Repeat("x", MaxBody), ErrTooLarge},
		"101 parameters":          {formType, many + "&a=1", ErrMalformed},
		"bad escape":              {formType, "a=%zz", ErrMalformed},
		"cut escape":              {formType, "a=%a", ErrMalformed},
		"bad escape in the name":  {formType, "%zz=1", ErrMalformed},
		"not UTF-8":               {formType, "a=%ff", ErrMalformed},
		"NUL":                     {formType, "a=b%00c", ErrMalformed},
		"semicolon as separator":  {formType, "a=1;b=2", ErrMalformed},
		"value without a name":    {formType, "=1", ErrMalformed},
		"twice":                   {formType, "a=1&a=1", ErrDuplicate{"a"}},
		"twice, the first empty":  {formType, "a=&a=1", ErrDuplicate{"a"}},
		"twice, the second bare":  {formType, "a=1&a", ErrDuplicate{"a"}},
		"twice, escaped name":     {formType, "a=1&%61=2", ErrDuplicate{"a"}},
		"twice, unsayable name":   {formType, "a%0Ab=1&a%0Ab=2", ErrDuplicate{""}},
		"twice, not the repeater": {formType, "resource=1&resource=2&scope=a&scope=b", ErrDuplicate{"scope"}},
	} {
		form, err := ReadForm(post(c.contentType, c.body), "resource")
		if !errors.Is(err, c.want) {
			t.Errorf("%s: err = %v, want %v", name, err, c.want)
		}
		if form.values != nil {
			t.Errorf("%s: a refused form must be empty", name)
		}
	}
}

func TestAFormMayHaveAHundredParameters(t *testing.T) {
	t.Parallel()
	var pairs []string
	for i := range maxParams {
		pairs = append(pairs, fmt.Sprintf("p%d=1", i))
	}
	if _, err := ReadForm(post(formType, strings.Join(pairs, "&"))); err != nil {
		t.Error(err)
	}
}

func TestTwoContentTypesOrACodedBodyAreRefused(t *testing.T) {
	t.Parallel()
	two := post(formType, "a=1")
	two.Header.Add("Content-Type", formType)
	coded := post(formType, "a=1")
	coded.Header.Set("Content-Encoding", "gzip")
	for _, r := range []*http.Request{two, coded} {
		if _, err := ReadForm(r); !errors.Is(err, ErrContentType) {
			t.Errorf("err = %v, want ErrContentType", err)
		}
	}
}

func TestALengthOverTheLimitIsRefusedBeforeReading(t *testing.T) {
	t.Parallel()
	r := httptest.NewRequest(http.MethodPost, "/", neverRead{t})
	r.Header.Set("Content-Type", formType)
	r.ContentLength = MaxBody + 1
	if _, err := ReadForm(r); !errors.Is(err, ErrTooLarge) {
		t.Errorf("err = %v, want ErrTooLarge", err)
	}
}

type neverRead struct{ t *testing.T }

func (n neverRead) Read([]byte) (int, error) {
	n.t.Error("the body was read")
	return 0, errors.New("read")
}

func TestABodyThatBreaksOffIsMalformed(t *testing.T) {
	t.Parallel()
	r := httptest.NewRequest(http.MethodPost, "/", brokenOff{})
	r.Header.Set("Content-Type", formType)
	if _, err := ReadForm(r); !errors.Is(err, ErrMalformed) {
		t.Errorf("err = %v, want ErrMalformed", err)
	}
}

type brokenOff struct{}

func (brokenOff) Read([]byte) (int, error) { return 0, errors.New("connection reset") }

func TestAFormNeverPrintsItsValues(t *testing.T) {
	t.Parallel()
	form, err := ReadForm(post(formType, "password=canary"))
	if err != nil {
		t.Fatal(err)
	}
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%d", "%q"} {
		if got := fmt.Sprintf(verb, form); strings.Contains(got, "canary") {
			t.Errorf("%s prints %q", verb, got)
		}
	}
	if got := form.LogValue().String(); got != "[form]" {
		t.Errorf("LogValue = %q", got)
	}
}

func FuzzParseForm(f *testing.F) {
	for _, s := range []string{"a=1&b=2", "a=1&a=2", "a=%00", "a=%zz", "=1", "a;b", "a=+%2B", "&&&", "resource=1&resource=2"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, body string) {
		form, err := parseForm(body, []string{"resource"})
		if err != nil {
			return
		}
		// What we accept, the standard library reads in the same way: no smuggling past a second reader.
		std, stdErr := url.ParseQuery(body)
		if stdErr != nil {
			t.Fatalf("we accept %q, net/url does not: %v", body, stdErr)
		}
		for name, values := range form.values {
			if name != "resource" && len(std[name]) != 1 {
				t.Errorf("%q: %q came %d times", body, name, len(std[name]))
			}
			want := slices.DeleteFunc(slices.Clone(std[name]), func(v string) bool { return v == "" })
			if !slices.Equal(values, want) {
				t.Errorf("%q: %q = %q, want %q", body, name, values, want)
			}
			for _, v := range values {
				if !utf8.ValidString(v) || strings.ContainsRune(v, 0) {
					t.Errorf("%q: %q holds %q", body, name, v)
				}
			}
		}
	})
}
