package jose

import (
	"fmt"
	"strings"
)

// UnverifiedPayload returns the payload of a compact JWS of which nothing has been verified. It is there to read who
// claims to have made a token, so that this issuer's keys are asked and no other's; whatever is read must be compared
// again in what Verify returns. It fails with ErrMalformed where Verify would.
func UnverifiedPayload(token string) ([]byte, error) {
	if len(token) > MaxToken {
		return nil, fmt.Errorf("token: %w: longer than %d bytes", ErrMalformed, MaxToken)
	}
	_, rest, _ := strings.Cut(token, ".")
	body, signature, ok := strings.Cut(rest, ".")
	if !ok || body == "" || signature == "" || strings.Contains(signature, ".") {
		return nil, fmt.Errorf("token: %w: three parts expected", ErrMalformed)
	}
	payload, err := decodeBase64(body)
	if err != nil {
		return nil, fmt.Errorf("token: %w", err)
	}
	return payload, nil
}
