package auth

import (
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/daypass/daypass/internal/secret"
)

// ErrUndeliverable is wrapped by every error that means: never, whoever tries again.
var ErrUndeliverable = errors.New("cannot be delivered")

// DeliveryMail is the kind of a delivery that holds a Mail.
const DeliveryMail = "mail"

const deliveryPurpose = "daypass outbox v1"

// Mail is one message in plain text to one normalised address.
type Mail struct {
	To      string `json:"to"`
	Subject string `json:"subject"`
	Text    string `json:"text"`
}

// Delivery is something to be sent, written in the transaction that caused it, so that neither a crash nor a server that
// does not answer loses it. What it holds is sealed: it may be a code, and a stolen database must not be a mailbox.
type Delivery struct {
	ID        ID
	Kind      string
	Key       byte // version of the master key that sealed it
	Sealed    []byte
	CreatedAt time.Time
	DueAt     time.Time // no try before that
	ExpiresAt time.Time // of no use after that
	Tries     int64
}

// NewMail seals a mail that is of no use after life.
func NewMail(m Mail, keys DerivedKeys, now time.Time, life time.Duration) (Delivery, error) {
	d := Delivery{ID: NewID(now), Kind: DeliveryMail, Key: keys.Active(), CreatedAt: now, DueAt: now, ExpiresAt: now.Add(life)}
	key, ok := keys.Derived(d.Key, deliveryPurpose)
	if !ok {
		return Delivery{}, ErrKeyUnknown
	}
	plain, err := json.Marshal(m)
	if err != nil {
		return Delivery{}, fmt.Errorf("auth: mail: %w", err)
	}
	d.Sealed, err = secret.Seal(key, plain, d.ID.String())
	return d, err
}

// Mail opens a delivery. The error is ErrKeyUnknown, or wraps ErrUndeliverable for what no key opens.
func (d Delivery) Mail(keys DerivedKeys) (Mail, error) {
	key, ok := keys.Derived(d.Key, deliveryPurpose)
	if !ok {
		return Mail{}, ErrKeyUnknown
	}
	plain, err := secret.Open(key, d.Sealed, d.ID.String())
	if err != nil {
		return Mail{}, fmt.Errorf("%w: %w", ErrUndeliverable, err)
	}
	var m Mail
	if err := json.Unmarshal(plain, &m); err != nil {
		return Mail{}, fmt.Errorf("%w: %w", ErrUndeliverable, err)
	}
	return m, nil
}
