// Package interop logs in to the real binary with clients that others wrote and that Daypass does not depend on: their tests
// are all there is in it. It is a module of its own, so that these clients are nobody's dependency but its; `make examples`
// runs it.
//
//	cap_test.go             github.com/hashicorp/cap/oidc, as Vault and Boundary use it
//	openid_client_test.go   openid-client for Node.js (OpenID Certified); its program is in openid-client
//
// What golang.org/x/oauth2 and coreos/go-oidc do is in tools/e2e, and in the tutorials.
package interop
