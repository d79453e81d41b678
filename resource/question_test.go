package resource_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/daypass/daypass/resource"
)

const (
	questionAddress = "https://id.example.com/introspect"
	askingMetadata  = `{"issuer":"` + fakeIssuer + `","introspection_endpoint":"` + questionAddress + `"}`
	yes             = `{"active":true,"sub":"u","client_id":"c","aud":"urn:api","exp":4102444800}`
)

// askingWire is a protector that asks over a wire, in a bubble whose time is its own.
func askingWire(t *testing.T, change func(*resource.Config)) (*wire, func(token string) int) {
	t.Helper()
	w := &wire{answers: map[string]func(*http.Request) (*http.Response, error){
		metadataAddress: text(askingMetadata),
		questionAddress: text(yes),
	}}
	cfg := resource.Config{
		Audience: "urn:api", Client: &http.Client{Transport: w},
		Introspection: &resource.Introspection{Auth: resource.ClientSecretBasic("api", "hush")},
	}
	if change != nil {
		change(&cfg)
	}
	p, err := resource.New(fakeIssuer, cfg)
	if err != nil {
		t.Fatal(err)
	}
	h := p.Require()(hello)
	return w, func(token string) int { return call(h, bearer(token)).StatusCode }
}

func TestAnswersThatAreNoneMake503(t *testing.T) {
	t.Parallel()
	const evil = "https://evil.example/introspect"
	status := func(code int, body string) func(*http.Request) (*http.Response, error) {
		return func(*http.Request) (*http.Response, error) { return reply(code, body), nil }
	}
	redirect := func(*http.Request) (*http.Response, error) {
		res := reply(http.StatusTemporaryRedirect, "")
		res.Header.Set("Location", evil)
		return res, nil
	}
	large := strings.Replace(yes, "{", `{"x":"`+strings.Repeat("x", 64<<10)+`",`, 1)
	good := text(askingMetadata)
	metadata := func(endpoint string) func(*http.Request) (*http.Response, error) {
		return text(strings.Replace(askingMetadata, questionAddress, endpoint, 1))
	}
	for name, tc := range map[string]struct {
		metadata, answer func(*http.Request) (*http.Response, error)
	}{
		"empty":                      {good, text("")},
		"no JSON":                    {good, text("active")},
		"a list":                     {good, text("[" + yes + "]")},
		"nothing said":               {good, text(`{"sub":"u"}`)},
		"active a string":            {good, text(strings.Replace(yes, "true", `"true"`, 1))},
		"active a number":            {good, text(strings.Replace(yes, "true", `1`, 1))},
		"active null":                {good, text(strings.Replace(yes, "true", `null`, 1))},
		"active twice":               {good, text(strings.Replace(yes, "{", `{"active":false,`, 1))},
		"Active in another case":     {good, text(strings.Replace(yes, "active", `Active`, 1))},
		"sub twice":                  {good, text(strings.Replace(yes, "{", `{"sub":"admin",`, 1))},
		"trailing data":              {good, text(yes + yes)},
		"too large":                  {good, text(large)},
		"our credentials refused":    {good, status(http.StatusUnauthorized, `{"error":"invalid_client"}`)},
		"an error with a good body":  {good, status(http.StatusBadGateway, yes)},
		"another success":            {good, status(http.StatusAccepted, yes)},
		"a redirect":                 {good, redirect},
		"not reachable":              {good, broken},
		"metadata not reachable":     {broken, text(yes)},
		"metadata of another issuer": {text(strings.Replace(askingMetadata, fakeIssuer, fakeIssuer+"/x", 1)), text(yes)},
		"no endpoint":                {text(metadataDoc(fakeIssuer, keysAddress)), text(yes)},
		"endpoint by plain http":     {metadata("http://id.example.com/introspect"), text(yes)},
		"endpoint on this machine":   {metadata("http://127.0.0.1/introspect"), text(yes)},
		"endpoint in a file":         {metadata("file:///etc/passwd"), text(yes)},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w, ask := askingWire(t, nil)
			w.set(metadataAddress, tc.metadata)
			w.set(questionAddress, tc.answer)
			for _, address := range []string{evil, "http://id.example.com/introspect", "http://127.0.0.1/introspect"} {
				w.set(address, text(yes))
			}
			wantStatus(t, "answer", ask("opaque"), 503)
			wantStatus(t, "requests that followed a lead", w.count(evil)+w.count("http://127.0.0.1/introspect"), 0)
		})
	}
	_, ask := askingWire(t, nil)
	wantStatus(t, "the untouched answer", ask("opaque"), 200)
	_, ask = askingWire(t, func(c *resource.Config) {
		c.Introspection.Auth = func(context.Context, http.Header, url.Values) error { return errors.New("no secret today") }
	})
	wantStatus(t, "without credentials", ask("opaque"), 503)
}

func TestQuestionIsAFormWithClientAuthentication(t *testing.T) {
	t.Parallel()
	const form = "token=a%2Fb%3D&token_type_hint=access_token"
	for name, tc := range map[string]struct {
		auth          resource.ClientAuth
		header, wants string
	}{
		// RFC 6749 §2.3.1: both are form-encoded, then "a%3Ab+c:s%2Bt%25" is what Basic carries.
		"basic":  {resource.ClientSecretBasic("a:b c", "s+t%"), "Basic YSUzQWIrYzpzJTJCdCUyNQ==", form},
		"post":   {resource.ClientSecretPost("a b", "s&t"), "", "client_id=a+b&client_secret=s%26t&" + form},
		"bearer": {resource.BearerAuth(func(context.Context) (string, error) { return "mine", nil }), "Bearer mine", form},
	} {
		w, ask := askingWire(t, func(c *resource.Config) { c.Introspection.Auth = tc.auth })
		w.set(questionAddress, func(r *http.Request) (*http.Response, error) {
			sent, err := io.ReadAll(r.Body)
			if err != nil || string(sent) != tc.wants || r.Method != http.MethodPost || r.URL.RawQuery != "" || r.Header.Get("Authorization") != tc.header ||
				r.Header.Get("Content-Type") != "application/x-www-form-urlencoded" || r.Header.Get("Accept") != "application/json" {
				t.Errorf("%s: got %s %s %q %v", name, r.Method, r.URL, sent, r.Header)
			}
			return reply(http.StatusOK, yes), nil
		})
		wantStatus(t, name, ask("a/b="), 200)
	}
	_, ask := askingWire(t, func(c *resource.Config) {
		c.Introspection.Auth = resource.BearerAuth(func(context.Context) (string, error) { return "", errors.New("none") })
	})
	wantStatus(t, "without a token of its own", ask("opaque"), 503)
}

func TestManyWithOneTokenShareOneQuestion(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w, ask := askingWire(t, nil)
		release := make(chan struct{})
		w.set(questionAddress, func(*http.Request) (*http.Response, error) {
			<-release
			return reply(http.StatusOK, yes), nil
		})
		var wg sync.WaitGroup
		for range 50 {
			wg.Go(func() {
				if got := ask("opaque"); got != 200 {
					t.Errorf("got %d", got)
				}
			})
		}
		synctest.Wait() // all fifty wait now
		close(release)
		wg.Wait()
		wantStatus(t, "questions", w.count(questionAddress), 1)
		wantStatus(t, "metadata fetches", w.count(metadataAddress), 1)
	})
}

func TestQuestionsAreBoundedInNumberAndTime(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w, ask := askingWire(t, nil)
		w.set(questionAddress, func(r *http.Request) (*http.Response, error) {
			<-r.Context().Done()
			return nil, r.Context().Err()
		})
		began := time.Now()
		var wg sync.WaitGroup
		for n := range 50 {
			wg.Go(func() {
				if got := ask(fmt.Sprint("opaque", n)); got != 503 {
					t.Errorf("got %d", got)
				}
			})
		}
		synctest.Wait()
		wantStatus(t, "questions under way", w.count(questionAddress), 32)
		wg.Wait()
		if waited := time.Since(began); waited != 5*time.Second {
			t.Errorf("waited %v", waited)
		}
	})
}

func TestCallerThatHangsUpDoesNotEndTheQuestion(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		release := make(chan struct{})
		w := &wire{answers: map[string]func(*http.Request) (*http.Response, error){
			questionAddress: func(r *http.Request) (*http.Response, error) {
				select {
				case <-release:
					return reply(http.StatusOK, yes), nil
				case <-r.Context().Done():
					return nil, r.Context().Err()
				}
			},
		}}
		p, err := resource.New(fakeIssuer, resource.Config{
			Audience: "urn:api", Client: &http.Client{Transport: w},
			Introspection: &resource.Introspection{Auth: resource.ClientSecretBasic("api", "hush"), Endpoint: questionAddress},
		})
		if err != nil {
			t.Fatal(err)
		}
		ctx, hangUp := context.WithCancel(t.Context())
		first, second := make(chan error, 1), make(chan error, 1)
		go func() { _, err := p.Verify(ctx, "opaque"); first <- err }()
		synctest.Wait()
		go func() { _, err := p.Verify(t.Context(), "opaque"); second <- err }()
		synctest.Wait()
		hangUp()
		if err := <-first; !errors.Is(err, context.Canceled) {
			t.Errorf("the caller who hung up got %v", err)
		}
		close(release)
		if err := <-second; err != nil {
			t.Errorf("the other caller got %v", err)
		}
	})
}

func TestEndpointIsLookedUpOnceAnHour(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w, ask := askingWire(t, nil)
		w.set(metadataAddress, broken)
		for n := range 10 {
			wantStatus(t, "without metadata", ask(fmt.Sprint("a", n)), 503)
		}
		wantStatus(t, "metadata fetches inside the pause", w.count(metadataAddress), 1)
		time.Sleep(2 * time.Second)
		w.set(metadataAddress, text(askingMetadata))
		for n := range 10 {
			wantStatus(t, "with metadata", ask(fmt.Sprint("b", n)), 200)
		}
		time.Sleep(time.Hour - time.Second)
		wantStatus(t, "within the hour", ask("c"), 200)
		wantStatus(t, "metadata fetches", w.count(metadataAddress), 2)
		time.Sleep(time.Second)
		wantStatus(t, "after the hour", ask("d"), 200)
		wantStatus(t, "metadata fetches", w.count(metadataAddress), 3)
	})
}

func TestNoSecretOfIntrospectionIsPrinted(t *testing.T) {
	t.Parallel()
	var heard []string
	w, ask := askingWire(t, func(c *resource.Config) {
		c.Refused = func(_ *http.Request, r *resource.Refusal) { heard = append(heard, r.Error()) }
		heard = append(heard, fmt.Sprintf("%v %+v %#v", c.Introspection, c.Introspection, *c.Introspection))
	})
	for _, answer := range []func(*http.Request) (*http.Response, error){broken, text("hush"), text(`{"active":"hush"}`), text(`{"active":false}`)} {
		w.set(questionAddress, answer)
		ask("hush-opaque" + fmt.Sprint(len(heard)))
	}
	if all := strings.Join(heard, "\n"); len(heard) != 5 || strings.Contains(all, "hush") {
		t.Errorf("heard %s", all)
	}
}
