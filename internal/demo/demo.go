package demo

import (
	"context"
	"errors"
	"net/http"
	"time"

	"github.com/daypass/daypass/internal/auth"
	"github.com/daypass/daypass/internal/httpkit"
	"github.com/daypass/daypass/internal/secret"
	"github.com/daypass/daypass/internal/store"
)

// HeaderVerdict names the verdict of a refresh in a reply under dev, for the page to explain.
const HeaderVerdict = "Daypass-Verdict"

// waited is how far Wait turns a grant's clock back: beyond any replay window.
const waited = time.Hour

// Grants looks at the grant of a presented refresh token and bends its clocks.
type Grants interface {
	// Inspect judges the token as the built-in client would present it now, and changes nothing. A token that
	// leads to no grant gives its verdict with empty facts.
	Inspect(ctx context.Context, presented secret.Token) (auth.Inspection, error)
	// Age moves the start of the grant's running burst back by the time given, so that its replay window closes.
	Age(ctx context.Context, grant auth.ID, by time.Duration) error
	// Expire moves the absolute end of the grant and of its session to now.
	Expire(ctx context.Context, grant auth.ID) error
	// Events returns the audit records of the grant, newest first.
	Events(ctx context.Context, grant auth.ID) ([]auth.Event, error)
}

// Refresher is the product's own refresh for the built-in client. A refused token is no error: the verdict says
// so and the tokens are zero. An error means that nothing was judged (auth.ErrBusy, auth.ErrKeyUnknown, a fault).
type Refresher interface {
	Refresh(ctx context.Context, presented secret.Token, caller auth.Caller) (auth.Tokens, auth.Verdict, error)
}

// Config is what the demo needs; all but Cookies is required.
type Config struct {
	Grants    Grants
	Refresher Refresher
	Cookies   httpkit.Cookies
	Window    time.Duration // the replay window in force
	Now       func() time.Time
}

// Demo serves the endpoints below /v1/demo. It is safe for concurrent use.
type Demo struct {
	cfg    Config
	pocket *pocket
}

// Route is one entry for the server's mux: Pattern as http.ServeMux reads it.
type Route struct {
	Pattern string
	Handler http.Handler
}

// New returns the demo's endpoints.
func New(cfg Config) (*Demo, error) {
	if cfg.Grants == nil || cfg.Refresher == nil || cfg.Now == nil {
		return nil, errors.New("demo: Grants, Refresher and Now are required")
	}
	return &Demo{cfg: cfg, pocket: newPocket()}, nil
}

// Routes lists the endpoints. Whoever mounts them puts http.CrossOriginProtection around, as for the rest of /v1.
func (d *Demo) Routes() []Route {
	return []Route{
		{"GET /v1/demo/state", http.HandlerFunc(d.state)},
		{"POST /v1/demo/lapse", http.HandlerFunc(d.lapse)},
		{"POST /v1/demo/lose", d.withToken(d.lose)},
		{"POST /v1/demo/race", d.withToken(d.race)},
		{"POST /v1/demo/wait", d.withToken(d.wait)},
		{"POST /v1/demo/steal", d.withToken(d.steal)},
		{"POST /v1/demo/thief", d.withToken(d.thief)},
		{"POST /v1/demo/end", d.withToken(d.end)},
	}
}

// held is the refresh token that came with a request, and what it is now.
type held struct {
	token      secret.Token
	inspection auth.Inspection
}

func (h held) grant() auth.ID { return h.inspection.Facts.Grant.ID }

// look reads and inspects the refresh cookie; ok is false when there is none or it leads to no grant.
func (d *Demo) look(r *http.Request) (h held, ok bool, err error) {
	token, present, err := d.cfg.Cookies.Refresh(r)
	if err != nil || !present {
		return held{}, false, err
	}
	seen, err := d.cfg.Grants.Inspect(r.Context(), token)
	if errors.Is(err, auth.ErrMalformed) || errors.Is(err, auth.ErrNotFound) {
		return held{}, false, nil
	}
	if err != nil {
		return held{}, false, err
	}
	h = held{token: token, inspection: seen}
	return h, !h.grant().IsZero(), nil
}

// withToken runs an endpoint that acts on the grant of the refresh cookie.
func (d *Demo) withToken(act func(http.ResponseWriter, *http.Request, held) error) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h, ok, err := d.look(r)
		if err == nil && !ok {
			httpkit.WriteProblem(w, r, httpkit.Problem{
				Code:   httpkit.CodeUnauthenticated,
				Detail: "No refresh token of a grant came with the request. Log in first.",
			})
			return
		}
		if err == nil {
			err = act(w, r, h)
		}
		if err != nil {
			fail(w, r, err)
		}
	})
}

// outcome is the reply of an endpoint that refreshed: the verdict, and the status that its caller was given.
type outcome struct {
	Verdict auth.Verdict `json:"verdict"`
	Status  int          `json:"status"`
}

func outcomeOf(v auth.Verdict) outcome {
	if v.Granted() {
		return outcome{Verdict: v, Status: http.StatusOK}
	}
	return outcome{Verdict: v, Status: httpkit.CodeInvalidGrant.Status()}
}

// lapse takes the access token's cookie away, so that nobody has to wait until the token ends by itself.
func (d *Demo) lapse(w http.ResponseWriter, _ *http.Request) {
	d.cfg.Cookies.SetAccess(w, secret.Token{}, -1)
	w.WriteHeader(http.StatusNoContent)
}

// lose refreshes and throws the reply away: the grant has moved on, the browser's cookies have not.
func (d *Demo) lose(w http.ResponseWriter, r *http.Request, h held) error {
	_, verdict, err := d.cfg.Refresher.Refresh(r.Context(), h.token, caller(r, r.UserAgent()))
	if err != nil {
		return err
	}
	w.Header().Set(HeaderVerdict, string(verdict))
	o := outcomeOf(verdict)
	httpkit.WriteJSON(w, o.Status, o)
	return nil
}

// race refreshes twice at once with one token and keeps the answer, as two tabs would. The page asks for it when the
// browser would not let its own two requests meet: on a quick machine the second leaves after the first's answer.
func (d *Demo) race(w http.ResponseWriter, r *http.Request, h held) error {
	type result struct {
		tokens  auth.Tokens
		verdict auth.Verdict
		err     error
	}
	second := make(chan result, 1)
	go func() {
		tokens, verdict, err := d.cfg.Refresher.Refresh(r.Context(), h.token, caller(r, r.UserAgent()))
		second <- result{tokens, verdict, err}
	}()
	tokens, verdict, err := d.cfg.Refresher.Refresh(r.Context(), h.token, caller(r, r.UserAgent()))
	other := <-second
	if err = errors.Join(err, other.err); err != nil {
		return err
	}
	if verdict.Granted() && other.verdict.Granted() {
		lasting := max(tokens.RefreshExpires.Sub(d.cfg.Now()), time.Second) // both, as in /v1/refresh
		d.cfg.Cookies.SetRefresh(w, tokens.Refresh, lasting)
		d.cfg.Cookies.SetAccess(w, tokens.Access, lasting)
	}
	httpkit.WriteJSON(w, http.StatusOK, []outcome{outcomeOf(verdict), outcomeOf(other.verdict)})
	return nil
}

func (d *Demo) wait(w http.ResponseWriter, r *http.Request, h held) error {
	if err := d.cfg.Grants.Age(r.Context(), h.grant(), waited); err != nil {
		return err
	}
	w.WriteHeader(http.StatusNoContent)
	return nil
}

// steal puts a copy of the presented token into the thief's pocket.
func (d *Demo) steal(w http.ResponseWriter, _ *http.Request, h held) error {
	d.pocket.put(h.grant(), loot{token: h.token, generation: h.inspection.Presented})
	httpkit.WriteJSON(w, http.StatusOK, thiefView{Generation: h.inspection.Presented})
	return nil
}

// thief presents the copy by the same way as the owner. If it is good for tokens, the thief keeps the new one.
func (d *Demo) thief(w http.ResponseWriter, r *http.Request, h held) error {
	stolen, ok := d.pocket.get(h.grant())
	if !ok {
		httpkit.WriteProblem(w, r, httpkit.Problem{Code: httpkit.CodeInvalidRequest, Detail: "Nothing was stolen from this grant yet."})
		return nil
	}
	tokens, verdict, err := d.cfg.Refresher.Refresh(r.Context(), stolen.token, caller(r, "the thief of the demo"))
	if err != nil {
		return err
	}
	if verdict.Granted() {
		next, err := d.cfg.Grants.Inspect(r.Context(), tokens.Refresh)
		if err != nil {
			return err
		}
		d.pocket.put(h.grant(), loot{token: tokens.Refresh, generation: next.Presented})
	}
	httpkit.WriteJSON(w, http.StatusOK, outcomeOf(verdict))
	return nil
}

func (d *Demo) end(w http.ResponseWriter, r *http.Request, h held) error {
	if err := d.cfg.Grants.Expire(r.Context(), h.grant()); err != nil {
		return err
	}
	w.WriteHeader(http.StatusNoContent)
	return nil
}

// fail maps what the capabilities return; the cause goes to the log alone.
func fail(w http.ResponseWriter, r *http.Request, err error) {
	problem := httpkit.ProblemFor(err)
	switch {
	case errors.Is(err, auth.ErrBusy):
		problem = httpkit.Problem{Code: httpkit.CodeBusy}
	case errors.Is(err, auth.ErrKeyUnknown), errors.Is(err, store.ErrUnavailable):
		problem = httpkit.Problem{Code: httpkit.CodeUnavailable}
	case problem.Code == httpkit.CodeInternal:
		httpkit.Annotate(r.Context(), "cause", err.Error())
	}
	httpkit.WriteProblem(w, r, problem)
}

func caller(r *http.Request, userAgent string) auth.Caller {
	return auth.NewCaller(httpkit.ClientIP(r.Context()), userAgent)
}
