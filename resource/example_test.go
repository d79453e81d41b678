package resource_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"time"

	"github.com/daypass/daypass/resource"
	"github.com/daypass/daypass/resource/resourcetest"
)

// get sends one request and prints the answer.
func get(h http.Handler, path, token string) {
	r := httptest.NewRequest(http.MethodGet, path, nil)
	if token != "" {
		r.Header.Set("Authorization", "Bearer "+token)
	}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	fmt.Println(w.Code, strings.TrimSpace(w.Body.String()))
	if challenge := w.Header().Get("WWW-Authenticate"); challenge != "" {
		fmt.Println(challenge)
	}
}

func Example() {
	// In production this is your Daypass server: resource.New("https://id.example.com", …).
	issuer := resourcetest.NewIssuer()
	defer issuer.Close()

	protect, err := resource.New(issuer.URL(), issuer.Config())
	if err != nil {
		panic(err)
	}
	mux := http.NewServeMux()
	mux.Handle("GET /orders", protect.Require("orders:read")(http.HandlerFunc(
		func(w http.ResponseWriter, r *http.Request) {
			token, _ := resource.FromContext(r.Context())
			fmt.Fprintf(w, "orders of %s, asked for by %s", token.Subject, token.ClientID)
		})))

	get(mux, "/orders", issuer.Token(map[string]any{"scope": "orders:read"}))
	get(mux, "/orders", "")

	// Output:
	// 200 orders of user-1, asked for by app-1
	// 401 Unauthorized
	// Bearer realm="https://api.example.test", scope="orders:read"
}

// A handler that takes the token as an argument cannot be called without one.
func ExampleProtector_Handle() {
	issuer := resourcetest.NewIssuer()
	defer issuer.Close()
	protect, err := resource.New(issuer.URL(), issuer.Config())
	if err != nil {
		panic(err)
	}
	orders := protect.Handle(func(w http.ResponseWriter, _ *http.Request, token resource.Token) {
		fmt.Fprintf(w, "orders of %s", token.Subject)
	}, resource.AnyScope("orders:read", "orders:admin"))

	get(orders, "/", issuer.Token(map[string]any{"scope": "orders:admin"}))
	get(orders, "/", issuer.Token(map[string]any{"scope": "profile"}))

	// Output:
	// 200 orders of user-1
	// 403 {"error":"insufficient_scope","error_description":"the access token lacks a scope that is needed here"}
	// Bearer realm="https://api.example.test", error="insufficient_scope", error_description="the access token lacks a scope that is needed here", scope="orders:read"
}

// Step-up: a large transfer needs a log-in of the last five minutes.
func ExampleProtector_Permit() {
	issuer := resourcetest.NewIssuer()
	defer issuer.Close()
	protect, err := resource.New(issuer.URL(), issuer.Config())
	if err != nil {
		panic(err)
	}
	transfer := protect.Handle(func(w http.ResponseWriter, r *http.Request, _ resource.Token) {
		if r.URL.Query().Get("amount") == "1000000" {
			if _, ok := protect.Permit(w, r, resource.MaxAge(5*time.Minute)); !ok {
				return // the challenge has been written
			}
		}
		fmt.Fprint(w, "done")
	})

	anHourAgo := issuer.Now().Add(-time.Hour).Unix()
	get(transfer, "/?amount=10", issuer.Token(map[string]any{"auth_time": anHourAgo}))
	get(transfer, "/?amount=1000000", issuer.Token(map[string]any{"auth_time": anHourAgo}))

	// Output:
	// 200 done
	// 401 {"error":"insufficient_user_authentication","error_description":"a more recent or stronger log-in is needed"}
	// Bearer realm="https://api.example.test", error="insufficient_user_authentication", error_description="a more recent or stronger log-in is needed", max_age="300"
}

// Opaque tokens, and the tokens of a second issuer.
func ExampleConfig() {
	issuer, partner := resourcetest.NewIssuer(), resourcetest.NewIssuer()
	defer issuer.Close()
	defer partner.Close()

	cfg := issuer.Config()
	cfg.Introspection = &resource.Introspection{
		Auth:   resource.ClientSecretBasic(resourcetest.APIClientID, resourcetest.APIClientSecret),
		Prefix: "dpa_",
	}
	cfg.Issuers = []resource.Issuer{{URL: partner.URL()}}
	protect, err := resource.New(issuer.URL(), cfg)
	if err != nil {
		panic(err)
	}
	users := make(map[resource.Identity]bool) // (iss, sub): both issuers call somebody user-1
	count := protect.Handle(func(w http.ResponseWriter, _ *http.Request, token resource.Token) {
		users[token.Identity()] = true
		fmt.Fprintf(w, "%s is one of %d", token.Subject, len(users))
	})
	opaque := issuer.OpaqueToken(nil)
	get(count, "/", opaque)
	get(count, "/", issuer.Token(nil))
	get(count, "/", partner.Token(nil))

	issuer.Revoke(opaque)
	issuer.Advance(10 * time.Second)
	get(count, "/", opaque)

	// Output:
	// 200 user-1 is one of 1
	// 200 user-1 is one of 1
	// 200 user-1 is one of 2
	// 401 {"error":"invalid_token","error_description":"the access token is not valid here"}
	// Bearer realm="https://api.example.test", error="invalid_token", error_description="the access token is not valid here"
}

// A client that meets the API for the first time finds out whom to ask for a token.
func ExampleProtector_MetadataHandler() {
	protect, err := resource.New("https://id.example.com", resource.Config{
		Audience: "https://api.example.com/v1",
		Metadata: &resource.Metadata{Scopes: []string{"orders:read"}, Name: "Orders"},
	})
	if err != nil {
		panic(err)
	}
	mux := http.NewServeMux()
	mux.Handle(protect.MetadataPath(), protect.MetadataHandler())
	mux.Handle("/v1/orders", protect.Require("orders:read")(http.NotFoundHandler()))

	get(mux, "/v1/orders", "")
	get(mux, "/.well-known/oauth-protected-resource/v1", "")

	// Output:
	// 401 Unauthorized
	// Bearer realm="https://api.example.com/v1", scope="orders:read", resource_metadata="https://api.example.com/.well-known/oauth-protected-resource/v1"
	// 200 {"resource":"https://api.example.com/v1","authorization_servers":["https://id.example.com"],"scopes_supported":["orders:read"],"bearer_methods_supported":["header"],"resource_name":"Orders"}
}
