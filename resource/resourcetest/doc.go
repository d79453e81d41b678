// Package resourcetest is a fake issuer for tests of APIs that package resource protects.
//
// An Issuer serves a metadata document, a key set and an introspection endpoint on a loopback address, mints access
// tokens, JWTs and opaque ones, with whatever claims a test asks for, good or bad, rotates its keys, fails in several
// ways, and has a clock that the test turns. It never touches the network beyond this machine and issues nothing that a
// real server would accept.
//
//	issuer := resourcetest.NewIssuer()
//	defer issuer.Close()
//	protect, err := resource.New(issuer.URL(), issuer.Config())
//	…
//	req.Header.Set("Authorization", "Bearer "+issuer.Token(map[string]any{"scope": "orders:read"}))
//
// For opaque tokens set cfg.Introspection to issuer.Introspection() and mint with OpaqueToken. For what goes wrong see
// SetFault, Hold, Revoke, RotateKey and Advance.
package resourcetest
