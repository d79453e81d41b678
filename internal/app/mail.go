package app

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/daypass/daypass/internal/auth"
	"github.com/daypass/daypass/internal/keys"
	"github.com/daypass/daypass/internal/mail"
	"github.com/daypass/daypass/internal/outbox"
	"github.com/daypass/daypass/internal/store"
)

// mailer sends one mail.
type mailer interface {
	Send(ctx context.Context, m auth.Mail) error
}

var (
	_ mailer = (*mail.SMTP)(nil)
	_ mailer = mail.Printer{}
)

// buildOutbox makes the outbox and what it delivers by. Without a mail server no mail is sent, except under dev, which prints
// it.
func (a *App) buildOutbox(masters *keys.Masters) error {
	post, err := a.post()
	if err != nil {
		return err
	}
	a.outbox, err = outbox.New(outbox.Config{
		Queue: queue{a.db}, Now: a.now, Log: a.log,
		Deliver: func(ctx context.Context, d auth.Delivery) error {
			switch {
			case d.Kind == auth.DeliveryLogout:
				return a.tellLogout(ctx, d)
			case d.Kind != auth.DeliveryMail:
				return fmt.Errorf("a delivery of the kind %q: %w", d.Kind, auth.ErrUndeliverable)
			case post == nil:
				return errNoMail
			}
			m, err := d.Mail(masters)
			if err != nil {
				return err
			}
			return post.Send(ctx, m)
		},
	})
	return err
}

// errNoMail leaves a mail to a node that has a mail server.
var errNoMail = errors.New("this node sends no mail")

// post is what sends mail; nil when nothing does.
func (a *App) post() (mailer, error) {
	switch c := a.config.Mail; {
	case c.Server != "":
		return mail.New(mail.Config{Server: c.Server, Encryption: c.Encryption, Username: c.Username, Password: c.Password, From: c.From})
	case a.config.PrintMail:
		return mail.Printer{Log: a.log}, nil
	}
	return nil, nil //nolint:nilnil // nobody sends
}

// site is where users reach this server, for the words of mails; "" when it sends none.
func (a *App) site() string {
	if a.config.Mail.Server == "" && !a.config.PrintMail {
		return ""
	}
	return a.config.Issuer
}

// queue is the table of deliveries as the outbox sees it.
type queue struct{ db *store.DB }

var _ outbox.Queue = queue{}

func (q queue) Due(ctx context.Context, now time.Time) (due bool, err error) {
	err = q.db.View(ctx, func(tx *store.Tx) error {
		due, err = tx.Outbox.Due(ctx, now)
		return err
	})
	return due, err
}

func (q queue) Claim(ctx context.Context, now, until time.Time, limit int) (claimed []auth.Delivery, err error) {
	err = q.db.Update(ctx, func(tx *store.Tx) error {
		claimed, err = tx.Outbox.Claim(ctx, now, until, limit)
		return err
	})
	return claimed, err
}

func (q queue) Defer(ctx context.Context, id auth.ID, until time.Time) error {
	return q.db.Update(ctx, func(tx *store.Tx) error { return tx.Outbox.Defer(ctx, id, until) })
}

func (q queue) Delete(ctx context.Context, id auth.ID) error {
	return q.db.Update(ctx, func(tx *store.Tx) error { return tx.Outbox.Delete(ctx, id) })
}
