// Package authorize is the use case of the authorization endpoint (RFC 6749 §3.1, OpenID Connect Core 1.0 §3.1.2): it reads a
// request in the order in which its faults may be told, decides by a pure function what the user has to do next, and
// ends it in a code or an error for the client.
//
// A request that waits for its user is sealed and carried by the browser; internal/store knows only what was done for it.
package authorize
