// Package oauth is the vocabulary of OAuth 2 as Daypass speaks it: grant types, error codes, token types, client
// authentication methods, parameter names, scopes, and the JSON shapes of a token reply and of the metadata document.
//
// It owns names and their spelling, each with the section that defines it. It does no I/O, keeps no state and imports
// the standard library alone, so that clients, resource servers and the server itself can share it.
//
// Every value that stands in a protocol message is a typed string constant. Compare values with ==; the
// specifications compare them case-sensitively, unless the type's comment says otherwise.
package oauth
