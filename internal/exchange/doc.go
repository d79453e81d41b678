// Package exchange is the token endpoint's use case: a pipeline that no grant type can skip.
//
//	authenticate client → grant type known and allowed → the grant's own hook → mint → tokens
//
// A hook gets what was asked (scopes, resources, key) and refuses before it moves anything. A
// first-party log-in is a hook too, so that there is one way to mint. Introspection and revocation of
// what was minted live here as well.
//
// Refusals are *oauth.Error, *auth.Refused or the auth.Err… of a log-in; what means "not now" wraps
// store.ErrUnavailable, auth.ErrBusy or auth.ErrKeyUnknown.
package exchange
