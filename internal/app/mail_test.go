package app

import (
	"io"
	"net"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/emersion/go-smtp"

	"github.com/daypass/daypass/internal/store"
)

// mailbox is a mail server on this machine that keeps what it gets: the recipient and the text of each mail.
type mailbox struct {
	mu    sync.Mutex
	mails [][2]string
	down  bool
}

func (m *mailbox) NewSession(*smtp.Conn) (smtp.Session, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.down {
		return nil, &smtp.SMTPError{Code: 421, EnhancedCode: smtp.EnhancedCode{4, 3, 2}, Message: "closed"}
	}
	return &visit{box: m}, nil
}

func (m *mailbox) setDown(down bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.down = down
}

type visit struct {
	box *mailbox
	to  string
}

func (v *visit) Mail(string, *smtp.MailOptions) error      { return nil }
func (v *visit) Rcpt(to string, _ *smtp.RcptOptions) error { v.to = to; return nil }
func (v *visit) Reset()                                    {}
func (v *visit) Logout() error                             { return nil }

func (v *visit) Data(r io.Reader) error {
	text, err := io.ReadAll(r)
	v.box.mu.Lock()
	defer v.box.mu.Unlock()
	v.box.mails = append(v.box.mails, [2]string{v.to, string(text)})
	return err
}

func openMailbox(t *testing.T) (*mailbox, string) {
	t.Helper()
	l, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	box := &mailbox{}
	server := smtp.NewServer(box)
	server.Domain = "localhost"
	go func() { _ = server.Serve(l) }()
	t.Cleanup(func() { _ = server.Close() })
	return box, l.Addr().String()
}

// bringForward makes everything in the outbox due.
func (n *node) bringForward(t *testing.T) {
	t.Helper()
	err := n.db.Update(t.Context(), func(tx *store.Tx) error {
		waiting, err := tx.Outbox.Claim(t.Context(), n.now().Add(time.Hour), n.now(), 10)
		if len(waiting) != 1 {
			t.Errorf("%d wait, want 1", len(waiting))
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}

func TestMailWaitsForItsServerAndIsInNoLog(t *testing.T) {
	t.Parallel()
	box, address := openMailbox(t)
	box.setDown(true)
	n := start(t, load(t, t.TempDir(), "DAYPASS_MAIL_SERVER="+address, "DAYPASS_MAIL_ENCRYPTION=none", "DAYPASS_MAIL_FROM=login@example.com", "DAYPASS_LOG_LEVEL=debug"))
	access, _ := n.logIn(t)
	ask := `{"current_password": "` + demoPassword + `", "new_email": "new@example.com"}`
	if status, body := n.postAs(t, "/v1/email", access, "application/json", ask); status != 202 {
		t.Fatalf("ask: %d %v", status, body)
	}
	if tried := n.outbox.Pass(t.Context()); tried != 1 || len(box.mails) != 0 {
		t.Fatalf("while the server is down %d were tried and %d arrived, want 1 and none", tried, len(box.mails))
	}
	box.setDown(false)
	if tried := n.outbox.Pass(t.Context()); tried != 0 {
		t.Errorf("%d were tried at once again", tried)
	}
	n.bringForward(t)
	if tried := n.outbox.Pass(t.Context()); tried != 1 || len(box.mails) != 1 || box.mails[0][0] != "new@example.com" {
		t.Fatalf("later %d were tried, and %d arrived", tried, len(box.mails))
	}
	code := regexp.MustCompile(`[A-Z2-9]{4}-[A-Z2-9]{4}`).FindString(box.mails[0][1])
	if code == "" {
		t.Fatalf("no code in %q", box.mails[0][1])
	}
	if log := n.out.String(); strings.Contains(log, code) || strings.Contains(log, "new@example.com") || !strings.Contains(log, "delivery failed") {
		t.Errorf("the log tells the code or the address, or nothing about the failure: %s", log)
	}
}
