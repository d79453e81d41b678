// Package resourcetest is a fake issuer for tests of APIs that package resource protects.
//
// An Issuer serves a metadata document and a key set on a loopback address, mints access tokens with whatever claims a
// test asks for, good or bad, and has a clock that the test turns. It never touches the network beyond this machine
// and issues nothing that a real server would accept.
//
//	issuer := resourcetest.NewIssuer()
//	defer issuer.Close()
//	protect, err := resource.New(issuer.URL(), issuer.Config())
//	…
//	req.Header.Set("Authorization", "Bearer "+issuer.Token(map[string]any{"scope": "orders:read"}))
package resourcetest
