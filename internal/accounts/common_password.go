package accounts

import (
	_ "embed"
	"slices"
	"strings"
	"unicode"

	"golang.org/x/text/unicode/norm"
)

// embeddedCommon holds passwords that very many people use, one a line in lower case, and the short ones
// among them that longer ones are made of (docs/dependencies.md says where the list comes from).
//
//go:embed common_passwords.txt
var embeddedCommon string

// common is a set of passwords that everybody tries first, sorted.
type common []string

// newCommon reads one password a line. Case does not matter, and neither do empty lines.
func newCommon(list string) common {
	var all common
	for line := range strings.Lines(list) {
		if line = fold(strings.TrimRight(line, "\r\n")); line != "" {
			all = append(all, line)
		}
	}
	slices.Sort(all)
	return slices.Compact(all)
}

// fold puts a password into the form in which it is compared with the list.
func fold(s string) string { return norm.NFC.String(strings.ToLower(s)) }

// bare is a folded password without what people put between and around words: signs, blanks and characters that nobody
// sees; full-width and other spellings of a letter are the letter.
func bare(folded string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsLetter(r) || unicode.IsDigit(r) || unicode.IsMark(r) {
			return r
		}
		return -1
	}, norm.NFKC.String(folded))
}

// pair tells whether a text is two entries, one after the other: no more than a guess at each.
func (c common) pair(s string) bool {
	for n := minCore; n <= len(s)-minCore; n++ {
		if c.contains(s[:n]) && c.contains(s[n:]) {
			return true
		}
	}
	return false
}

func (c common) contains(s string) bool {
	_, found := slices.BinarySearch(c, s)
	return found
}

// covers tells whether a folded password is in the list or is made of an entry as everybody does it:
// digits and signs around it, letters written as digits and signs, the same again and again.
func (c common) covers(folded string) bool {
	if c.contains(folded) || c.contains(repeated(folded)) {
		return true
	}
	other := func(r rune) bool { return !unicode.IsLetter(r) }
	for _, core := range []string{folded, strings.TrimRightFunc(folded, other), strings.TrimFunc(folded, other)} {
		if len(core) < minCore { // a few letters between many digits say nothing
			continue
		}
		if plain := unleet(core); c.contains(core) || c.contains(plain) || c.contains(repeated(plain)) {
			return true
		}
	}
	return false
}

// minCore is the fewest bytes that are taken for the core of a password.
const minCore = 5

// unleet reads the digits and signs that stand for letters.
func unleet(s string) string {
	return strings.NewReplacer("@", "a", "4", "a", "3", "e", "1", "i", "!", "i", "0", "o", "5", "s", "$", "s", "7", "t").Replace(s)
}

// repeated returns the part that a text repeats to its end, the last time perhaps not whole, or the text.
func repeated(s string) string {
	for n := 1; n <= len(s)/2; n++ {
		if s[n:] == s[:len(s)-n] {
			return s[:n]
		}
	}
	return s
}
