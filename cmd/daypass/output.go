package main

import (
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"text/tabwriter"
	"time"
	"unicode"
)

// print writes a document for programs, or what text writes for people.
func (p *program) print(document any, text func(w io.Writer)) error {
	if p.json {
		enc := json.NewEncoder(p.out)
		enc.SetIndent("", "  ")
		enc.SetEscapeHTML(false) // it goes to a program, not into a page
		return enc.Encode(document)
	}
	w := tabwriter.NewWriter(p.out, 0, 8, 2, ' ', 0)
	text(w)
	return w.Flush()
}

// row writes one line of a table. Names and addresses come from strangers: what could steer a terminal or
// break the table is taken out.
func row(w io.Writer, cells ...any) {
	texts := make([]string, len(cells))
	for i, c := range cells {
		switch v := c.(type) {
		case time.Time:
			texts[i] = when(v)
		case *time.Time:
			texts[i] = "-"
			if v != nil {
				texts[i] = when(*v)
			}
		case []string:
			texts[i] = printable(strings.Join(v, " "))
		default:
			texts[i] = printable(fmt.Sprint(v))
		}
		if texts[i] == "" {
			texts[i] = "-"
		}
	}
	fmt.Fprintln(w, strings.Join(texts, "\t"))
}

func when(t time.Time) string {
	if t.IsZero() {
		return "-"
	}
	return t.UTC().Format(time.RFC3339)
}

// optional leaves a zero time out of JSON.
func optional(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	return &t
}

// printable replaces whatever is not a visible character or a space.
func printable(s string) string {
	return strings.Map(func(r rune) rune {
		if r == ' ' || unicode.IsPrint(r) {
			return r
		}
		return '�'
	}, s)
}

// listed makes an absent list an empty one in JSON.
func listed(s []string) []string {
	if s == nil {
		return []string{}
	}
	return s
}

// writeMembers writes the members of a record that are set, by their JSON names.
func writeMembers(w io.Writer, record any) {
	raw, err := json.Marshal(record)
	if err != nil {
		return
	}
	members := map[string]json.RawMessage{}
	if err := json.Unmarshal(raw, &members); err != nil {
		return
	}
	for _, name := range slices.Sorted(maps.Keys(members)) {
		value := string(members[name])
		var text string
		if json.Unmarshal(members[name], &text) == nil {
			value = text
		}
		row(w, name, value)
	}
}
