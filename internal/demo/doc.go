// Package demo is the part of `daypass dev` that lets a visitor look at both tokens and misuse them: the state
// behind the page /demo, and endpoints that lose a reply, steal a copy, turn a grant's clock back or end it.
//
// It is mounted under dev alone. Everything that happens to a token goes through the product's own refresh, so
// that the page shows what the product does and not what a demo pretends. Whoever calls an endpoint acts on the
// grant of the refresh cookie that came with the request, and on no other; hence the paths below /v1, where the
// browser sends that cookie. No reply holds a token: of the access token its decoded claims, of the refresh
// token its generation. The page itself belongs to internal/pages.
package demo
