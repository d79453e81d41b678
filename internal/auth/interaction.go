package auth

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"github.com/daypass/daypass/internal/secret"
)

// Interaction is what a user has done for one authorization request, which only that request can use: a log-in that was
// asked for by one tab is not the one that another asked for.
type Interaction struct {
	ID         ID
	LoggedIn   ID // the session that was made, or renewed, for it
	Allowed    ID // the session in which the user consented
	FinishedAt time.Time
}

const interactionPurpose = "daypass authorization request v1"

// Pending is an authorization request that waits for its user. Nothing of it is in the database: the browser carries it,
// sealed, in the URL, so that strangers cannot fill a table with requests.
type Pending struct {
	ID        ID
	Request   AuthorizationRequest
	Pushed    bool // the client holds it, as a request_uri, and no browser has brought it yet (RFC 9126)
	ExpiresAt time.Time
}

type sealedPending struct {
	Request AuthorizationRequest `json:"r"`
	Pushed  bool                 `json:"p,omitempty"`
	Expires int64                `json:"x"` // milliseconds since 1970
}

const (
	// PushedPrefix begins every request_uri (RFC 9126 §2.2).
	PushedPrefix = "urn:ietf:params:oauth:request_uri:"
	// PushedLife is how long a client may take to send its user's browser (RFC 9126 §2.2).
	PushedLife = 90 * time.Second
)

// Seal returns the pending request as base64url of version(1) ‖ id(16) ‖ record, encrypted under a derived key.
func (p Pending) Seal(keys DerivedKeys) (string, error) {
	version := keys.Active()
	key, ok := keys.Derived(version, interactionPurpose)
	if !ok {
		return "", ErrKeyUnknown
	}
	var plain bytes.Buffer
	record := json.NewEncoder(&plain)
	record.SetEscapeHTML(false) // it would be six times as long
	if err := record.Encode(sealedPending{p.Request, p.Pushed, p.ExpiresAt.UnixMilli()}); err != nil {
		return "", fmt.Errorf("auth: authorization request: %w", err)
	}
	head := append([]byte{version}, p.ID[:]...)
	sealed, err := secret.Seal(key, plain.Bytes(), string(head))
	if err != nil {
		return "", err
	}
	return base64.RawURLEncoding.EncodeToString(append(head, sealed...)), nil
}

// OpenPending opens a sealed request; false when it is none of ours.
func OpenPending(s string, keys DerivedKeys) (Pending, bool) {
	b, err := base64.RawURLEncoding.Strict().DecodeString(s)
	var p Pending
	head := 1 + len(p.ID)
	if err != nil || len(b) < head || strings.ContainsAny(s, "\r\n") {
		return Pending{}, false
	}
	copy(p.ID[:], b[1:])
	key, ok := keys.Derived(b[0], interactionPurpose)
	if !ok {
		return Pending{}, false
	}
	plain, err := secret.Open(key, b[head:], string(b[:head]))
	var record sealedPending
	if err != nil || json.Unmarshal(plain, &record) != nil {
		return Pending{}, false
	}
	p.Request, p.Pushed, p.ExpiresAt = record.Request, record.Pushed, time.UnixMilli(record.Expires).UTC()
	return p, true
}
