package resource

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"time"

	"github.com/daypass/daypass/internal/jose"
	"github.com/daypass/daypass/oauth"
)

// introspector asks one issuer about tokens.
type introspector struct {
	Introspection
	prefix   string
	from     source
	now      func() time.Time
	inactive *memory[error]
	places   chan struct{} // one for each question that may be under way

	mu        sync.Mutex
	questions map[fingerprint]*question

	lookup  chan struct{} // held by who looks for the endpoint, and guards what follows
	found   string        // the endpoint
	looked  time.Time     // when it was last looked for
	lookErr error         // what came of that
}

// question is one token being asked about; the rest may be read once done is closed.
type question struct {
	done  chan struct{}
	known *remembered
	err   error
}

func newIntrospector(i Introspection, from source, now func() time.Time) (*introspector, error) {
	if err := i.complete(from); err != nil {
		return nil, err
	}
	return &introspector{
		Introspection: i, prefix: i.Prefix, from: from, now: now,
		inactive: newMemory[error](maxInactive), places: make(chan struct{}, maxAsking),
		questions: make(map[fingerprint]*question), lookup: make(chan struct{}, 1),
	}, nil
}

// introspect judges a token by asking its issuer. The question belongs to nobody's request, because a caller that hangs
// up must not fail the others who wait; it ends after askTimeout at the latest.
func (p *Protector) introspect(ctx context.Context, t *trust, token string, key fingerprint) (*remembered, error) {
	in := t.ask
	if err, ok := in.inactive.get(key, p.now()); ok {
		return nil, err
	}
	q := in.join(key, func(q *question) {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), askTimeout)
		defer cancel()
		q.known, q.err = p.ask(ctx, t, token, key)
	})
	select {
	case <-q.done:
		return q.known, q.err
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// join finds the question about a token that is under way, or has one asked.
func (in *introspector) join(key fingerprint, ask func(*question)) *question {
	in.mu.Lock()
	defer in.mu.Unlock()
	if q := in.questions[key]; q != nil {
		return q
	}
	q := &question{done: make(chan struct{})}
	in.questions[key] = q
	go func() {
		ask(q)
		in.mu.Lock()
		defer in.mu.Unlock()
		delete(in.questions, key)
		close(q.done)
	}()
	return q
}

// ask puts the question and remembers what comes of it. An error that is no Refusal means that nothing came of it.
func (p *Protector) ask(ctx context.Context, t *trust, text string, key fingerprint) (*remembered, error) {
	in := t.ask
	began := p.now() // an answer is as old as its question
	answer, err := in.put(ctx, text)
	if err != nil {
		return nil, fmt.Errorf("introspection: %w", err)
	}
	active, err := parseAnswer(answer)
	if err != nil {
		return nil, fmt.Errorf("introspection: answer: %w", err)
	}
	var token Token
	if !active {
		err = errors.New("not active")
	} else if token, err = p.judgeAnswer(answer, t.issuer); err == nil {
		known := &remembered{verified: verified{p, token}}
		until := began.Add(in.Remember)
		if token.Expires.Before(until) {
			until = token.Expires
		}
		p.memory.put(key, known, began, until, p.now())
		return known, nil
	}
	refusal := &Refusal{Code: oauth.InvalidToken, Cause: fmt.Errorf("introspection: %w", err)}
	in.inactive.put(key, refusal, began, began.Add(inactiveBelief), p.now())
	return nil, refusal
}

// put asks the endpoint, RFC 7662 §2.1.
func (in *introspector) put(ctx context.Context, token string) ([]byte, error) {
	address, err := in.address(ctx)
	if err != nil {
		return nil, err
	}
	if err := take(ctx, in.places); err != nil {
		return nil, err
	}
	defer func() { <-in.places }()
	form := url.Values{oauth.ParamToken: {token}, oauth.ParamTokenTypeHint: {string(oauth.HintAccessToken)}}
	header := make(http.Header)
	if err := in.Auth(ctx, header, form); err != nil {
		return nil, fmt.Errorf("authenticate: %w", err)
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, address, strings.NewReader(form.Encode()))
	if err != nil {
		return nil, err
	}
	req.Header = header
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	return exchange(in.from.client, req, maxAnswer)
}

// address is where to ask: configured, or from the issuer's metadata, where one looks it up and the others wait.
func (in *introspector) address(ctx context.Context) (string, error) {
	if in.Endpoint != "" {
		return in.Endpoint, nil
	}
	if err := take(ctx, in.lookup); err != nil {
		return "", err
	}
	defer func() { <-in.lookup }()
	age, fresh := in.now().Sub(in.looked), endpointFresh
	if in.lookErr != nil {
		fresh = failurePause
	}
	if in.looked.IsZero() || age < 0 || age >= fresh {
		in.found, in.lookErr = in.from.introspection(ctx)
		in.looked = in.now()
	}
	return in.found, in.lookErr
}

// take fills a place in c, or gives up with ctx. It is a lock that can be given up.
func take(ctx context.Context, c chan struct{}) error {
	select {
	case c <- struct{}{}:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// parseAnswer reads whether the token is active and, if it is, that it is no other kind of token (RFC 7662 §2.2). An
// answer that does not say is none.
func parseAnswer(doc []byte) (active bool, err error) {
	var a struct {
		Active *bool  `json:"active"`
		Type   string `json:"token_type"`
	}
	if err := jose.DecodeStrict(doc, &a); err != nil {
		return false, err
	}
	switch {
	case a.Active == nil:
		return false, errors.New("active is missing")
	case a.Type != "" && !strings.EqualFold(a.Type, string(oauth.Bearer)):
		return false, nil // some servers find their refresh tokens active, too
	}
	return *a.Active, nil
}
