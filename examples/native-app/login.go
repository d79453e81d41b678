package main

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"time"

	"github.com/coreos/go-oidc/v3/oidc"
	"golang.org/x/oauth2"
)

// logIn has the user log in in the browser and keeps the refresh token.
func (t *tool) logIn(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, 5*time.Minute)
	defer cancel()
	// Port 0: the system gives one that is free. 127.0.0.1 and not localhost, which might be another machine (RFC 8252 §8.3).
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	t.oauth.RedirectURL = "http://" + listener.Addr().String() + "/callback"
	state, nonce, verifier := rand.Text(), rand.Text(), oauth2.GenerateVerifier()
	fmt.Println("Open this address in your browser:")
	fmt.Println(t.oauth.AuthCodeURL(state, oidc.Nonce(nonce), oauth2.S256ChallengeOption(verifier)))
	answer, err := awaitAnswer(ctx, listener, state)
	if err != nil {
		return err
	}
	if answer.Get("iss") != t.issuer { // RFC 9207
		return errors.New("the answer is of another issuer")
	}
	if refusal := answer.Get("error"); refusal != "" {
		return fmt.Errorf("not logged in: %q, %q", refusal, answer.Get("error_description"))
	}
	tokens, err := t.oauth.Exchange(ctx, answer.Get("code"), oauth2.VerifierOption(verifier))
	if err != nil {
		return err
	}
	raw, _ := tokens.Extra("id_token").(string)
	id, err := t.provider.Verifier(&oidc.Config{ClientID: t.oauth.ClientID}).Verify(ctx, raw) // signature, iss, aud, exp
	if err != nil {
		return err
	}
	if id.Nonce != nonce {
		return errors.New("the ID token was made for another log-in")
	}
	if err := keep(tokens.RefreshToken); err != nil {
		return err
	}
	fmt.Println("You are logged in.")
	return nil
}

// awaitAnswer serves the redirect URI until the answer with this state has come, and no longer.
func awaitAnswer(ctx context.Context, listener net.Listener, state string) (url.Values, error) {
	answers := make(chan url.Values, 1)
	mux := http.NewServeMux()
	mux.HandleFunc("GET /callback", func(w http.ResponseWriter, r *http.Request) {
		if r.FormValue("state") != state { // anybody on this machine can knock here
			http.Error(w, "This is not the answer that was waited for.", http.StatusBadRequest)
			return
		}
		select {
		case answers <- r.Form:
		default: // the first one counts
		}
		_, _ = fmt.Fprintln(w, "You can close this page and go back to the terminal.")
	})
	server := &http.Server{Handler: mux, ReadHeaderTimeout: 5 * time.Second}
	go func() { _ = server.Serve(listener) }()
	defer func() { _ = server.Shutdown(context.WithoutCancel(ctx)) }() // after the page has been sent
	select {
	case answer := <-answers:
		return answer, nil
	case <-ctx.Done():
		return nil, errors.New("nobody logged in")
	}
}
