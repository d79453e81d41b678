package pages

import (
	"errors"
	"net/http"

	"github.com/daypass/daypass/internal/auth"
	"github.com/daypass/daypass/internal/httpkit"
	"github.com/daypass/daypass/internal/store"
)

// Fault is what an error page shows. Nothing in it may be a cause or a secret; every field is escaped.
type Fault struct {
	Status    int    // HTTP status
	Code      string // stable name: an OAuth error code (RFC 6749 §4.1.2.1) or one of httpkit's
	Parameter string // name of the bad parameter; empty: none
	Heading   string // empty: by status
	Advice    string // what to do next; empty: by status
}

// errorData fills error.html.
type errorData struct {
	Heading, Advice, Code, Parameter, ID string
	NextHref, NextLabel                  string
}

// Error renders a fault as a page that names the code and the parameter as text, for people and for tests.
func (p *Pages) Error(w http.ResponseWriter, r *http.Request, f Fault) {
	heading, advice := standard(f.Status)
	if f.Heading != "" {
		heading = f.Heading
	}
	if f.Advice != "" {
		advice = f.Advice
	}
	httpkit.Annotate(r.Context(), "problem", f.Code)
	p.render(w, r, f.Status, "error", false, errorData{
		Heading: heading, Advice: advice, Code: f.Code, Parameter: f.Parameter,
		ID: httpkit.RequestID(r.Context()), NextHref: "/", NextLabel: "To the first page",
	})
}

// NotFound answers 404.
func (p *Pages) NotFound(w http.ResponseWriter, r *http.Request) {
	p.Error(w, r, Fault{Status: http.StatusNotFound, Code: string(httpkit.CodeNotFound)})
}

// CrossOrigin answers 403 to a form that another site sent; the deny handler of http.CrossOriginProtection for
// the pages.
func (p *Pages) CrossOrigin(w http.ResponseWriter, r *http.Request) {
	p.Error(w, r, Fault{
		Status: http.StatusForbidden, Code: string(httpkit.CodeCrossOrigin), Heading: "Sent from elsewhere",
		Advice: "This form was sent from another site, so nothing was done. Open the page here and try again.",
	})
}

// fail maps what the readers and the use cases return. The cause goes to the log alone.
func (p *Pages) fail(w http.ResponseWriter, r *http.Request, err error) {
	if errors.Is(err, auth.ErrSessionOver) {
		httpkit.NoStore(w.Header())
		http.Redirect(w, r, "/login", http.StatusSeeOther)
		return
	}
	if errors.Is(err, auth.ErrNotFound) || errors.Is(err, auth.ErrID) {
		p.Error(w, r, Fault{
			Status: http.StatusNotFound, Code: string(httpkit.CodeNotFound), Heading: "Not there any more",
			Advice: "It has ended already, or it never was yours. Nothing was changed.",
		})
		return
	}
	problem := httpkit.ProblemFor(err)
	if errors.Is(err, store.ErrUnavailable) {
		problem = httpkit.Problem{Code: httpkit.CodeUnavailable}
		w.Header().Set("Retry-After", "1")
	}
	fault := Fault{Status: problem.Code.Status(), Code: string(problem.Code), Advice: problem.Detail}
	var dup httpkit.ErrDuplicate
	if errors.As(err, &dup) {
		fault.Parameter = dup.Name
	}
	if fault.Status >= http.StatusInternalServerError {
		httpkit.Annotate(r.Context(), "cause", err.Error())
	}
	p.Error(w, r, fault)
}

func standard(status int) (heading, advice string) {
	switch status {
	case http.StatusNotFound:
		return "No such page", "The address may be mistyped, or the page has moved."
	case http.StatusForbidden:
		return "Not allowed", "This cannot be done from here. Nothing was changed."
	case http.StatusServiceUnavailable, http.StatusTooManyRequests:
		return "Try again soon", "The server cannot answer right now. Nothing was changed; try again in a moment."
	}
	if status >= http.StatusInternalServerError {
		return "That went wrong", "The fault is on our side. Try again; if it stays, ask for help."
	}
	return "That did not work", "The request could not be understood. Go back and try again."
}
