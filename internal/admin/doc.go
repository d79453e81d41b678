// Package admin is what an operator does to users, clients, sessions and grants, for the commands and
// the console alike, and [Service.Explain], which says what a pasted token is and what would become of it.
//
// Every change happens in one transaction together with the event that tells it and, where it takes
// rights away, with the marks on the grants and the revocations that resource servers follow. Whatever is
// asked twice is done once: the second answer says that nothing had to change.
//
// It never asks whether the operator may (that is for whoever calls), never answers with a secret but the
// one client secret made by the call itself, and Explain writes nothing. Passwords are hashed and access
// tokens verified by whoever implements [Hasher] and [AccessVerifier].
package admin
