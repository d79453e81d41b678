package main

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"time"

	"github.com/daypass/daypass/resource"
	"github.com/daypass/daypass/resource/resourcetest"
)

// verification measures the middleware beside a bare signature check.
func (b *bench) verification(ctx context.Context) error {
	issuer := resourcetest.NewIssuer()
	defer issuer.Close()
	token := issuer.Token(map[string]any{"scope": "read write", "roles": []string{"staff"}, "amr": []string{"pwd"}})
	var fault error
	verifier := func(remember int) (*resource.Protector, func()) {
		c := issuer.Config()
		c.Remember, c.Now = remember, nil
		p, err := resource.New(issuer.URL(), c)
		if err != nil {
			fault = errors.Join(fault, err)
			return nil, func() {}
		}
		return p, func() {
			if _, err := p.Verify(ctx, token); err != nil {
				fault = err
			}
		}
	}
	_, first := verifier(-1)
	remembering, remembered := verifier(0)
	if fault != nil {
		return fmt.Errorf("resource: %w", fault)
	}
	nothing := http.HandlerFunc(func(http.ResponseWriter, *http.Request) {})
	request, response := httptest.NewRequest(http.MethodGet, "/", nil), httptest.NewRecorder()
	request.Header.Set("Authorization", "Bearer "+token)
	guarded := remembering.Require("read")(nothing)
	bare, err := bareVerify([]byte(token))
	if err != nil {
		return err
	}
	t := inTurns(b.plan.loops, bare, first, remembered, func() { guarded.ServeHTTP(response, request) }, func() { nothing.ServeHTTP(response, request) })
	if fault != nil || response.Code != http.StatusOK {
		return fmt.Errorf("resource: status %d, %w", response.Code, fault)
	}
	b.report.section = "verification in a resource server"
	b.report.beside("resource: token met for the first time", t[1], "µs", "bare ES256 check", t[0])
	b.report.add("resource: remembered token", t[2], "µs")
	b.report.beside("resource: Require around a handler that does nothing, remembered token", t[3], "µs", "the handler alone", t[4])
	return nil
}

// bareVerify checks one ES256 signature over the text of a token.
func bareVerify(input []byte) (func(), error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, fmt.Errorf("bare check: %w", err)
	}
	digest := sha256.Sum256(input)
	signature, err := ecdsa.SignASN1(rand.Reader, key, digest[:])
	if err != nil {
		return nil, fmt.Errorf("bare check: %w", err)
	}
	return func() {
		digest := sha256.Sum256(input)
		if !ecdsa.VerifyASN1(&key.PublicKey, digest[:], signature) {
			panic("a good signature is refused")
		}
	}, nil
}

// inTurns times functions in short batches, one after the other, so that what else the machine does falls on all, and
// returns the median time of one call of each in microseconds.
func inTurns(loops int, fns ...func()) []float64 {
	const batches = 31
	took := make([][]time.Duration, len(fns))
	for range batches {
		for i, fn := range fns {
			began := time.Now()
			for range loops {
				fn()
			}
			took[i] = append(took[i], time.Since(began))
		}
	}
	median := make([]float64, len(fns))
	for i := range fns {
		slices.Sort(took[i])
		median[i] = float64(took[i][batches/2].Nanoseconds()) / float64(loops) / 1000
	}
	return median
}
