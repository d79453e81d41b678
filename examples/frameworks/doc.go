// Package frameworks shows how the middleware of package resource is put in front of routes in chi, echo and gin. It is
// a module of its own, so that these frameworks are nobody's dependency but its.
//
// All three serve the same small API and pass the same test (frameworks_test.go):
//
//	GET  /orders             any good token with orders:read
//	POST /orders             orders:write, and a log-in of the last five minutes
//	GET  /healthz            anybody
//
// chi takes net/http middleware as it is, echo has echo.WrapMiddleware, and gin needs the ten lines of UseGin.
package frameworks
