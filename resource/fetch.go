package resource

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"

	"github.com/daypass/daypass/internal/jose"
)

// source is where an issuer publishes what it is and what its keys are.
type source struct {
	issuer   string
	metadata string // address of the metadata document
	client   *http.Client
}

// plainClient copies what the program configured and takes away what would widen trust.
func plainClient(configured *http.Client) *http.Client {
	own := &http.Client{}
	if configured != nil {
		*own = *configured
	}
	own.Jar = nil
	// A redirect would let whoever can place one on the issuer's host name the keys, or see the tokens.
	own.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	return own
}

// keys reads the issuer's metadata (RFC 8414 §3) and the document of keys it points to (RFC 7517 §5), unparsed.
func (s source) keys(ctx context.Context) ([]byte, error) {
	m, err := s.document(ctx)
	if err != nil {
		return nil, err
	}
	if err := s.judgeAddress(m.JWKSURI); err != nil {
		return nil, fmt.Errorf("read metadata: jwks_uri: %w", err)
	}
	doc, err := s.get(ctx, m.JWKSURI)
	if err != nil {
		return nil, fmt.Errorf("fetch keys: %w", err)
	}
	return doc, nil
}

func parseKeys(doc []byte) (*jose.KeySet, error) {
	set, err := jose.ParseKeySet(doc)
	if err != nil {
		return nil, fmt.Errorf("read keys: %w", err)
	}
	return set, nil
}

// introspection reads the issuer's metadata for the address of its introspection endpoint.
func (s source) introspection(ctx context.Context) (string, error) {
	m, err := s.document(ctx)
	if err != nil {
		return "", err
	}
	if err := s.judgeAddress(m.Introspection); err != nil {
		return "", fmt.Errorf("read metadata: introspection_endpoint: %w", err)
	}
	return m.Introspection, nil
}

// serverMetadata is what is read of RFC 8414 §2.
type serverMetadata struct {
	Issuer        string `json:"issuer"`
	JWKSURI       string `json:"jwks_uri"`
	Introspection string `json:"introspection_endpoint"`
}

func (s source) document(ctx context.Context) (serverMetadata, error) {
	doc, err := s.get(ctx, s.metadata)
	if err != nil {
		return serverMetadata{}, fmt.Errorf("fetch metadata: %w", err)
	}
	m, err := parseMetadata(doc, s.issuer)
	if err != nil {
		return serverMetadata{}, fmt.Errorf("read metadata: %w", err)
	}
	return m, nil
}

func parseMetadata(doc []byte, issuer string) (serverMetadata, error) {
	var m serverMetadata
	if err := jose.DecodeStrict(doc, &m); err != nil {
		return serverMetadata{}, err
	}
	if m.Issuer != issuer { // RFC 8414 §3.3: identical, or the document must not be used
		return serverMetadata{}, errors.New("the document belongs to another issuer")
	}
	return m, nil
}

// judgeAddress decides whether an address from the metadata may be followed.
func (s source) judgeAddress(address string) error {
	if err := checkURL(address); err != nil {
		return err
	}
	if strings.HasPrefix(s.metadata, "https:") && !strings.HasPrefix(strings.ToLower(address), "https:") {
		return errors.New("must be https, as the issuer is")
	}
	return nil
}

func (s source) get(ctx context.Context, address string) ([]byte, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		return nil, err
	}
	return exchange(s.client, req, jose.MaxKeySet)
}

// exchange sends a request and reads a reply of status 200 and at most limit bytes.
func exchange(client *http.Client, req *http.Request, limit int64) ([]byte, error) {
	req.Header.Set("Accept", "application/json")
	res, err := client.Do(req)
	if err != nil {
		return nil, err
	}
	defer res.Body.Close()
	if res.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("status %d", res.StatusCode)
	}
	body, err := io.ReadAll(io.LimitReader(res.Body, limit+1))
	if err != nil {
		return nil, err
	}
	if int64(len(body)) > limit {
		return nil, fmt.Errorf("larger than %d bytes", limit)
	}
	return body, nil
}
