// Package resource protects an HTTP API with the access tokens that a Daypass server issues.
//
// # In one minute
//
//	protect, err := resource.New("https://id.example.com", resource.Config{
//		Audience: "https://api.example.com",
//	})
//	if err != nil {
//		log.Fatal(err)
//	}
//	mux := http.NewServeMux()
//	mux.Handle("GET /orders", protect.Require("orders:read")(listOrders))
//
// Inside listOrders:
//
//	token, _ := resource.FromContext(r.Context())
//	orders, err := store.OrdersOf(r.Context(), token.Subject)
//
// That is all a resource server needs. There is no client to register, no secret to keep, and no request to the
// issuer on the way of an API call: the signing keys are fetched on the first request, kept, and refreshed behind the
// requests that use them.
//
// # What is checked
//
// A token is taken from the Authorization header, one header with one token in it, and never from the query, where it
// would end in logs and histories (RFC 6750 §2, §5.3). It must be a JWT access token (RFC 9068 §4): typed at+jwt, so
// that an ID token is not mistaken for one; signed by a key that the issuer itself publishes, with an algorithm from
// Config.Algorithms; from exactly this issuer, for exactly this audience, not expired, not from the future, and complete.
// JSON that two parsers could read in two ways is refused, as are keys that travel inside the token. A token that is
// bound to a key (cnf) is refused as well, because this package cannot check the proof yet, and accepting it without
// would make a bearer token of it.
//
// The audience is what keeps a token meant for another API, and stolen there, from being good here. Give each API its
// own, the resource identifier under which the server knows it. And do not send a token on: an API that calls another
// one asks the server for a token of its own, and a reverse proxy behind Require takes the Authorization header away.
//
// # What a route demands
//
// Require takes scopes, all of which the token must carry. RequireThat takes rules of any kind: AllScopes, AnyScope, and
// for what matters more than the rest ACR and MaxAge, which demand a stronger or more recent log-in and challenge the
// caller to step up (RFC 9470). Handle gives the token to the handler as an argument; Permit asks from inside, where only
// the request tells what is at stake. A scope says what the client may ask for, not what the user may do: whether this
// user may see that order remains the handler's question.
//
// # Memory
//
// A signature costs some fifty microseconds; a token that was judged before costs less than one. Good tokens are
// remembered by their SHA-256 until they expire, at most Config.Remember of them, and refused ones never. Memory changes
// no verdict: the clock, the key and Config.Check are asked each time, so that a key that the issuer withdraws takes the
// tokens along that it signed.
//
// # Several issuers, and opaque tokens
//
// Config.Issuers lists further servers whose tokens pass, each by its own keys alone. Subject no longer names a user then;
// Token.Identity does. Config.Introspection asks the issuer about opaque tokens (RFC 7662), or about all; it costs a
// request to the issuer every ten seconds per token, takes a client to register and a secret to keep, and makes the API
// depend on the issuer being up. In return a revoked token is refused within those ten seconds.
//
// # What callers are told
//
// Answers follow RFC 6750 §3. A request without a token gets 401 and a bare challenge, a token that is not good 401
// and invalid_token, a good one without the scope 403 and insufficient_scope, a malformed request 400 and
// invalid_request; the challenge names the scopes of the route. All faults of a token look alike from outside;
// Config.Refused hears the reason. When no key or answer can be had, the answer is 503 and never a guess. With
// Config.Metadata, challenges point to a document that tells clients which issuer to ask (RFC 9728).
//
// # Browsers
//
// Where pages call the API from the same site, Config.AccessCookie names the cookie in which Daypass leaves the access
// token. Since browsers attach cookies to requests that other sites start, those requests then pass
// http.CrossOriginProtection first. Requests with an Authorization header do not need it, and the header wins.
//
// # What a verified token does not say
//
// A locally verified token is good until it expires, even if its grant was revoked a second ago. Keep lifetimes short,
// and use Config.Check where an API must know better, or Introspection. The page docs/protect-an-api.md compares the ways
// and says what each costs.
//
// # Tests
//
// Package resourcetest is an issuer for the tests of your API, with keys, clocks and faults.
package resource
