// Package outbound is the one HTTP client with which this server calls somebody else: clients' key sets, the documents
// of their registration, and their back-channel logout. Whoever registers a client chooses where it calls, so it trusts
// no address: it speaks https alone, looks at the address when it dials (a name may change what it points to between a
// check and a call), follows no redirect, reads a bounded reply and waits a bounded time. No environment variable
// changes that. It is a side door: internal/app builds it, the packages that call say what they need in interfaces of
// their own.
package outbound
