package jose

import (
	"encoding/json"
	"fmt"
	"unicode/utf16"
)

// scanner walks over JSON text (RFC 8259) that is known to be UTF-8 and refuses what DecodeStrict promises to refuse.
type scanner struct {
	data []byte
	pos  int
}

// member is one member of an object, its name with escapes resolved.
type member struct {
	name string
	raw  []byte
}

func malformed(why string) error { return fmt.Errorf("%w: %s", ErrMalformed, why) }

func (s *scanner) peek() byte {
	if s.pos < len(s.data) {
		return s.data[s.pos]
	}
	return 0 // not a byte any token starts or continues with
}

func (s *scanner) space() {
	for s.pos < len(s.data) {
		switch s.data[s.pos] {
		case ' ', '\t', '\r', '\n':
			s.pos++
		default:
			return
		}
	}
}

// value passes one value. With collect, the members of an object are appended to into.
func (s *scanner) value(depth int, collect bool, into *[]member) error {
	switch c := s.peek(); {
	case c == '{':
		return s.object(depth, collect, into)
	case c == '[':
		return s.array(depth)
	case c == '"':
		_, err := s.str()
		return err
	case c == '-' || c >= '0' && c <= '9':
		return s.number()
	}
	for _, word := range []string{"true", "false", "null"} {
		if len(s.data)-s.pos >= len(word) && string(s.data[s.pos:s.pos+len(word)]) == word {
			s.pos += len(word)
			return nil
		}
	}
	return malformed("a value expected")
}

func (s *scanner) object(depth int, collect bool, into *[]member) error {
	if depth > maxDepth {
		return malformed("nested too deep")
	}
	s.pos++
	if s.space(); s.peek() == '}' {
		s.pos++
		return nil
	}
	var seen names
	for {
		if s.space(); s.peek() != '"' {
			return malformed("a member name expected")
		}
		name, err := s.str()
		if err != nil {
			return err
		}
		if !seen.add(name) {
			return malformed("a member name occurs twice")
		}
		if s.space(); s.peek() != ':' {
			return malformed("a colon expected")
		}
		s.pos++
		s.space()
		start := s.pos
		if err := s.value(depth+1, false, nil); err != nil {
			return err
		}
		if collect {
			*into = append(*into, member{name, s.data[start:s.pos]})
		}
		if done, err := s.more('}'); done || err != nil {
			return err
		}
	}
}

func (s *scanner) array(depth int) error {
	if depth > maxDepth {
		return malformed("nested too deep")
	}
	s.pos++
	if s.space(); s.peek() == ']' {
		s.pos++
		return nil
	}
	for {
		s.space()
		if err := s.value(depth+1, false, nil); err != nil {
			return err
		}
		if done, err := s.more(']'); done || err != nil {
			return err
		}
	}
}

// more passes the comma before another element, or the end of the object or array.
func (s *scanner) more(end byte) (done bool, err error) {
	s.space()
	switch s.peek() {
	case ',':
		s.pos++
		return false, nil
	case end:
		s.pos++
		return true, nil
	}
	return false, malformed("a comma or the end expected")
}

// str passes a string and returns its content, escapes resolved.
func (s *scanner) str() (string, error) {
	start, escaped := s.pos, false
	for s.pos++; s.pos < len(s.data); {
		switch c := s.data[s.pos]; {
		case c == '"':
			s.pos++
			if !escaped {
				return string(s.data[start+1 : s.pos-1]), nil
			}
			var out string
			if err := json.Unmarshal(s.data[start:s.pos], &out); err != nil {
				return "", malformed("a string")
			}
			return out, nil
		case c < 0x20:
			return "", malformed("a control character in a string")
		case c == '\\':
			escaped = true
			if err := s.escape(); err != nil {
				return "", err
			}
		default:
			s.pos++
		}
	}
	return "", malformed("a string without end")
}

func (s *scanner) escape() error {
	s.pos++
	switch s.peek() {
	case '"', '\\', '/', 'b', 'f', 'n', 'r', 't':
		s.pos++
		return nil
	case 'u':
	default:
		return malformed("an unknown escape")
	}
	high, err := s.unit()
	if err != nil || !utf16.IsSurrogate(high) {
		return err
	}
	// Half a pair has no meaning; decoders that replace it would make two names one.
	if s.peek() != '\\' {
		return malformed("an unpaired surrogate")
	}
	s.pos++
	if s.peek() != 'u' {
		return malformed("an unpaired surrogate")
	}
	low, err := s.unit()
	if err != nil {
		return err
	}
	if utf16.DecodeRune(high, low) == '\uFFFD' {
		return malformed("an unpaired surrogate")
	}
	return nil
}

// unit passes the u and the four digits of \uXXXX.
func (s *scanner) unit() (rune, error) {
	s.pos++
	var r rune
	for range 4 {
		c := s.peek()
		switch {
		case c >= '0' && c <= '9':
			c -= '0'
		case c >= 'a' && c <= 'f':
			c -= 'a' - 10
		case c >= 'A' && c <= 'F':
			c -= 'A' - 10
		default:
			return 0, malformed("four hexadecimal digits expected")
		}
		r = r<<4 | rune(c)
		s.pos++
	}
	return r, nil
}

func (s *scanner) number() error {
	if s.peek() == '-' {
		s.pos++
	}
	if s.peek() == '0' {
		s.pos++
	} else if s.digits() == 0 {
		return malformed("a number")
	}
	if s.peek() == '.' {
		s.pos++
		if s.digits() == 0 {
			return malformed("a number")
		}
	}
	if c := s.peek(); c == 'e' || c == 'E' {
		s.pos++
		if c := s.peek(); c == '+' || c == '-' {
			s.pos++
		}
		if s.digits() == 0 {
			return malformed("a number")
		}
	}
	return nil // a leading zero leaves its digit behind, where no digit may stand
}

func (s *scanner) digits() (n int) {
	for ; s.pos < len(s.data) && s.data[s.pos] >= '0' && s.data[s.pos] <= '9'; n++ {
		s.pos++
	}
	return n
}

// names is a set that is a list while it is small, as nearly all objects are, and a map when a document tries to make
// the list expensive.
type names struct {
	few  []string
	many map[string]bool
}

func (n *names) add(name string) (isNew bool) {
	const few = 16
	if n.many != nil {
		if n.many[name] {
			return false
		}
		n.many[name] = true
		return true
	}
	for _, old := range n.few {
		if old == name {
			return false
		}
	}
	n.few = append(n.few, name)
	if len(n.few) > few {
		n.many = make(map[string]bool, 4*few)
		for _, old := range n.few {
			n.many[old] = true
		}
	}
	return true
}
