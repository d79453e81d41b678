// Package keys owns key material: the master keys that a node has loaded, the signing keys sealed
// under them in the database, and what is made with both: access tokens and their verification.
//
// Private keys leave this package never; what signs is asked for by algorithm. A node refuses to
// start when a master key does not open the check value in the database ([Masters.Check]), because
// tokens made under a wrong key would be refused by every other node.
// Data passes as auth.AccessClaims in and a secret.Token out.
package keys
