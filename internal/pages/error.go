package pages

import (
	"errors"
	"net/http"

	"github.com/daypass/daypass/internal/auth"
	"github.com/daypass/daypass/internal/httpkit"
	"github.com/daypass/daypass/internal/i18n"
	"github.com/daypass/daypass/internal/store"
)

// Reason chooses the words of an error page.
type Reason int

// The reasons that other packages have to show an error page.
const (
	ByStatus   Reason = iota // what the status says and no more
	Mistake                  // the application that sent the user here made one; Detail says which
	Over                     // what the page was for has been answered, or took too long
	TwoCookies               // of one name
)

// Fault is what an error page shows. Nothing in it may be a cause or a secret; every field is escaped.
type Fault struct {
	Status    int    // HTTP status
	Code      string // stable name: an OAuth error code (RFC 6749 §4.1.2.1) or one of httpkit's
	Parameter string // name of the bad parameter; empty: none
	Reason    Reason
	Detail    string // for the makers of the application, in English; see Mistake

	heading, advice *i18n.Message // nil: by reason or status
}

// errorData fills error.html.
type errorData struct {
	Heading, Advice     *i18n.Message
	Code, Parameter, ID string
}

// Error renders a fault as a page that names the code and the parameter as text, for people and for tests.
func (p *Pages) Error(w http.ResponseWriter, r *http.Request, f Fault) {
	r = listening(r)
	heading, advice := f.words()
	if f.heading != nil {
		heading = f.heading
	}
	if f.advice != nil {
		advice = f.advice
	}
	httpkit.Annotate(r.Context(), "problem", f.Code)
	p.render(w, r, f.Status, "error", false, errorData{
		Heading: heading, Advice: advice, Code: f.Code, Parameter: f.Parameter, ID: httpkit.RequestID(r.Context()),
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
		Status: http.StatusForbidden, Code: string(httpkit.CodeCrossOrigin),
		heading: i18n.Say("error.elsewhere"), advice: i18n.Say("error.elsewhere-advice"),
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
			Status: http.StatusNotFound, Code: string(httpkit.CodeNotFound),
			heading: i18n.Say("error.gone"), advice: i18n.Say("error.gone-advice"),
		})
		return
	}
	problem := httpkit.ProblemFor(err)
	if errors.Is(err, store.ErrUnavailable) {
		problem = httpkit.Problem{Code: httpkit.CodeUnavailable}
		w.Header().Set("Retry-After", "1")
	}
	fault := Fault{Status: problem.Code.Status(), Code: string(problem.Code)}
	var dup httpkit.ErrDuplicate
	switch {
	case errors.As(err, &dup):
		fault.Parameter, fault.advice = dup.Name, i18n.Say("error.twice")
	case problem.Code == httpkit.CodeUnsupportedMediaType:
		fault.advice = i18n.Say("error.media-type")
	case problem.Code == httpkit.CodeTooLarge:
		fault.advice = i18n.Say("error.too-large")
	case problem.Code == httpkit.CodeDuplicateCookie:
		fault.Reason = TwoCookies
	}
	if fault.Status >= http.StatusInternalServerError {
		httpkit.Annotate(r.Context(), "cause", err.Error())
	}
	p.Error(w, r, fault)
}

// words are those of the reason, else of the status.
func (f Fault) words() (heading, advice *i18n.Message) {
	switch f.Reason {
	case Mistake:
		return i18n.Say("error.link"), i18n.Say("error.link-advice", "why", i18n.InWords(map[string]string{baseLanguage: f.Detail}, nil))
	case Over:
		return i18n.Say("error.over"), i18n.Say("error.over-advice")
	case TwoCookies:
		return i18n.Say("error.bad"), i18n.Say("error.two-cookies")
	case ByStatus:
	}
	switch f.Status {
	case http.StatusNotFound:
		return i18n.Say("error.not-found"), i18n.Say("error.not-found-advice")
	case http.StatusForbidden:
		return i18n.Say("error.forbidden"), i18n.Say("error.forbidden-advice")
	case http.StatusServiceUnavailable, http.StatusTooManyRequests:
		return i18n.Say("error.busy"), i18n.Say("error.busy-advice")
	}
	if f.Status >= http.StatusInternalServerError {
		return i18n.Say("error.ours"), i18n.Say("error.ours-advice")
	}
	return i18n.Say("error.bad"), i18n.Say("error.bad-advice")
}
