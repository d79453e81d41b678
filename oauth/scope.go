package oauth

import (
	"slices"
	"strings"
)

// MaxScopes is the most scope tokens ParseScope accepts in one value. RFC 6749 sets no bound; this one keeps the cost
// of comparing scopes small whatever a stranger sends.
const MaxScopes = 128

// ParseScope splits a scope value into its tokens: scope-token *( SP scope-token ), where a token is one or more of
// %x21 / %x23-5B / %x5D-7E (RFC 6749 §3.3). Order is kept and a repeated token is folded into its first occurrence.
// The empty string, which RFC 6749 §3.1 treats as an absent parameter, gives no tokens and no error.
//
// Anything else that does not match (other characters, doubled, leading or trailing spaces, more than MaxScopes
// tokens) gives an *Error with code InvalidScope.
func ParseScope(s string) ([]string, error) {
	if s == "" {
		return nil, nil
	}
	if strings.Count(s, " ") >= MaxScopes {
		return nil, NewError(InvalidScope, "the scope names too many values")
	}
	tokens := make([]string, 0, strings.Count(s, " ")+1)
	for token := range strings.SplitSeq(s, " ") {
		if !ValidScopeToken(token) {
			return nil, NewError(InvalidScope, "the scope is malformed: names separated by single spaces are expected")
		}
		if !slices.Contains(tokens, token) {
			tokens = append(tokens, token)
		}
	}
	return tokens, nil
}

// ValidScopeToken reports whether s is one scope token as RFC 6749 §3.3 spells it.
func ValidScopeToken(s string) bool {
	if s == "" {
		return false
	}
	for i := range len(s) {
		if c := s[i]; c < 0x21 || c > 0x7e || c == '"' || c == '\\' {
			return false
		}
	}
	return true
}

// JoinScope writes tokens as one scope value, separated by single spaces.
func JoinScope(tokens []string) string { return strings.Join(tokens, " ") }

// ScopeSubset reports whether every token of asked is among granted. Tokens are compared whole and case-sensitively:
// "read" is not in "read:all". The empty set is a subset of every set.
func ScopeSubset(asked, granted []string) bool {
	for _, token := range asked {
		if !slices.Contains(granted, token) {
			return false
		}
	}
	return true
}
