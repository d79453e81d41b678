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

// fetch reads the issuer's metadata (RFC 8414 §3) and the key set it points to (RFC 7517 §5).
func (s *issuerKeys) fetch(ctx context.Context) (*jose.KeySet, error) {
	doc, err := s.get(ctx, s.metadata)
	if err != nil {
		return nil, fmt.Errorf("fetch metadata: %w", err)
	}
	address, err := s.keysAddress(doc)
	if err != nil {
		return nil, fmt.Errorf("read metadata: %w", err)
	}
	doc, err = s.get(ctx, address)
	if err != nil {
		return nil, fmt.Errorf("fetch keys: %w", err)
	}
	set, err := jose.ParseKeySet(doc)
	if err != nil {
		return nil, fmt.Errorf("read keys: %w", err)
	}
	return set, nil
}

func (s *issuerKeys) keysAddress(doc []byte) (string, error) {
	var m struct {
		Issuer  string `json:"issuer"`
		JWKSURI string `json:"jwks_uri"`
	}
	if err := jose.DecodeStrict(doc, &m); err != nil {
		return "", err
	}
	if m.Issuer != s.issuer { // RFC 8414 §3.3: identical, or the document must not be used
		return "", errors.New("the document belongs to another issuer")
	}
	if err := checkURL(m.JWKSURI); err != nil {
		return "", fmt.Errorf("jwks_uri: %w", err)
	}
	if strings.HasPrefix(s.metadata, "https:") && !strings.HasPrefix(strings.ToLower(m.JWKSURI), "https:") {
		return "", errors.New("jwks_uri: must be https, as the issuer is")
	}
	return m.JWKSURI, nil
}

func (s *issuerKeys) get(ctx context.Context, address string) ([]byte, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil) //nolint:gosec // G704: the issuer that the program names, and its own jwks_uri
	if err != nil {
		return nil, err
	}
	req.Header.Set("Accept", "application/json")
	res, err := s.client.Do(req) //nolint:gosec // G704: as above
	if err != nil {
		return nil, err
	}
	defer res.Body.Close()
	if res.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("status %d", res.StatusCode)
	}
	body, err := io.ReadAll(io.LimitReader(res.Body, jose.MaxKeySet+1))
	if err != nil {
		return nil, err
	}
	if len(body) > jose.MaxKeySet {
		return nil, fmt.Errorf("larger than %d bytes", jose.MaxKeySet)
	}
	return body, nil
}
