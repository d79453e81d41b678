// Package api is the first-party JSON API under /v1 (docs/api.md): sign-up, log-in, refresh, log-out,
// me, sessions, password, verify.
//
// It answers in one of two modes. In cookie mode the tokens travel in HttpOnly cookies and no script
// ever sees them; in token mode they travel in bodies as RFC 6749 §5.1 has them. A reply never leaves
// the mode its credential came in. Errors are RFC 9457 problem details with a stable code, written by
// one file (problem.go).
//
// A handler parses, calls one use case and writes. What a token is worth is decided below: by the
// exchange pipeline, internal/login and internal/accounts.
package api
