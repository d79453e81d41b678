// Package pages is what people see: the log-in, sign-up, log-out and account pages, the error page, and
// under `daypass dev` the demo page.
//
// Pages are html/template files, one stylesheet and small ES modules, embedded in the binary and served
// under names that carry a hash of their content. There is no build step, no inline script or style and
// nothing from another host, so one strict content security policy covers every page. Everything but the
// live parts of the demo works without JavaScript.
//
// The package decides nothing: a handler reads a form, calls one use case through an interface declared
// here, and renders or redirects (303) to a path of its own. It never shows a password, a token or a cause,
// and never redirects to an address that came with the request.
package pages
