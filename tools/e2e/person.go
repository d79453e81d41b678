package e2e

import (
	"html"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"regexp"
	"strings"
	"testing"
)

// The user that `daypass dev` makes.
const (
	DemoEmail    = "demo@example.com"
	DemoPassword = "correct horse battery staple"
)

var (
	formTag   = regexp.MustCompile(`(?s)<form method="post" action="([^"]*)">(.*?)</form>`)
	goOnTag   = regexp.MustCompile(`<a class="[^"]*" id="continue" href="([^"]*)">`)
	hiddenTag = regexp.MustCompile(`<input type="hidden" name="([^"]*)" value="([^"]*)">`)
)

// LogInAndAllow opens the address of an authorization request, logs the demo user in, allows what is asked, and returns the
// address and the text of the page where that ends. It is a browser that knows forms, links, cookies and redirects alone, for
// tests of programs whose user has some browser or other.
func LogInAndAllow(t testing.TB, address string) (where *url.URL, text string) {
	t.Helper()
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	client := &http.Client{Jar: jar, Timeout: stepTimeout}
	where, text = arrive(t, client, address, nil)
	for _, filled := range []url.Values{{"username": {DemoEmail}, "password": {DemoPassword}}, {"decision": {"allow"}}} {
		form := formTag.FindStringSubmatch(text)
		if form == nil {
			t.Fatalf("%s has no form for %v:\n%s", where, filled, text)
		}
		for _, hidden := range hiddenTag.FindAllStringSubmatch(form[2], -1) {
			filled.Set(html.UnescapeString(hidden[1]), html.UnescapeString(hidden[2]))
		}
		where, text = arrive(t, client, where.ResolveReference(&url.URL{Path: html.UnescapeString(form[1])}).String(), filled)
	}
	return where, text
}

// arrive is read, and goes on where the page only says where to.
func arrive(t testing.TB, client *http.Client, address string, form url.Values) (where *url.URL, text string) {
	t.Helper()
	where, text = read(t, client, address, form)
	for link := goOnTag.FindStringSubmatch(text); link != nil; link = goOnTag.FindStringSubmatch(text) {
		next, err := where.Parse(html.UnescapeString(link[1]))
		if err != nil {
			t.Fatal(err)
		}
		where, text = read(t, client, next.String(), nil)
	}
	return where, text
}

// read gets a page, or posts a form if there is one, and follows where it leads.
func read(t testing.TB, client *http.Client, address string, form url.Values) (*url.URL, string) {
	t.Helper()
	method := http.MethodGet
	if form != nil {
		method = http.MethodPost
	}
	request, err := http.NewRequestWithContext(t.Context(), method, address, strings.NewReader(form.Encode()))
	if err != nil {
		t.Fatal(err)
	}
	if form != nil {
		request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	response, err := client.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	body, err := io.ReadAll(io.LimitReader(response.Body, 1<<20))
	if err != nil || response.StatusCode >= http.StatusBadRequest {
		t.Fatalf("%s answered %s, %v:\n%s", address, response.Status, err, body)
	}
	return response.Request.URL, string(body)
}
