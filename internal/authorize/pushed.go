package authorize

import (
	"context"
	"fmt"
	"strings"

	"github.com/daypass/daypass/internal/auth"
	"github.com/daypass/daypass/internal/httpkit"
	"github.com/daypass/daypass/oauth"
)

// Push judges the request of a client that has authenticated and returns the request_uri that stands for it (RFC 9126 §2).
// Nothing is stored: the URI is the request, sealed, so that nobody can fill a table with requests. The error is a
// *Fault, whose answer goes to the client itself, or the store's.
func (s *Service) Push(ctx context.Context, client auth.Client, params httpkit.Params) (uri string, err error) {
	if params.Get(oauth.ParamRequestURI) != "" {
		return "", &Fault{Err: oauth.NewError(oauth.InvalidRequest, "a pushed request has no request_uri"), Parameter: oauth.ParamRequestURI}
	}
	asked, err := (&reader{s: s, params: params, pushed: true}).read(ctx)
	if err != nil {
		return "", err
	}
	if asked.Client.ID != client.ID {
		return "", &Fault{Err: oauth.NewError(oauth.InvalidRequest, "client_id is another client's"), Parameter: oauth.ParamClientID}
	}
	now := s.needs.Now()
	p := auth.Pending{ID: auth.NewID(now), Request: asked.Request, Pushed: true, ExpiresAt: now.Add(auth.PushedLife)}
	sealed, err := p.Seal(s.needs.Sealing)
	if err != nil {
		return "", fmt.Errorf("authorize: %w", err)
	}
	return auth.PushedPrefix + sealed, nil
}

// Pushed makes a visit of a pushed request (RFC 9126 §4). Whatever else the browser brings counts for nothing; client is
// what it says as client_id, which must be the one that pushed. The request is answered once, however often the page is
// loaded before. The error is a *Fault without an answer, ErrOver, or the store's.
func (s *Service) Pushed(ctx context.Context, client, uri string) (Visit, error) {
	sealed, _ := strings.CutPrefix(uri, auth.PushedPrefix)
	p, ok := auth.OpenPending(sealed, s.needs.Sealing)
	now := s.needs.Now()
	switch {
	case !ok || !p.Pushed || !now.Before(p.ExpiresAt):
		return Visit{}, &Fault{Err: oauth.NewError(oauth.InvalidRequestURI, "the request was pushed too long ago, or never"), Parameter: oauth.ParamRequestURI}
	case p.Request.ClientID != client:
		return Visit{}, &Fault{Err: oauth.NewError(oauth.InvalidRequest, "client_id is not the client that pushed the request"), Parameter: oauth.ParamClientID}
	}
	// From here its user may take their time: the same in every visit, so that none outlives the record of the answer.
	p.Pushed, p.ExpiresAt = false, p.ExpiresAt.Add(auth.RequestLife)
	return s.resume(ctx, p)
}

// RequiresPushed tells whether pushed requests alone are taken.
func (s *Service) RequiresPushed() bool { return s.needs.RequirePushed }
