//go:build linux

package main

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"net/http"
	"net/url"
	"strings"
	"time"
)

// callback is where the clients of the kit get their answers: on a web server that proves its name, so that nobody is asked
// for consent. There is none; the kit reads the redirect.
const callback = "https://app.example.com/callback"

// strayed is an answer of the authorization endpoint without a code, though the session lives and nobody need be asked.
const strayed class = "an authorization without a code"

// codeLife is for how long an authorization code is surely good; the server says a minute.
const codeLife = 50 * time.Second

// browser is a session of a user, from which applications get codes.
type browser struct {
	account account
	session string // the cookie
	asked   time.Time
	born    time.Time
}

// code is an authorization code and all that redeems it.
type code struct {
	client, value, verifier string
	asked, answered         time.Time // when it was asked for, and answered
}

// newBrowser signs a user up and keeps the session.
func (w *world) newBrowser(ctx context.Context, kind string) (browser, error) {
	b := browser{account: w.newAccount(kind), asked: time.Now()}
	r, err := w.enterAs(ctx, b.account, true, "cookie")
	b.session, b.born = r.session, time.Now()
	return b, err
}

// newCode sends the browser to the authorization endpoint, again and again until it is answered.
func (w *world) newCode(ctx context.Context, b browser, client string) (code, reply) {
	c := code{client: client, verifier: rand.Text() + rand.Text()}
	sum := sha256.Sum256([]byte(c.verifier))
	query := url.Values{
		"response_type": {"code"}, "client_id": {client}, "redirect_uri": {callback}, "scope": {"openid"}, "state": {rand.Text()},
		"code_challenge": {base64.RawURLEncoding.EncodeToString(sum[:])}, "code_challenge_method": {"S256"},
	}
	for {
		c.asked = time.Now()
		r := w.authorize(ctx, b.session, query)
		if r.class == granted {
			c.answered = time.Now()
			c.value = r.code
			return c, r
		}
		if r.class == strayed { // whoever asked judges it: the session may have been lost with the database
			return c, r
		}
		w.tally.answer(r)
		if !sleep(ctx, 50*time.Millisecond) {
			return c, r
		}
	}
}

// authorize is one request of the authorization endpoint; granted, it holds the code.
func (w *world) authorize(ctx context.Context, session string, query url.Values) reply {
	base := w.node(w.serial.Add(1)).url
	r, err := request(context.WithoutCancel(ctx), http.MethodGet, base+"/oauth/authorize?"+query.Encode(), "", nil)
	if err != nil {
		return reply{class: unknownErr, code: err.Error()}
	}
	browse(r, cookieSession+"="+session)
	got := w.wire.send(r)
	if got.status != http.StatusSeeOther {
		return got
	}
	to, err := url.Parse(got.location)
	if err != nil {
		return reply{class: strayed, code: err.Error()}
	}
	answer := to.Query()
	got.code = strings.TrimSpace(to.Path + " " + answer.Get("error"))
	switch {
	case !strings.HasPrefix(got.location, callback+"?"):
		got.class = strayed
	case answer.Get("error") == "temporarily_unavailable": // 503 in the words of this endpoint (RFC 6749 §4.1.2.1)
		got.class = unavail
	case answer.Get("code") == "":
		got.class = strayed
	default:
		got.class, got.code = granted, answer.Get("code")
	}
	return got
}

// redeem takes a code to the token endpoint once, as its fate wills, and counts the answer. A device that hung up waits
// until the server is done.
func (w *world) redeem(c code, f fate) reply {
	if f == neverSent {
		return reply{class: unsent}
	}
	n := w.node(w.serial.Add(1))
	r, err := w.tokenRequest(context.Background(), n.url, c.client, url.Values{
		"grant_type": {"authorization_code"}, "code": {c.value}, "redirect_uri": {callback}, "code_verifier": {c.verifier},
	})
	if err != nil {
		return reply{class: unknownErr, code: err.Error()}
	}
	got := w.carry(r, n, f)
	if got.class != granted {
		w.tally.answer(got)
	}
	if got.ended != nil && got.class != noServer {
		got.ended()
	}
	return got
}

// insistRedeem redeems until the server answers for good.
func (w *world) insistRedeem(ctx context.Context, c code) reply {
	for {
		r := w.redeem(c, arrives)
		if r.definite() || !sleep(ctx, 50*time.Millisecond) {
			return r
		}
	}
}

// bought is who holds what a code bought.
func (c code) bought(r reply) holder {
	return holder{token: r.token, access: r.access, client: c.client}
}
