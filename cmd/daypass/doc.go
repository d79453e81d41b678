// Command daypass is the whole product in one binary: the server (dev, serve), its database (migrate) and
// what an operator does to users, clients, sessions, grants and tokens.
//
// There is one file per verb. A verb reads its arguments, calls one use case of internal/admin or starts
// internal/app, and prints: tables for people, one JSON document for programs (--json). A verb that takes
// something away says what it would end and asks, or takes --yes. Secrets are read from standard input or a
// prompt, never from arguments, and none is printed but the client secret that was just made.
//
// Exit codes: 0 done, 1 failed, 2 not understood (unknown flag, missing argument, value out of form, or a
// question that nobody is there to answer).
package main
