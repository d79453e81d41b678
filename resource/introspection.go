package resource

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"time"

	"github.com/daypass/daypass/oauth"
)

// Introspection says how to ask an issuer about tokens that this API cannot judge itself (RFC 7662): opaque ones, and
// JWTs if JWTs says so. A token without dots, or with one, is opaque; one with two is a JWT.
//
// The answer must name this API in aud, and give sub, client_id and exp; an iss, iat or nbf it gives must be right. It
// is believed for Remember and never beyond exp; that a token is not active is believed for five seconds. Callers
// with the same token share one question. When there is no answer within five seconds, or no usable one, requests
// get 503.
type Introspection struct {
	// Auth tells the endpoint who asks (RFC 7662 §2.1). Required.
	Auth ClientAuth

	// Endpoint is the address to ask. Empty: the introspection_endpoint of the issuer's metadata document.
	Endpoint string

	// Prefix is how the issuer's opaque tokens begin; Daypass's begin with dpa_. No other is sent, so that no token is
	// shown to an issuer it does not belong to; when prefixes of several issuers fit, the longest decides. Empty: any
	// opaque token.
	Prefix string

	// JWTs also asks about JWTs that name this issuer, instead of verifying them here: for an issuer whose JWTs do not
	// follow RFC 9068, or to hear of revocations within Remember. Keys are then not used.
	JWTs bool

	// Remember is how long an answer is believed. Zero: ten seconds. At most 60 seconds; to ask each time, set one
	// nanosecond. It is how long a revoked token goes on being accepted here.
	Remember time.Duration
}

const (
	defaultBelief = 10 * time.Second
	maxBelief     = 60 * time.Second
	// inactiveBelief and maxInactive bound what is remembered of tokens that are not active: long enough to take the
	// force out of a client that repeats itself, short enough for nobody to notice.
	inactiveBelief = 5 * time.Second
	maxInactive    = 1000
	// maxAsking is how many questions are under way at once; further ones wait, within askTimeout.
	maxAsking = 32
	// askTimeout bounds waiting, finding the endpoint, and the question together.
	askTimeout = 5 * time.Second
	// endpointFresh is the age from which the address of the endpoint is looked up again.
	endpointFresh = time.Hour
	// maxAnswer is the longest answer looked at, in bytes.
	maxAnswer = 64 << 10
)

// ClientAuth adds to a request what proves who sends it, in the header or in the form of the body. Many goroutines call
// it at once. An error means that nobody was asked and gives 503.
type ClientAuth func(ctx context.Context, header http.Header, form url.Values) error

// ClientSecretBasic authenticates as RFC 6749 §2.3.1 prefers, by HTTP Basic.
func ClientSecretBasic(clientID, secret string) ClientAuth {
	// Both are form-encoded first, so that a colon in the id does not end it.
	pair := url.QueryEscape(clientID) + ":" + url.QueryEscape(secret)
	value := "Basic " + base64.StdEncoding.EncodeToString([]byte(pair))
	return func(_ context.Context, header http.Header, _ url.Values) error {
		header.Set("Authorization", value)
		return nil
	}
}

// ClientSecretPost authenticates by client_id and client_secret in the body, RFC 6749 §2.3.1, for servers that know no
// better.
func ClientSecretPost(clientID, secret string) ClientAuth {
	return func(_ context.Context, _ http.Header, form url.Values) error {
		form.Set(oauth.ParamClientID, clientID)
		form.Set(oauth.ParamClientSecret, secret)
		return nil
	}
}

// BearerAuth authenticates with an access token of this API's own (RFC 7662 §2.1), which token supplies each time.
func BearerAuth(token func(context.Context) (string, error)) ClientAuth {
	return func(ctx context.Context, header http.Header, _ url.Values) error {
		t, err := token(ctx)
		if err != nil {
			return err
		}
		header.Set("Authorization", "Bearer "+t)
		return nil
	}
}

// complete fills in defaults and judges the rest.
func (i *Introspection) complete(from source) error {
	if i.Auth == nil {
		return errors.New("auth is required: no server should answer strangers")
	}
	if i.Endpoint != "" {
		if err := from.judgeAddress(i.Endpoint); err != nil {
			return fmt.Errorf("endpoint: %w", err)
		}
	}
	if i.Prefix != "" && !isB64Token(i.Prefix) {
		return errors.New("prefix: no token begins like that")
	}
	if i.Remember < 0 || i.Remember > maxBelief {
		return fmt.Errorf("remember must be between 0 and %v", maxBelief)
	}
	if i.Remember == 0 {
		i.Remember = defaultBelief
	}
	return nil
}
