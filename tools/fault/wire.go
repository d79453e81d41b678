//go:build linux

package main

import (
	"bufio"
	"bytes"
	"cmp"
	"context"
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"
	"syscall"
	"time"
)

// patience is longer than the server's own of 10 s, so that only a server that breaks its word times out.
const patience = 15 * time.Second

const (
	firstParty   = "daypass" // the client of grants made at /v1
	stranger     = "other"   // another public client
	application  = "app"     // the operator's own, which is public and gets its grants by codes
	confidential = "service" // the same with a secret
)

// class is what a client is told.
type class string

const (
	granted    class = "granted"
	refused    class = "refused" // invalid_grant
	unsent     class = "request lost"
	dropped    class = "hung up" // by the device, so nobody knows
	noServer   class = "connection refused"
	reset      class = "connection reset"
	timeout    class = "timeout"
	unavail    class = "503"
	unknownErr class = "other transport error"
)

// reply is the answer to one request.
type reply struct {
	class  class
	token  string // the refresh token
	access string
	status int
	ended  func() // waits until the server is done; set when nobody waits for the reply
	code   string // of the problem, or the OAuth error

	was, is  uint32 // the generations presented and got, of a process that keeps its tokens to itself
	session  string // the cookie
	location string // where the browser is sent
}

func (r reply) String() string {
	return strings.TrimSpace(fmt.Sprintf("%s %s", r.class, r.code))
}

// definite tells that the server has answered for good.
func (r reply) definite() bool { return r.class == granted || r.class == refused }

// wire speaks to the servers.
type wire struct{ client *http.Client }

func newWire() *wire {
	return &wire{&http.Client{
		Timeout:       patience,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }, // codes are ours to read
		Transport:     &http.Transport{MaxIdleConnsPerHost: 256, MaxIdleConns: 1024, IdleConnTimeout: 20 * time.Second},
	}}
}

// refreshRequest is one refresh as a holder sends it.
func (w *world) refreshRequest(ctx context.Context, base string, d door, h holder) (*http.Request, error) {
	switch {
	case h.cookies:
		r, err := request(ctx, http.MethodPost, base+"/v1/refresh", "", nil)
		if err == nil {
			browse(r, cookieRefresh+"="+h.token+"; "+cookieAccess+"="+h.access)
		}
		return r, err
	case d == doorOAuth || h.client != "" && h.client != firstParty:
		return w.tokenRequest(ctx, base, h.client, url.Values{"grant_type": {"refresh_token"}, "refresh_token": {h.token}})
	}
	body, err := json.Marshal(map[string]string{"refresh_token": h.token, "mode": "token"})
	if err != nil {
		return nil, err
	}
	return request(ctx, http.MethodPost, base+"/v1/refresh", "application/json", body)
}

// tokenRequest is a request of the token endpoint by a client.
func (w *world) tokenRequest(ctx context.Context, base, client string, form url.Values) (*http.Request, error) {
	form.Set("client_id", cmp.Or(client, firstParty))
	if client == confidential {
		form.Set("client_secret", w.secret)
	}
	return request(ctx, http.MethodPost, base+"/oauth/token", "application/x-www-form-urlencoded", []byte(form.Encode()))
}

func request(ctx context.Context, method, address, kind string, body []byte) (*http.Request, error) {
	r, err := http.NewRequestWithContext(ctx, method, address, bytes.NewReader(body))
	if err == nil && len(body) > 0 {
		r.Header.Set("Content-Type", kind)
	}
	return r, err
}

// call sends one request of the JSON API.
func (w *wire) call(ctx context.Context, method, address, bearer string, body map[string]string) reply {
	var text []byte
	if body != nil {
		var err error
		if text, err = json.Marshal(body); err != nil {
			return reply{class: unknownErr, code: err.Error()}
		}
	}
	r, err := request(ctx, method, address, "application/json", text)
	if err != nil {
		return reply{class: unknownErr, code: err.Error()}
	}
	if bearer != "" {
		r.Header.Set("Authorization", "Bearer "+bearer)
	}
	return w.send(r)
}

func (w *wire) send(r *http.Request) reply {
	response, err := w.client.Do(r)
	if err != nil {
		return failure(err)
	}
	text, err := io.ReadAll(io.LimitReader(response.Body, 1<<16))
	if err = errors.Join(err, response.Body.Close()); err != nil {
		return failure(err)
	}
	answer := read(response.StatusCode, text)
	readCookies(&answer, response.Cookies(), r.Header.Get(headerSite) != "")
	answer.location = response.Header.Get("Location")
	return answer
}

// read classifies an answer.
func read(status int, text []byte) reply {
	var body struct {
		Refresh string `json:"refresh_token"`
		Access  string `json:"access_token"`
		Error   string `json:"error"`
		Code    string `json:"code"`
	}
	_ = json.Unmarshal(text, &body) // what is no JSON has no members
	r := reply{status: status, token: body.Refresh, access: body.Access, code: body.Error + body.Code}
	switch {
	case status < http.StatusMultipleChoices:
		r.class = granted
	case r.code == "invalid_grant":
		r.class = refused
	case status == http.StatusServiceUnavailable:
		r.class = unavail
	default:
		r.class = class(fmt.Sprintf("%d", status))
	}
	return r
}

func failure(err error) reply {
	var ne net.Error
	switch {
	case errors.Is(err, syscall.ECONNREFUSED):
		return reply{class: noServer}
	case errors.As(err, &ne) && ne.Timeout():
		return reply{class: timeout}
	case errors.Is(err, syscall.ECONNRESET), errors.Is(err, syscall.EPIPE), errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF),
		strings.Contains(err.Error(), "server closed idle connection"): // net/http does not export this one
		return reply{class: reset}
	}
	return reply{class: unknownErr, code: err.Error()}
}

// broken sends a request over a connection of its own and closes it before the reply (hungUp) or in the middle of it
// (cutInside), from an address of its own. Cut inside, the reply tells only whether it was granted or refused.
func (w *wire) broken(r *http.Request, f fate, from string) reply {
	dialer := net.Dialer{Timeout: patience, LocalAddr: &net.TCPAddr{IP: net.ParseIP(from)}}
	conn, err := dialer.DialContext(r.Context(), "tcp", r.URL.Host)
	if err != nil {
		return failure(err)
	}
	defer func() { _ = conn.Close() }()
	if err := errors.Join(conn.SetDeadline(time.Now().Add(patience)), r.Write(conn)); err != nil {
		return failure(err)
	}
	if f == hungUp {
		if tcp, ok := conn.(*net.TCPConn); ok {
			_ = tcp.SetLinger(0) // a reset, as when a device loses its network and comes back
		}
		return reply{class: dropped}
	}
	line, err := bufio.NewReaderSize(conn, 256).ReadString('\n') // no more than the first 256 bytes are read
	if err != nil {
		return failure(err)
	}
	switch {
	case strings.Contains(line, " 200 "):
		return reply{class: granted}
	case strings.Contains(line, " 503 "):
		return reply{class: unavail}
	}
	// The code stands in the body, which is cut. What is refused here is found at the next try.
	return reply{class: dropped}
}

// generation reads which generation a refresh token is of; everybody can (docs/refresh.md).
func generation(token string) (version byte, n uint32) {
	raw, err := base64.RawURLEncoding.DecodeString(strings.TrimPrefix(token, "dpr_"))
	if err != nil || len(raw) < 21 {
		return 0, 0
	}
	return raw[0], binary.BigEndian.Uint32(raw[17:21])
}

// grantOf reads which grant a refresh token is of, as the server's log writes it.
func grantOf(token string) string {
	raw, err := base64.RawURLEncoding.DecodeString(strings.TrimPrefix(token, "dpr_"))
	if err != nil || len(raw) < 17 {
		return ""
	}
	id := raw[1:17]
	return fmt.Sprintf("%x-%x-%x-%x-%x", id[:4], id[4:6], id[6:8], id[8:10], id[10:])
}
