// Package secret holds what must not leak: a value that refuses to print itself, random bytes,
// hashes of secrets, and sealing under keys derived from a master key.
//
// It never stores, logs or sends anything. Everything here is pure given crypto/rand.
// A secret enters the program as a [Token], travels as a [Token], and its characters come out
// only by [Token.Reveal], a word that a reviewer can search for.
package secret
