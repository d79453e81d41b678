package httpkit

import (
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/daypass/daypass/internal/secret"
)

// maxParams is the most parameters a form may have (DS-01).
const maxParams = 100

// Form is what a body of application/x-www-form-urlencoded said. It prints as "[form]": its values are credentials as
// often as not. The zero value is the empty form.
type Form struct {
	values map[string][]string
}

var (
	_ fmt.Formatter  = Form{}
	_ slog.LogValuer = Form{}
)

// ReadForm reads the body of r, never its query (RFC 6749 §3.2, OAuth 2.1 §3.2). A parameter that comes twice is
// refused (RFC 6749 §3.1), even when one of the two is empty or nobody knows it, unless it is named in mayRepeat; one
// without a value is absent (§3.1). The errors are ErrContentType, ErrTooLarge, ErrMalformed and ErrDuplicate; none
// repeats a value.
func ReadForm(r *http.Request, mayRepeat ...string) (Form, error) {
	if !hasContentType(r, "application/x-www-form-urlencoded") {
		return Form{}, ErrContentType
	}
	body, err := readBody(r)
	if err != nil {
		return Form{}, err
	}
	return parseForm(string(body), mayRepeat)
}

func parseForm(body string, mayRepeat []string) (Form, error) {
	if strings.Count(body, "&") >= maxParams {
		return Form{}, fmt.Errorf("%w: more than %d parameters", ErrMalformed, maxParams)
	}
	form := Form{values: map[string][]string{}}
	for pair := range strings.SplitSeq(body, "&") {
		if pair == "" {
			continue
		}
		rawName, rawValue, _ := strings.Cut(pair, "=")
		name, ok1 := formDecode(rawName)
		value, ok2 := formDecode(rawValue)
		if !ok1 || !ok2 || name == "" {
			return Form{}, fmt.Errorf("%w: bad encoding of a parameter", ErrMalformed)
		}
		seen, known := form.values[name]
		if known && !slices.Contains(mayRepeat, name) {
			return Form{}, duplicate(name)
		}
		if value != "" {
			seen = append(seen, value)
		}
		form.values[name] = seen // also when empty, so that its double is noticed
	}
	return form, nil
}

// Params are the parameters of a request whose doubles the caller wants to tell about itself. Get and the like give the
// first value. The zero value has none.
type Params struct {
	Form
	repeated []string
}

// Repeated returns the names of parameters that came more than once and may not, in the order in which that was seen.
func (p Params) Repeated() []string { return p.repeated }

// ReadParams reads the query of a GET or the form of a POST, and never both. The errors are those of ReadForm but for
// ErrDuplicate, which becomes Repeated.
func ReadParams(r *http.Request, mayRepeat ...string) (Params, error) {
	if r.Method != http.MethodPost {
		return ParseParams(r.URL.RawQuery, mayRepeat...)
	}
	if !hasContentType(r, "application/x-www-form-urlencoded") {
		return Params{}, ErrContentType
	}
	body, err := readBody(r)
	if err != nil {
		return Params{}, err
	}
	return ParseParams(string(body), mayRepeat...)
}

// NewParams are parameters that came in another way than by a form; the map is not copied.
func NewParams(values map[string][]string) Params { return Params{Form: Form{values: values}} }

// ParseParams is ReadParams for an encoded form.
func ParseParams(encoded string, mayRepeat ...string) (Params, error) {
	var p Params
	for {
		form, err := parseForm(encoded, append(mayRepeat, p.repeated...))
		var twice ErrDuplicate
		if !errors.As(err, &twice) {
			p.Form = form
			return p, err
		}
		if twice.Name == "" { // nothing that could be named, nor anything that we know
			return Params{}, err
		}
		p.repeated = append(p.repeated, twice.Name)
	}
}

// formDecode undoes the form encoding. Beyond bad escapes it refuses what no honest client sends and databases choke
// on: bytes that are not UTF-8, NUL, and a bare ';', which some parsers take for a separator.
func formDecode(s string) (string, bool) {
	if strings.Contains(s, ";") {
		return "", false
	}
	out, err := url.QueryUnescape(s)
	if err != nil || !utf8.ValidString(out) || strings.ContainsRune(out, 0) {
		return "", false
	}
	return out, true
}

// Get returns the value of name, its first if it may repeat, or "".
func (f Form) Get(name string) string {
	if values := f.values[name]; len(values) > 0 {
		return values[0]
	}
	return ""
}

// Secret returns the value of name as a secret, zero when absent.
func (f Form) Secret(name string) secret.Token {
	if v := f.Get(name); v != "" {
		return secret.FromString(v)
	}
	return secret.Token{}
}

// All returns every value of name in the order sent.
func (f Form) All(name string) []string { return slices.Clone(f.values[name]) }

// Format prints a placeholder whatever the verb.
func (f Form) Format(s fmt.State, _ rune) { _, _ = io.WriteString(s, "[form]") }

// LogValue returns a placeholder for log/slog.
func (f Form) LogValue() slog.Value { return slog.StringValue("[form]") }
