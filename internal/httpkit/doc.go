// Package httpkit is what every handler of Daypass stands on: the wrapper around all requests (id, log event, limits,
// headers, panics), the strict readers of what comes in (form, JSON, cookies, bearer token, Host, client address), the
// writers of what goes out (JSON, problem details, cookies) and the server with its timeouts.
//
// It owns no route, knows no noun of the domain and asks no storage. Its readers return typed errors and leave the
// words to the caller; Daypass's JSON API maps them with ProblemFor, the OAuth endpoints map them to RFC 6749 §5.2.
//
// Data passes through the request's context: Wrap puts a record of the request there, from which handlers take
// RequestID and ClientIP and to which they add fields with Annotate. Nothing here ever logs a query string, a cookie, a
// header or a body, and credentials travel as secret.Token from the moment they are read.
package httpkit
