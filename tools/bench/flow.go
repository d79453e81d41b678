package main

import (
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"time"
)

const (
	flowClient   = "bench"
	flowCallback = "https://app.example/callback"
	flowSecret   = "the secret of the client that the bench drives"
	flowVerifier = "the-verifier-of-the-bench-is-forty-three-or-more"
	flowers      = 16 // connections
	signatures   = 2  // of a flow: the access token's and the ID token's
)

// flows measures the whole code flow (authorization request with a live session and a consent, then the token request), and
// introspection of a token that was asked about before, beside the signatures that a flow contains.
func (b *bench) flows(ctx context.Context, g *ground) error {
	b.report.section = "code flow and introspection on " + g.engine
	cookie, err := g.signIn(ctx)
	if err != nil {
		return err
	}
	get := authorizationRequest(cookie)
	flows, closeFlows, err := connect(flowers, g.in.address, "", func(w *wire) lane {
		return func() error { _, err := flow(w, get); return err }
	})
	if err != nil {
		return err
	}
	defer closeFlows()
	ask, closeAsks, err := connect(flowers, g.in.address, "", introspections(get))
	if err != nil {
		return err
	}
	defer closeAsks()
	sign, err := signs()
	if err != nil {
		return err
	}
	var whole, asked, bare outcome
	err = b.takeTurns(ctx, b.plan.rounds, []turn{{lanes: flows, of: g.watch(), to: &whole}, {lanes: ask, of: g.watch(), to: &asked}, {lanes: sign, to: &bare}})
	if err != nil {
		return err
	}
	b.report.beside(g.engine+": server CPU per code flow", whole.each(whole.server), "µs", fmt.Sprintf("%d bare ES256 signatures", signatures), signatures*bare.each(bare.generator))
	b.report.add(g.engine+": database CPU per code flow", whole.each(whole.database), "µs")
	b.report.add(g.engine+": code flows", whole.perSecond(), "/s")
	b.report.add(g.engine+": p99 of a code flow", whole.quantile(0.99), "ms")
	b.report.add(g.engine+": server CPU per introspection", asked.each(asked.server), "µs")
	b.report.add(g.engine+": database CPU per introspection", asked.each(asked.database), "µs")
	b.report.add(g.engine+": introspections", asked.perSecond(), "/s")
	return nil
}

// signIn logs a user in as a browser and writes down what the consent page would.
func (g *ground) signIn(ctx context.Context) (cookie string, err error) {
	const who = "flow@example.com"
	if err := g.in.command(ctx, password, "user", "create", "--email", who, "--password-stdin"); err != nil {
		return "", err
	}
	now := time.Now().UnixMilli()
	_, err = g.owner.ExecContext(ctx, `INSERT INTO consents (user_id, client_id, scopes, resources, created_at, updated_at)
		SELECT id, $1, 'openid', '', $2, $2 FROM users WHERE email = $3`, flowClient, now, who)
	if err != nil {
		return "", fmt.Errorf("consent: %w", err)
	}
	body := fmt.Sprintf(`{"email":%q,"password":%q,"mode":"cookie"}`, who, password)
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, "http://"+g.in.address+"/v1/login", strings.NewReader(body))
	if err != nil {
		return "", fmt.Errorf("log in: %w", err)
	}
	r.Header.Set("Content-Type", "application/json")
	reply, err := http.DefaultClient.Do(r)
	if err != nil {
		return "", fmt.Errorf("log in: %w", err)
	}
	defer func() { err = errors.Join(err, reply.Body.Close()) }()
	for _, c := range reply.Cookies() {
		if c.Name == "daypass-session" {
			return c.Name + "=" + c.Value, nil
		}
	}
	return "", fmt.Errorf("log in: status %d and no session", reply.StatusCode)
}

// authorizationRequest is the request of a browser that is signed in.
func authorizationRequest(cookie string) []byte {
	challenge := sha256.Sum256([]byte(flowVerifier))
	query := url.Values{
		"client_id": {flowClient}, "redirect_uri": {flowCallback}, "response_type": {"code"}, "scope": {"openid"}, "state": {"xyz"}, "nonce": {"n"},
		"code_challenge": {base64.RawURLEncoding.EncodeToString(challenge[:])}, "code_challenge_method": {"S256"},
	}
	return fmt.Appendf(nil, "GET /oauth/authorize?%s HTTP/1.1\r\nHost: localhost\r\nCookie: %s\r\n\r\n", query.Encode(), cookie)
}

// form posts a form as the client.
func (w *wire) form(path string, form url.Values) (status int, reply []byte, err error) {
	body, basic := form.Encode(), base64.StdEncoding.EncodeToString([]byte(flowClient+":"+url.QueryEscape(flowSecret)))
	return w.send(fmt.Appendf(w.out[:0], "POST %s HTTP/1.1\r\nHost: localhost\r\nAuthorization: Basic %s\r\n"+
		"Content-Type: application/x-www-form-urlencoded\r\nContent-Length: %d\r\n\r\n%s", path, basic, len(body), body))
}

// flow runs one flow and returns the access token.
func flow(w *wire, get []byte) (access string, err error) {
	status, reply, err := w.send(append(w.out[:0], get...))
	if err != nil {
		return "", fmt.Errorf("authorize: %w", err)
	}
	_, code, _ := bytes.Cut(w.location, []byte("code="))
	code, _, _ = bytes.Cut(code, []byte("&"))
	if status != http.StatusSeeOther || len(code) == 0 {
		return "", fmt.Errorf("authorize: status %d to %.200s: %.300s", status, w.location, reply)
	}
	status, reply, err = w.form("/oauth/token", url.Values{
		"grant_type": {"authorization_code"}, "code": {string(code)}, "redirect_uri": {flowCallback}, "code_verifier": {flowVerifier},
	})
	if err != nil {
		return "", fmt.Errorf("token: %w", err)
	}
	access, found := member(reply, "access_token")
	if _, id := member(reply, "id_token"); status != http.StatusOK || !found || !id {
		return "", fmt.Errorf("token: status %d: %.300s", status, reply)
	}
	return access, nil
}

// introspections makes callers that ask about one token each.
func introspections(get []byte) func(*wire) lane {
	return func(w *wire) lane {
		var form url.Values
		return func() error {
			if form == nil {
				access, err := flow(w, get)
				if err != nil {
					return err
				}
				form = url.Values{"token": {access}}
			}
			status, reply, err := w.form("/oauth/introspect", form)
			if err != nil {
				return fmt.Errorf("introspect: %w", err)
			}
			if status != http.StatusOK || !bytes.HasPrefix(reply, []byte(`{"active":true`)) {
				return fmt.Errorf("introspect: status %d: %.300s", status, reply)
			}
			return nil
		}
	}
}

// signs returns one caller of bare ES256 signatures.
func signs() ([]lane, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, fmt.Errorf("key: %w", err)
	}
	digest := sha256.Sum256([]byte("what is signed"))
	return []lane{func() error {
		_, err := ecdsa.SignASN1(rand.Reader, key, digest[:])
		return err
	}}, nil
}
