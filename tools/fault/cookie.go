//go:build linux

package main

import "net/http"

// The cookies over plain http, where their names have no prefix (docs/first-party-api.md).
const (
	cookieRefresh = "daypass-refresh"
	cookieAccess  = "daypass-access"
	cookieSession = "daypass-session"
)

// headerSite is what tells the server that a browser sent the request.
const headerSite = "Sec-Fetch-Site"

// Answers that no page may ever get.
const (
	shown   class = "a token in the body of an answer to a browser"
	cleared class = "a refusal that clears a cookie"
)

// browse makes a request one of a browser, from a page of the server's own.
func browse(r *http.Request, cookies string) {
	r.Header.Set(headerSite, "same-origin")
	if cookies != "" {
		r.Header.Set("Cookie", cookies)
	}
}

// readCookies takes the tokens of an answer from its cookies, and says when they are where they must not be.
func readCookies(r *reply, cookies []*http.Cookie, browser bool) {
	if browser && (r.token != "" || r.access != "") {
		r.class = shown
	}
	for _, c := range cookies {
		if r.class == refused && (c.MaxAge < 0 || c.Value == "") {
			r.class = cleared
		}
		switch c.Name {
		case cookieRefresh:
			r.token = c.Value
		case cookieAccess:
			r.access = c.Value
		case cookieSession:
			r.session = c.Value
		}
	}
}
