package main

import (
	"context"
	"crypto/rand"
	"crypto/subtle"
	"errors"
	"fmt"
	"log"
	"net/http"
	"strings"
	"time"

	"github.com/coreos/go-oidc/v3/oidc"
	"golang.org/x/oauth2"
)

// The cookie that ties the answer to the browser that asked. Cookies of localhost are shared by all ports: the name is ours.
const loginCookie = "notes_login"

// logIn sends the browser to the issuer. What the answer has to match stays behind in a cookie.
func (a *app) logIn(w http.ResponseWriter, r *http.Request) {
	state, nonce, verifier := rand.Text(), rand.Text(), oauth2.GenerateVerifier()
	http.SetCookie(w, a.cookie(loginCookie, state+"."+nonce+"."+verifier, 10*time.Minute))
	http.Redirect(w, r, a.oauth.AuthCodeURL(state, oidc.Nonce(nonce), oauth2.S256ChallengeOption(verifier)), http.StatusSeeOther)
}

// callback takes the answer of the issuer.
func (a *app) callback(w http.ResponseWriter, r *http.Request) {
	http.SetCookie(w, a.cookie(loginCookie, "", -time.Second)) // an answer is taken once
	user, err := a.user(r)
	if err != nil {
		log.Printf("log-in: %v", err)
		http.Error(w, "You were not logged in. Go back to the start and try again.", http.StatusBadRequest)
		return
	}
	a.sessions.end(r)                                                               // who was logged in before is not any more
	http.SetCookie(w, a.cookie(sessionCookie, a.sessions.begin(user), sessionLife)) // a new id: none that was known before the log-in
	http.Redirect(w, r, "/", http.StatusSeeOther)
}

// user checks an answer and returns whom it is about.
func (a *app) user(r *http.Request) (session, error) {
	state, nonce, verifier, err := asked(r)
	if err != nil {
		return session{}, err
	}
	if subtle.ConstantTimeCompare([]byte(r.FormValue("state")), []byte(state)) != 1 {
		return session{}, errors.New("the answer is not to what this browser asked")
	}
	if r.FormValue("iss") != a.issuer { // RFC 9207: an answer of another server is not taken to this one
		return session{}, errors.New("the answer is of another issuer")
	}
	if refusal := r.FormValue("error"); refusal != "" {
		return session{}, fmt.Errorf("%q: %q", refusal, r.FormValue("error_description"))
	}
	tokens, err := a.oauth.Exchange(r.Context(), r.FormValue("code"), oauth2.VerifierOption(verifier))
	if err != nil {
		return session{}, err
	}
	return a.identify(r.Context(), tokens, nonce)
}

// asked reads what logIn left behind.
func asked(r *http.Request) (state, nonce, verifier string, err error) {
	cookie, err := r.Cookie(loginCookie)
	if err != nil {
		return "", "", "", errors.New("this browser asked for no log-in, or too long ago")
	}
	parts := strings.Split(cookie.Value, ".")
	if len(parts) != 3 {
		return "", "", "", errors.New("the cookie is not ours")
	}
	return parts[0], parts[1], parts[2], nil
}

// identify verifies the ID token and asks for the email address.
func (a *app) identify(ctx context.Context, tokens *oauth2.Token, nonce string) (session, error) {
	raw, _ := tokens.Extra("id_token").(string)
	id, err := a.provider.Verifier(&oidc.Config{ClientID: a.oauth.ClientID}).Verify(ctx, raw) // signature, iss, aud, exp
	if err != nil {
		return session{}, err
	}
	if id.Nonce != nonce {
		return session{}, errors.New("the ID token was made for another log-in")
	}
	info, err := a.provider.UserInfo(ctx, oauth2.StaticTokenSource(tokens))
	if err != nil {
		return session{}, err
	}
	if info.Subject != id.Subject {
		return session{}, errors.New("UserInfo is about somebody else")
	}
	return session{Subject: id.Subject, Email: info.Email, idToken: raw}, nil
}
