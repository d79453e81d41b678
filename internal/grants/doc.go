// Package grants owns the life of a grant: it is made here, its refresh token is judged and rotated
// here, and it is revoked here at its client's wish.
//
// A refresh is one call of the store when all is well. Otherwise the row is read, auth.Judge decides,
// and its change is applied by compare-and-swap; whoever loses reads and judges again. This package
// never decides by itself and never sees an HTTP request or an access token.
//
// Refusals are *auth.Refused; what means "not now" wraps store.ErrUnavailable or auth.ErrKeyUnknown.
package grants
