// Package login is the first-party log-in and what it is good for afterwards.
//
// [Hook] is the log-in as a grant type of the exchange pipeline: it verifies the password and stores
// session and grant in one transaction, so that there is one way to mint. [Principals] goes the other
// way: from a presented credential (access token, refresh token or SSO cookie) back to the live session,
// grant and user behind it, read from the database each time, and ends such sessions.
//
// It speaks no HTTP. Where a credential was found (header, cookie, body) is the caller's business.
package login
