package main

import (
	"bufio"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"time"
)

// echoVerb is the sub-command under which this program is the echo server.
const echoVerb = "echo"

// claims is a payload of the size of an access token's.
const claims = `{"iss":"http://localhost:8080","sub":"0199d1c0-f3a4-7b0e-8a2f-4c5d6e7f8091","aud":"http://localhost:8080/v1","exp":1790000600,"iat":1790000000,"jti":"mXn2vT0aQ1y7cZb4mXn2vA","client_id":"daypass","scope":"openid profile email","auth_time":1789990000,"amr":["pwd"],"sid":"mXn2vT0aQ1y7cZb4mXn2vA","gid":"0199d1c0-f3a4-7b0e-8a2f-4c5d6e7f8092"}`

// serveEcho is the limit of a refresh over HTTP: net/http and nothing else, one ES256 token signed per request. It prints its
// address and ends when its standard input does, and with it when its parent does.
func serveEcho() error {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return fmt.Errorf("echo: %w", err)
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return fmt.Errorf("echo: %w", err)
	}
	server := &http.Server{Handler: echo{key}, ReadHeaderTimeout: wireTimeout}
	go func() {
		_, _ = io.Copy(io.Discard, os.Stdin)
		_ = server.Close()
	}()
	if _, err := fmt.Println(listener.Addr()); err != nil {
		return fmt.Errorf("echo: %w", err)
	}
	if err := server.Serve(listener); !errors.Is(err, http.ErrServerClosed) {
		return fmt.Errorf("echo: %w", err)
	}
	return nil
}

type echo struct{ key *ecdsa.PrivateKey }

func (e echo) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		http.Error(w, "no body", http.StatusBadRequest)
		return
	}
	reply := append(e.token(), body...)
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Content-Length", strconv.Itoa(len(reply)))
	_, _ = w.Write(reply) // the caller sees a short reply
}

// token is a signed JWT as RFC 7515 writes it, but for the form of the signature.
func (e echo) token() []byte {
	input := base64.RawURLEncoding.AppendEncode([]byte("eyJhbGciOiJFUzI1NiIsInR5cCI6ImF0K2p3dCJ9."), []byte(claims))
	digest := sha256.Sum256(input)
	signature, err := ecdsa.SignASN1(rand.Reader, e.key, digest[:])
	if err != nil {
		panic(err) // a P-256 key made above always signs
	}
	return base64.RawURLEncoding.AppendEncode(append(input, '.'), signature)
}

// echoServer is this program run again under echoVerb.
type echoServer struct {
	address string
	pid     int
	stop    func() error
}

func startEcho(ctx context.Context) (*echoServer, error) {
	self, err := os.Executable()
	if err != nil {
		return nil, fmt.Errorf("start the echo server: %w", err)
	}
	cmd := exec.CommandContext(ctx, self, echoVerb)
	cmd.Stderr, cmd.WaitDelay = os.Stderr, 5*time.Second
	bind(cmd)
	stdin, err1 := cmd.StdinPipe()
	stdout, err2 := cmd.StdoutPipe()
	if err := errors.Join(err1, err2); err != nil {
		return nil, fmt.Errorf("start the echo server: %w", err)
	}
	if err := cmd.Start(); err != nil {
		return nil, fmt.Errorf("start the echo server: %w", err)
	}
	stop := func() error { return errors.Join(stdin.Close(), cmd.Wait()) }
	line, err := bufio.NewReader(stdout).ReadString('\n')
	if err != nil {
		return nil, errors.Join(fmt.Errorf("start the echo server: %w", err), stop())
	}
	return &echoServer{address: strings.TrimSpace(line), pid: cmd.Process.Pid, stop: stop}, nil
}

// lanes returns n connections that ask for a token each time, and what closes them.
func (e *echoServer) lanes(n int) ([]lane, func(), error) {
	body := []byte(`{"refresh_token":"` + strings.Repeat("x", 80) + `"}`)
	return connect(n, e.address, "/", func(w *wire) lane {
		return func() error {
			status, reply, err := w.post(body)
			if err == nil && (status != http.StatusOK || len(reply) <= len(body)) {
				err = fmt.Errorf("echo: status %d, %d bytes", status, len(reply))
			}
			return err
		}
	})
}

// connect opens n connections and makes a lane of each.
func connect(n int, address, path string, laneOf func(*wire) lane) (lanes []lane, closeAll func(), err error) {
	var wires []*wire
	closeAll = func() {
		for _, w := range wires {
			w.close()
		}
	}
	for range n {
		w, err := dial(address, path)
		if err != nil {
			closeAll()
			return nil, nil, err
		}
		wires, lanes = append(wires, w), append(lanes, laneOf(w))
	}
	return lanes, closeAll, nil
}
