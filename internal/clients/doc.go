// Package clients owns the registered clients as the running server sees them: found by id through a
// cache that follows the store's change sequence, and authenticated.
//
// It never decides what a client may ask for; that is read off the auth.Client it returns. A change by
// another node or by a command is seen within a second, by [Service.Forget] called from the follower in
// internal/app.
package clients
