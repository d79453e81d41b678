package mail

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"io"
	"log"
	"log/slog"
	"net"
	"net/mail"
	"strings"
	"sync"
	"testing"

	"github.com/emersion/go-sasl"
	"github.com/emersion/go-smtp"

	"github.com/daypass/daypass/internal/auth"
	"github.com/daypass/daypass/internal/secret"
)

// letter is what a server received.
type letter struct {
	from, to, user string
	text           string
}

// postOffice is a mail server on this machine.
type postOffice struct {
	mu      sync.Mutex
	letters []letter
	refuse  error // answer to every recipient
	stop    error // answer to every sender
}

func (p *postOffice) NewSession(*smtp.Conn) (smtp.Session, error) { return &counter{office: p}, nil }

// counter serves one connection.
type counter struct {
	office *postOffice
	letter letter
}

func (c *counter) AuthMechanisms() []string { return []string{sasl.Plain} }

func (c *counter) Auth(string) (sasl.Server, error) {
	return sasl.NewPlainServer(func(_, username, password string) error {
		if username != "daypass" || password != "right" {
			return smtp.ErrAuthFailed
		}
		c.letter.user = username
		return nil
	}), nil
}

func (c *counter) Mail(from string, _ *smtp.MailOptions) error {
	c.letter.from = from
	return c.office.stop
}

func (c *counter) Rcpt(to string, _ *smtp.RcptOptions) error {
	c.letter.to = to
	return c.office.refuse
}

func (c *counter) Data(r io.Reader) error {
	text, err := io.ReadAll(r)
	c.letter.text = string(text)
	c.office.mu.Lock()
	defer c.office.mu.Unlock()
	c.office.letters = append(c.office.letters, c.letter)
	return err
}

func (c *counter) Reset()        {}
func (c *counter) Logout() error { return nil }

// open starts a post office and returns its HOST:PORT.
func open(t *testing.T, p *postOffice) string {
	t.Helper()
	l, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	server := smtp.NewServer(p)
	server.Domain, server.EnableSMTPUTF8 = "localhost", true
	go func() { _ = server.Serve(l) }()
	t.Cleanup(func() { _ = server.Close() })
	return l.Addr().String()
}

func message() auth.Mail {
	return auth.Mail{To: "zoë@example.com", Subject: "Ein Code für dich", Text: "Hello,\n\n    ABCD-EFGH\n\nbye\n"}
}

func TestMailArrivesWhole(t *testing.T) {
	t.Parallel()
	office := &postOffice{}
	own := certificate(t)
	roots := x509.NewCertPool()
	roots.AddCert(own.Leaf)
	for encryption, server := range map[string]string{TLS: openTLS(t, office, own, true), StartTLS: openTLS(t, office, own, false)} {
		s, err := New(Config{
			Server: server, Encryption: encryption, Username: "daypass", Password: secret.FromString("right"), From: "Daypass <login@example.com>", Roots: roots,
		})
		if err != nil {
			t.Fatal(err)
		}
		if err := s.Send(t.Context(), message()); err != nil {
			t.Fatalf("%s: %v", encryption, err)
		}
	}
	if len(office.letters) != 2 {
		t.Fatalf("%d mails arrived, want 2", len(office.letters))
	}
	got := office.letters[0]
	if got.from != "login@example.com" || got.to != "zoë@example.com" || got.user != "daypass" {
		t.Errorf("envelope: %+v", got)
	}
	read, err := mail.ReadMessage(strings.NewReader(got.text))
	if err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]string{
		"From": `"Daypass" <login@example.com>`, "Auto-Submitted": "auto-generated", "Subject": "=?UTF-8?q?Ein_Code_f=C3=BCr_dich?=",
	} {
		if got := read.Header.Get(name); got != want {
			t.Errorf("%s: got %q, want %q", name, got, want)
		}
	}
	for _, name := range []string{"Date", "Message-ID"} {
		if read.Header.Get(name) == "" {
			t.Errorf("no %s", name)
		}
	}
	body, err := io.ReadAll(read.Body)
	if err != nil || !strings.Contains(string(body), "    ABCD-EFGH") {
		t.Errorf("body: %q, %v", body, err)
	}
}

func TestRefusalSaysWhetherToTryAgainAndNothingAboutTheRecipient(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]*struct {
		office  postOffice
		forever bool
	}{
		"no such mailbox": {postOffice{refuse: &smtp.SMTPError{Code: 550, EnhancedCode: smtp.EnhancedCode{5, 1, 1}, Message: "zoë@example.com is unknown"}}, true},
		"greylisted":      {postOffice{refuse: &smtp.SMTPError{Code: 451, EnhancedCode: smtp.EnhancedCode{4, 7, 1}, Message: "zoë@example.com: later"}}, false},
		"our own address": {postOffice{stop: &smtp.SMTPError{Code: 550, EnhancedCode: smtp.EnhancedCode{5, 7, 1}, Message: "not yours"}}, false},
	} {
		s, err := New(Config{Server: open(t, &c.office), Encryption: None, From: "login@example.com"})
		if err != nil {
			t.Fatal(err)
		}
		err = s.Send(t.Context(), message())
		if err == nil || errors.Is(err, auth.ErrUndeliverable) != c.forever || strings.Contains(err.Error(), "zo") {
			t.Errorf("%s: got %v, want undeliverable = %v and no address", name, err, c.forever)
		}
	}
}

func TestServersThatCannotBeTrustedGetNoMail(t *testing.T) {
	t.Parallel()
	office := &postOffice{}
	plain, own := open(t, office), certificate(t)
	roots := x509.NewCertPool()
	roots.AddCert(own.Leaf)
	for name, c := range map[string]Config{
		"no STARTTLS":         {Server: plain, Encryption: StartTLS},
		"no TLS":              {Server: plain, Encryption: TLS},
		"wrong password":      {Server: openTLS(t, office, own, true), Encryption: TLS, Username: "daypass", Password: secret.FromString("wrong"), Roots: roots},
		"foreign certificate": {Server: openTLS(t, office, certificate(t), true), Encryption: TLS, Roots: roots},
	} {
		c.From = "login@example.com"
		s, err := New(c)
		if err != nil {
			t.Fatal(err)
		}
		err = s.Send(t.Context(), message())
		if err == nil || errors.Is(err, auth.ErrUndeliverable) || strings.Contains(err.Error(), "wrong") {
			t.Errorf("%s: got %v, want an error that passes and holds no password", name, err)
		}
	}
	if len(office.letters) != 0 {
		t.Errorf("%d mails arrived", len(office.letters))
	}
}

// openTLS starts a post office that speaks TLS from the first byte, or after STARTTLS.
func openTLS(t *testing.T, p *postOffice, c tls.Certificate, first bool) string {
	t.Helper()
	config := &tls.Config{Certificates: []tls.Certificate{c}, MinVersion: tls.VersionTLS12}
	l, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	server := smtp.NewServer(p)
	server.Domain, server.EnableSMTPUTF8, server.TLSConfig = "localhost", true, config
	server.ErrorLog = log.New(io.Discard, "", 0)
	if first {
		l = tls.NewListener(l, config)
	}
	go func() { _ = server.Serve(l) }()
	t.Cleanup(func() { _ = server.Close() })
	return l.Addr().String()
}

func TestConfigurationIsChecked(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]Config{
		"no port":      {Server: "localhost", Encryption: None, From: "a@example.com"},
		"port":         {Server: "localhost:smtp", Encryption: None, From: "a@example.com"},
		"sender":       {Server: "localhost:25", Encryption: None, From: "nobody"},
		"two senders":  {Server: "localhost:25", Encryption: None, From: "a@example.com\r\nBcc: b@example.com"},
		"in the clear": {Server: "localhost:25", Encryption: None, Username: "daypass", From: "a@example.com"},
		"encryption":   {Server: "localhost:25", Encryption: "rot13", From: "a@example.com"},
	} {
		if _, err := New(c); err == nil {
			t.Errorf("%s: accepted", name)
		}
	}
}

func TestPrinterShowsTheWholeMail(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	if err := (Printer{slog.New(slog.NewTextHandler(&out, nil))}).Send(context.Background(), message()); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"zoë@example.com", "Ein Code", "text=ABCD-EFGH"} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("no %q in %s", want, out.String())
		}
	}
}

// hangsUp takes mail and is gone before anybody says goodbye.
type hangsUp struct {
	*counter
	conn *smtp.Conn
}

func (h hangsUp) Reset() { _ = h.conn.Conn().Close() }

func TestMailThatWasTakenIsNotSentAgain(t *testing.T) {
	t.Parallel()
	office := &postOffice{}
	l, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	server := smtp.NewServer(smtp.BackendFunc(func(c *smtp.Conn) (smtp.Session, error) {
		return hangsUp{&counter{office: office}, c}, nil
	}))
	server.Domain, server.EnableSMTPUTF8, server.ErrorLog = "localhost", true, log.New(io.Discard, "", 0)
	go func() { _ = server.Serve(l) }()
	t.Cleanup(func() { _ = server.Close() })
	s, err := New(Config{Server: l.Addr().String(), Encryption: None, From: "login@example.com"})
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Send(t.Context(), message()); err != nil || len(office.letters) != 1 {
		t.Errorf("%d mails arrived, and the sender hears %v", len(office.letters), err)
	}
}
