// Command machine-client calls a protected API in its own name, with no user about (RFC 6749 §4.4):
// docs/tutorials/machine-client.md tells it step by step.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log"
	"net/http"
	"net/url"
	"os"
	"time"

	"golang.org/x/oauth2"
	"golang.org/x/oauth2/clientcredentials"
)

func main() {
	issuer, api := env("ISSUER", "http://localhost:8080"), env("API", "http://localhost:8081")
	config := clientcredentials.Config{
		ClientID: env("CLIENT_ID", "reports"), ClientSecret: os.Getenv("CLIENT_SECRET"),
		TokenURL: issuer + "/oauth/token", AuthStyle: oauth2.AuthStyleInHeader,
		Scopes:         []string{"hello"},
		EndpointParams: url.Values{"resource": {api}}, // whom the token is for (RFC 8707)
	}
	// The client gets a token at the first request, sends it with each, and gets the next one when it runs out.
	client := config.Client(context.Background())
	client.Timeout = 10 * time.Second
	for range 2 {
		if err := call(client, api+"/hello"); err != nil {
			log.Fatal(err)
		}
	}
}

func call(client *http.Client, address string) error {
	response, err := client.Get(address)
	if err != nil {
		return err
	}
	body, err := io.ReadAll(io.LimitReader(response.Body, 1<<16))
	if err = errors.Join(err, response.Body.Close()); err != nil {
		return err
	}
	fmt.Printf("%s: %s", response.Status, body)
	return nil
}

func env(name, otherwise string) string {
	if v := os.Getenv(name); v != "" {
		return v
	}
	return otherwise
}
