package pages

import (
	"context"
	"errors"
	"fmt"
	"html"
	"html/template"
	"io"
	"io/fs"
	"net/http"
	"path"
	"regexp"
	"strings"

	"github.com/daypass/daypass/internal/i18n"
)

// baseLanguage is the one that every catalogue is compared with, and the one for readers of none.
const baseLanguage = "en"

// onlyBase is the page that speaks the base language alone: the live part of the demo is written in it, in modules.
const onlyBase = "demo"

// edition is every page in one language.
type edition struct {
	*i18n.Catalogue
	header    []string // Content-Language; shared by all replies
	templates map[string]*template.Template
}

// fixed finds what is the same in every page of an edition: messages without arguments, and addresses of assets. It is put
// in before a template is parsed, so that a page costs no more than one that was written in its language.
var fixed = regexp.MustCompile(`\{\{(t|asset) "([a-z.-]+)"\}\}`)

// funcs are what the templates of an edition can say:
//
//	{{t "login.title"}}  {{t "logout.who" "email" (strong .Email)}}  {{say .Problem}}
func (e *edition) funcs(assets *assets) template.FuncMap {
	return template.FuncMap{
		"asset":  assets.url,
		"lang":   e.Language,
		"t":      e.T,
		"say":    e.Say,
		"strong": func(s string) template.HTML { return element("strong", "", s) },
		"code":   func(s string) template.HTML { return element("code", "", s) },
		"when": func(iso string, m *i18n.Message) (template.HTML, error) {
			said, err := e.Say(m)
			if err != nil {
				return "", err
			}
			text, ok := said.(string)
			if !ok {
				return "", errors.New("a time is no markup")
			}
			return element("time", ` datetime="`+iso+`"`, text), nil
		},
	}
}

// element is markup for an argument of a message. attributes are ours alone, and not escaped.
func element(name, attributes, text string) template.HTML {
	return template.HTML("<" + name + attributes + ">" + html.EscapeString(text) + "</" + name + ">") //nolint:gosec // G203: escaped here
}

// readTemplates parses files after what is fixed was put in.
func (e *edition) readTemplates(into *template.Template, files fs.FS, assets *assets, names ...string) error {
	for _, name := range names {
		body, err := fs.ReadFile(files, name)
		if err != nil {
			return fmt.Errorf("read template: %w", err)
		}
		text := fixed.ReplaceAllStringFunc(string(body), func(call string) string {
			found := fixed.FindStringSubmatch(call)
			words, ok := e.Plain(found[2])
			if found[1] == "asset" {
				words, err = assets.url(found[2])
				ok = err == nil
			}
			if !ok {
				return call // it fails when it is tried
			}
			return html.EscapeString(words)
		})
		if _, err := into.New(path.Base(name)).Parse(text); err != nil {
			return fmt.Errorf("parse template: %w", err)
		}
	}
	return nil
}

// newEdition reads every page in a language.
func newEdition(c *i18n.Catalogue, files fs.FS, assets *assets) (*edition, error) {
	e := &edition{Catalogue: c, header: []string{c.Language()}, templates: map[string]*template.Template{}}
	shared := template.New("").Funcs(e.funcs(assets))
	if err := e.readTemplates(shared, files, assets, "templates/layout.html", "templates/form.html"); err != nil {
		return nil, err
	}
	for name := range samples() {
		if name == onlyBase && c.Language() != baseLanguage {
			continue
		}
		clone, err := shared.Clone()
		if err != nil {
			return nil, fmt.Errorf("clone templates: %w", err)
		}
		if err := e.readTemplates(clone, files, assets, "templates/"+name+".html"); err != nil {
			return nil, err
		}
		e.templates[name] = clone
	}
	return e, nil
}

// try renders every page once, signed in and not: that finds a missing template, asset or message. One edition is enough:
// the others differ in words alone, and i18n.Load has seen that none is missing.
func (e *edition) try() error {
	for name, data := range samples() {
		for _, signedIn := range []bool{false, true} {
			v := view{Name: name, SignedIn: signedIn, Demo: true, Data: data}
			if err := e.templates[name].ExecuteTemplate(io.Discard, "layout", v); err != nil {
				return fmt.Errorf("try template %s: %w", name, err)
			}
		}
	}
	return nil
}

// samples are every page with data that shows most of it.
func samples() map[string]any {
	some := i18n.Say("login.title")
	return map[string]any{
		"landing": nil, "login": formData{}, "signup": formData{}, "logout": logoutData{},
		"account": accountData{Sessions: []sessionRow{{}}, Others: true}, "password": formData{},
		"email": emailData{}, "code": codeData{}, "error": errorData{Heading: some, Advice: some}, "demo": demoData{},
		"consent": consentData{Party: &party{}}, "choose": consentData{Party: &party{}}, "continue": leaveData{}, "post": postData{},
		"apps": appsData{Apps: []appRow{{}}},
	}
}

// Languages returns the tags of the languages that the pages speak.
func (p *Pages) Languages() []string { return p.catalogues.Languages() }

// wishes are what is known about the language of who reads the reply to a request: it becomes known bit by bit, and is
// asked for at the end, also by a page of an error. One goroutine handles a request.
type wishes struct {
	asked []string // ui_locales of the authorization request or log-out that the page is for
	own   []string // locale of the user who is signed in
}

type wishesKey struct{}

// listening gives a request a place for wishes. ui_locales in its own address is one: of a request that an endpoint
// refuses, and of the log-out.
func listening(r *http.Request) *http.Request {
	if _, ok := r.Context().Value(wishesKey{}).(*wishes); ok {
		return r
	}
	w := &wishes{}
	if strings.Contains(r.URL.RawQuery, paramUILocales) {
		w.asked = strings.Fields(r.URL.Query().Get(paramUILocales))
	}
	return r.WithContext(context.WithValue(r.Context(), wishesKey{}, w))
}

// wish returns what is known, to be added to.
func wish(r *http.Request) *wishes {
	if w, ok := r.Context().Value(wishesKey{}).(*wishes); ok {
		return w
	}
	return &wishes{}
}

// edition chooses the language of a page: what the application asks for, what the user has, what the browser says.
func (p *Pages) edition(r *http.Request, name string) *edition {
	if name == onlyBase {
		return p.editions[baseLanguage]()
	}
	w := wish(r)
	return p.editions[p.catalogues.Pick(r.Header.Get("Accept-Language"), w.asked, w.own).Language()]()
}
