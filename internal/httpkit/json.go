package httpkit

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"
)

// maxDepth is how deep JSON may nest (DS-01).
const maxDepth = 20

// ReadJSON reads a JSON object from the body of r into the struct or map that into points to. An empty body without
// Content-Type, or of application/json, leaves into as it is; members into does not know are ignored. Refused, as
// ErrContentType, ErrTooLarge, ErrMalformed or ErrDuplicate: another media type, a body over MaxBody, anything but one
// object, trailing data, invalid UTF-8, a NUL in a string, nesting over 20, a member of the wrong type, and a member
// name that comes twice, in whatever case (encoding/json would take the last of "mode" and "MODE").
func ReadJSON(r *http.Request, into any) error {
	typed := hasContentType(r, "application/json")
	if !typed && len(r.Header.Values("Content-Type")) > 0 {
		return ErrContentType
	}
	body, err := readBody(r)
	if err != nil {
		return err
	}
	if len(body) == 0 {
		return nil
	}
	if !typed {
		return ErrContentType
	}
	if !plainJSON(body) {
		if err := checkJSON(body); err != nil {
			return err
		}
	}
	if err := json.Unmarshal(body, into); err != nil {
		var wrong *json.UnmarshalTypeError
		if errors.As(err, &wrong) { // Field is a path of our own struct
			return fmt.Errorf("%w: member %q has the wrong type", ErrMalformed, wrong.Field)
		}
		return fmt.Errorf("%w: not JSON", ErrMalformed)
	}
	return nil
}

// plainJSON recognises at one glance the bodies that come all day, which checkJSON would let pass: one flat object of few
// members whose names and values are strings of printable ASCII without escapes, the names different in whatever case.
func plainJSON(body []byte) bool {
	var names [8][]byte
	rest, open := bytes.CutPrefix(bytes.TrimSpace(body), []byte("{"))
	for n := range names {
		name, after, ok1 := plainString(rest)
		colon, ok2 := bytes.CutPrefix(bytes.TrimLeft(after, " "), []byte(":"))
		_, after, ok3 := plainString(bytes.TrimLeft(colon, " "))
		if !open || !ok1 || !ok2 || !ok3 || slices.ContainsFunc(names[:n], func(seen []byte) bool { return bytes.EqualFold(seen, name) }) {
			return false
		}
		names[n] = name
		if after = bytes.TrimLeft(after, " "); len(after) == 1 && after[0] == '}' {
			return true
		}
		comma, ok := bytes.CutPrefix(after, []byte(","))
		if !ok {
			return false
		}
		rest = bytes.TrimLeft(comma, " ")
	}
	return false
}

// plainString reads a string of printable ASCII without escapes from the beginning of s.
func plainString(s []byte) (text, after []byte, ok bool) {
	if len(s) == 0 || s[0] != '"' {
		return nil, nil, false
	}
	for i, c := range s[1:] {
		switch {
		case c == '"':
			return s[1 : i+1], s[i+2:], true
		case c < ' ' || c >= 0x7f || c == '\\':
			return nil, nil, false
		}
	}
	return nil, nil, false
}

// checkJSON walks the tokens for what encoding/json lets pass. Syntax and trailing data are Unmarshal's to judge.
func checkJSON(body []byte) error {
	if !utf8.Valid(body) {
		return fmt.Errorf("%w: not UTF-8", ErrMalformed)
	}
	dec := json.NewDecoder(bytes.NewReader(body))
	dec.UseNumber()
	var walk jsonWalk
	for first := true; ; first = false {
		tok, err := dec.Token()
		switch {
		case errors.Is(err, io.EOF):
			return nil
		case err != nil:
			return fmt.Errorf("%w: not JSON", ErrMalformed)
		case first && tok != json.Delim('{'):
			return fmt.Errorf("%w: not an object", ErrMalformed)
		}
		if err := walk.step(tok); err != nil {
			return err
		}
	}
}

// jsonWalk follows the nesting of a token stream.
type jsonWalk struct{ open []jsonFrame }

type jsonFrame struct {
	names    map[string]bool // nil for an array
	wantName bool
}

func (w *jsonWalk) step(tok json.Token) error {
	if tok == json.Delim('}') || tok == json.Delim(']') {
		w.open = w.open[:len(w.open)-1]
		return nil
	}
	if len(w.open) > 0 {
		if top := &w.open[len(w.open)-1]; top.names != nil {
			if top.wantName {
				top.wantName = false
				return top.take(tok)
			}
			top.wantName = true
		}
	}
	switch v := tok.(type) {
	case json.Delim:
		if len(w.open) == maxDepth {
			return fmt.Errorf("%w: nested too deep", ErrMalformed)
		}
		frame := jsonFrame{}
		if v == '{' {
			frame = jsonFrame{names: map[string]bool{}, wantName: true}
		}
		w.open = append(w.open, frame)
	case string:
		if strings.ContainsRune(v, 0) {
			return fmt.Errorf("%w: NUL in a string", ErrMalformed)
		}
	}
	return nil
}

func (f *jsonFrame) take(tok json.Token) error {
	name, ok := tok.(string)
	if !ok {
		return fmt.Errorf("%w: not JSON", ErrMalformed)
	}
	// Both folds: encoding/json matches 'ſ' to 's' and the Kelvin sign to 'k'.
	folded := strings.ToUpper(strings.ToLower(name))
	if f.names[folded] {
		return duplicate(name)
	}
	f.names[folded] = true
	return nil
}

// WriteJSON answers with v as application/json, never stored by caches. A v that cannot be encoded is a fault of ours
// and answers 500.
func WriteJSON(w http.ResponseWriter, status int, v any) {
	body, err := json.Marshal(v)
	if err != nil {
		writeProblem(w, Problem{
			Code: CodeInternal, Status: http.StatusInternalServerError,
			Title: http.StatusText(http.StatusInternalServerError), Instance: w.Header().Get(HeaderRequestID),
		})
		return
	}
	writeBody(w, status, "application/json", body)
}

func writeBody(w http.ResponseWriter, status int, mediaType string, body []byte) {
	h := w.Header()
	NoStore(h)
	h["X-Content-Type-Options"] = noSniff
	h["Content-Type"] = []string{mediaType}
	h["Content-Length"] = []string{strconv.Itoa(len(body))}
	w.WriteHeader(status)
	_, _ = w.Write(body) // the client is gone when this fails; the event has the count of bytes
}
