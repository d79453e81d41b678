package mail

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"strconv"
	"strings"
	"time"

	gomail "github.com/wneessen/go-mail"

	"github.com/daypass/daypass/internal/auth"
	"github.com/daypass/daypass/internal/secret"
)

// How the connection to the server is protected.
const (
	StartTLS = "starttls" // begins in the clear and must turn to TLS
	TLS      = "tls"      // TLS from the first byte (RFC 8314 §3.3)
	None     = "none"     // for a relay on this machine
)

const timeout = 15 * time.Second

// Config is a mail server and the sender of all mail.
type Config struct {
	Server     string // HOST:PORT
	Encryption string // StartTLS, TLS or None
	Username   string // "": the server asks for no log-in
	Password   secret.Token
	From       string         // address, or "Name <address>"
	Roots      *x509.CertPool // who may vouch for the server; nil: whom this machine trusts
}

// SMTP sends by a server. It is safe for concurrent use.
type SMTP struct {
	client *gomail.Client
	from   string
}

// New checks the configuration. It connects to nothing yet.
func New(c Config) (*SMTP, error) {
	host, port, err := net.SplitHostPort(c.Server)
	if err != nil {
		return nil, fmt.Errorf("mail: server: %w", err)
	}
	number, err := strconv.Atoi(port)
	if err != nil {
		return nil, fmt.Errorf("mail: port: %w", err)
	}
	if err := gomail.NewMsg().From(c.From); err != nil {
		return nil, errors.New("mail: the sender is not an address")
	}
	if c.Username != "" && c.Encryption == None {
		return nil, errors.New("mail: the password would be sent in the clear")
	}
	options := []gomail.Option{
		gomail.WithPort(number), gomail.WithTimeout(timeout),
		gomail.WithTLSConfig(&tls.Config{ServerName: host, RootCAs: c.Roots, MinVersion: tls.VersionTLS12}),
	}
	switch c.Encryption {
	case StartTLS:
		options = append(options, gomail.WithTLSPolicy(gomail.TLSMandatory))
	case TLS:
		options = append(options, gomail.WithSSL())
	case None:
		options = append(options, gomail.WithTLSPolicy(gomail.NoTLS))
	default:
		return nil, fmt.Errorf("mail: encryption %q is not known", c.Encryption)
	}
	if c.Username != "" {
		options = append(options, gomail.WithSMTPAuth(gomail.SMTPAuthAutoDiscover), gomail.WithUsername(c.Username), gomail.WithPassword(c.Password.Reveal()))
	}
	client, err := gomail.NewClient(host, options...)
	if err != nil {
		return nil, fmt.Errorf("mail: %w", err)
	}
	return &SMTP{client: client, from: c.From}, nil
}

// Send sends one mail in a connection of its own. The error holds neither the address nor the text; it wraps
// auth.ErrUndeliverable when the server refused for good (RFC 5321 §4.2.1) or the address cannot be written.
func (s *SMTP) Send(ctx context.Context, m auth.Mail) error {
	message := gomail.NewMsg(gomail.WithNoDefaultUserAgent())
	if err := message.From(s.from); err != nil {
		return errors.New("mail: the sender is not an address")
	}
	if err := message.To(m.To); err != nil {
		return fmt.Errorf("mail: the recipient's address cannot be written: %w", auth.ErrUndeliverable)
	}
	message.Subject(m.Subject)
	message.SetBodyString(gomail.TypeTextPlain, m.Text)
	message.SetDate()
	message.SetMessageID()
	message.SetGenHeader("Auto-Submitted", "auto-generated") // RFC 3834 §5: no vacation answers, please
	connection, err := s.client.DialToSMTPClientWithContext(ctx)
	if err != nil {
		return fmt.Errorf("mail: connect: %w", err) // no address was named yet
	}
	stop := context.AfterFunc(ctx, func() { _ = connection.Close() }) // the library waits for each answer otherwise
	defer stop()
	err = s.client.SendWithSMTPClient(connection, message)
	_ = s.client.CloseWithSMTPClient(connection) // what counts is the answer to the mail
	if err == nil || message.IsDelivered() {     // whatever went wrong after the server took it
		return nil
	}
	return outcome(err)
}

// outcome keeps of a refusal what tells nothing about the recipient.
func outcome(err error) error {
	var refused *gomail.SendError
	if !errors.As(err, &refused) {
		return errors.New("mail: the connection failed while sending")
	}
	told := fmt.Errorf("mail: %s (code %d)", refused.Reason, refused.ErrorCode())
	if refused.Reason == gomail.ErrSMTPMailFrom { // our own address or log-in: the operator mends that, and the mail waits
		return told
	}
	if code := refused.ErrorCode(); code >= 500 && code < 600 && !refused.IsTemp() {
		return fmt.Errorf("%w: %w", auth.ErrUndeliverable, told)
	}
	return told
}

// Printer writes mail to the log instead of sending it: for `daypass dev`, where nobody runs a mail server.
type Printer struct{ Log *slog.Logger }

// Send logs the whole mail, one record a line.
func (p Printer) Send(_ context.Context, m auth.Mail) error {
	p.Log.Info("mail", "to", m.To, "subject", m.Subject)
	for line := range strings.Lines(m.Text) {
		if line = strings.TrimSpace(line); line != "" {
			p.Log.Info("mail", "text", line)
		}
	}
	return nil
}
