package jose

import (
	"bytes"
	"encoding/json"
	"fmt"
	"reflect"
	"strings"
	"unicode/utf8"
)

// maxDepth bounds nesting; the outermost object or array is level one.
const maxDepth = 20

// DecodeStrict decodes one JSON value into what into points to, as encoding/json does, and refuses with ErrMalformed
// what two parsers could read in two ways: a member name that occurs twice in an object at any depth (escapes
// resolved), nesting deeper than 20, anything but white space after the value, invalid UTF-8, unpaired surrogates.
//
// When into points to a struct, the value must be an object and its members are matched with the fields' json tags
// exactly; encoding/json would take "ISS" for "iss". The same holds for fields that are structs themselves. Every
// field wanted needs a tag. Unknown members are ignored, a null leaves its field as it was; a json.RawMessage holds
// any value that is there, null included. A slice or map of structs would lose exactness: take []json.RawMessage and
// decode each.
func DecodeStrict(data []byte, into any) error {
	target := reflect.ValueOf(into)
	if target.Kind() != reflect.Pointer || target.IsNil() {
		return fmt.Errorf("decode: %T is not a pointer", into)
	}
	if !utf8.Valid(data) {
		return fmt.Errorf("decode: %w: not UTF-8", ErrMalformed)
	}
	s := scanner{data: data}
	s.space()
	start := s.pos
	var members []member
	collect := target.Elem().Kind() == reflect.Struct
	if err := s.value(1, collect, &members); err != nil {
		return fmt.Errorf("decode: %w at byte %d", err, s.pos)
	}
	end := s.pos
	if s.space(); s.pos != len(data) {
		return fmt.Errorf("decode: %w: data after the value", ErrMalformed)
	}
	if collect && data[start] != '{' {
		return fmt.Errorf("decode: %w: an object expected", ErrMalformed)
	}
	if err := assign(target.Elem(), data[start:end], members); err != nil {
		return fmt.Errorf("decode: %w", err)
	}
	return nil
}

// assign stores raw, which has passed the scanner, in v. members are those of raw, if v is a struct.
func assign(v reflect.Value, raw []byte, members []member) error {
	if own, ok := v.Addr().Interface().(*json.RawMessage); ok {
		*own = append((*own)[:0], raw...)
		return nil
	}
	if _, ok := v.Addr().Interface().(json.Unmarshaler); ok || v.Kind() != reflect.Struct {
		// The scanner has seen that a string without a backslash is plain; this is the case for most claims.
		if !ok && v.Kind() == reflect.String && raw[0] == '"' && bytes.IndexByte(raw, '\\') < 0 {
			v.SetString(string(raw[1 : len(raw)-1]))
			return nil
		}
		if err := json.Unmarshal(raw, v.Addr().Interface()); err != nil {
			// The decoder's own words may repeat the value.
			return fmt.Errorf("%w: a value of the wrong type", ErrMalformed)
		}
		return nil
	}
	if string(raw) == "null" {
		return nil
	}
	if raw[0] != '{' {
		return fmt.Errorf("%w: an object expected", ErrMalformed)
	}
	for i := range v.NumField() {
		name, _, _ := strings.Cut(v.Type().Field(i).Tag.Get("json"), ",")
		if name == "" || name == "-" {
			continue
		}
		if err := assignMember(v.Field(i), name, members); err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
	}
	return nil
}

func assignMember(field reflect.Value, name string, members []member) error {
	for _, m := range members {
		if m.name != name {
			continue
		}
		if field.Kind() != reflect.Struct {
			return assign(field, m.raw, nil)
		}
		var inner []member
		s := scanner{data: m.raw}
		if err := s.value(1, true, &inner); err != nil {
			return err
		}
		return assign(field, m.raw, inner)
	}
	return nil
}
