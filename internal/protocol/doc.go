// Package protocol speaks OAuth 2 over HTTP: one file per endpoint over one table of routes, from which
// the metadata documents are generated, so that they cannot lie.
//
// A handler parses, calls one use case and writes; errors.go is the one file that writes OAuth errors.
// It renders no HTML and sets no cookie. Requests come in as strict forms (httpkit.ReadForm); secrets
// among them are secret.Token from the first line on.
package protocol
