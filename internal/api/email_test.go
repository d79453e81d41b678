package api_test

import (
	"net/http"
	"regexp"
	"testing"
	"time"

	"github.com/daypass/daypass/internal/auth"
	"github.com/daypass/daypass/internal/httpkit"
	"github.com/daypass/daypass/internal/store"
)

// mailed takes the newest mail out of the outbox.
func (w *world) mailed() (m auth.Mail) {
	w.t.Helper()
	w.check(w.db.Update(w.t.Context(), func(tx *store.Tx) error {
		all, err := tx.Outbox.Claim(w.t.Context(), w.clock.Now(), w.clock.Now().Add(time.Hour), 100)
		for _, d := range all {
			if m, err = d.Mail(w.masters); err != nil {
				return err
			}
		}
		return err
	}))
	return m
}

var mailedCode = regexp.MustCompile(`[A-Z2-9]{4}-[A-Z2-9]{4}`)

func TestAddressIsChangedByWhoKnowsPasswordAndCode(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.signUp("bob@example.com")
	j := w.browser()
	access, _ := w.program()
	w.clock.advance(6 * time.Minute)
	for name, c := range map[string]struct {
		path, body string
		status     int
		code       httpkit.Code
	}{
		"no password":    {"/v1/email", `{"new_email":"new@example.com"}`, 400, httpkit.CodeInvalidRequest},
		"no address":     {"/v1/email", `{"current_password":"` + password + `"}`, 400, httpkit.CodeInvalidRequest},
		"wrong password": {"/v1/email", `{"current_password":"wrong","new_email":"new@example.com"}`, 401, httpkit.CodeInvalidCredentials},
		"bad address":    {"/v1/email", `{"current_password":"` + password + `","new_email":"new"}`, 400, httpkit.CodeInvalidRequest},
		"the same":       {"/v1/email", `{"current_password":"` + password + `","new_email":"` + email + `"}`, 400, httpkit.CodeInvalidRequest},
		"no code":        {"/v1/email/code", `{}`, 400, httpkit.CodeInvalidRequest},
		"nothing asked":  {"/v1/email/code", `{"code":"ABCD-EFGH"}`, 422, httpkit.CodeInvalidCode},
	} {
		w.do("POST", c.path, c.body, bearer(access)).want(name, c.status, c.code)
		w.do("POST", c.path, c.body, j.all, header("Origin", issuer)).want(name+" by cookie", c.status, c.code)
	}
	taken := w.do("POST", "/v1/email", `{"current_password":"`+password+`","new_email":"bob@example.com"}`, bearer(access))
	taken.want("a taken address", http.StatusAccepted, "")
	free := w.do("POST", "/v1/email", `{"current_password":"`+password+`","new_email":"free@example.com"}`, bearer(access))
	if free.raw != taken.raw || len(free.cookies) != 0 {
		t.Errorf("free: %d %s, taken: %d %s", free.status, free.raw, taken.status, taken.raw)
	}
	asked := w.do("POST", "/v1/email", `{"current_password":"`+password+`","new_email":"new@example.com"}`, j.all, header("Origin", issuer))
	if asked.want("ask", http.StatusAccepted, ""); asked.jar()["daypass-session"] == "" || asked.raw != free.raw {
		t.Errorf("asked by cookie: %v %s", asked.cookies, asked.raw)
	}
	j["daypass-session"] = asked.jar()["daypass-session"]
	m := w.mailed()
	proof := `{"code":"` + mailedCode.FindString(m.Text) + `"}`
	w.do("POST", "/v1/email/code", proof, bearer(access)).want("in another session", http.StatusUnprocessableEntity, httpkit.CodeInvalidCode)
	w.do("POST", "/v1/email/code", proof, j.all, header("Origin", "https://evil.example")).want("from another origin", http.StatusForbidden, httpkit.CodeCrossOrigin)
	moved := w.do("POST", "/v1/email/code", proof, j.all, header("Origin", issuer))
	moved.want("confirm", http.StatusNoContent, "")
	if set := moved.jar(); len(set) != 1 || set["daypass-session"] == j["daypass-session"] {
		t.Errorf("cookies %v, want a new SSO cookie", set)
	}
	if got := w.do("GET", "/v1/me", "", bearer(access)).text("email"); got != "new@example.com" {
		t.Errorf("me: %q", got)
	}
	w.do("POST", "/v1/login", credentials(email, password)).want("the old address", http.StatusUnauthorized, httpkit.CodeInvalidCredentials)
	w.do("POST", "/v1/login", credentials("new@example.com", password)).want("the new address", http.StatusOK, "")
	if m := w.mailed(); m.To != email {
		t.Errorf("the note went to %q, want the old address", m.To)
	}
}

func TestAddressCannotBeChangedWhereNoMailIsSent(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.needs.Accounts = w.accountsOf(auth.RefreshRules{SessionIdle: time.Hour, RevokeFor: time.Hour}, "")
	w.build()
	access, _ := w.program()
	w.do("POST", "/v1/email", `{"current_password":"`+password+`","new_email":"new@example.com"}`, bearer(access)).
		want("ask", http.StatusNotFound, httpkit.CodeNoMail)
}
