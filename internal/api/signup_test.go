package api_test

import (
	"net/http"
	"testing"
	"time"

	"github.com/daypass/daypass/internal/accounts"
	"github.com/daypass/daypass/internal/auth"
	"github.com/daypass/daypass/internal/httpkit"
	"github.com/daypass/daypass/internal/login"
)

func TestSignUpInTwoStepsTellsNobodyWhoHasAnAccount(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.signUpMode(accounts.SignUpConfirm)
	taken := w.do("POST", "/v1/signup", credentials(email, "yet another long password"))
	taken.want("a taken address", http.StatusAccepted, "")
	free := w.do("POST", "/v1/signup", credentials("new@example.com", "yet another long password"))
	free.want("a free address", http.StatusAccepted, "")
	code := mailedCode.FindString(w.mailed().Text)
	if len(taken.body) != 2 || len(free.body) != 2 || taken.body["expires_in"] != free.body["expires_in"] || len(free.cookies)+len(taken.cookies) != 0 ||
		len(taken.text("sign_up"))-len(free.text("sign_up")) != 0 {
		t.Errorf("taken %s, free %s", taken.raw, free.raw)
	}
	proof := func(signUp, code string) string { return `{"sign_up":"` + signUp + `","code":"` + code + `"}` }
	w.do("POST", "/v1/signup/code", proof(taken.text("sign_up"), code)).want("for the taken one", http.StatusUnprocessableEntity, httpkit.CodeInvalidCode)
	w.do("POST", "/v1/signup/code", proof(free.text("sign_up"), "AAAA-AAAA")).want("a guess", http.StatusUnprocessableEntity, httpkit.CodeInvalidCode)
	w.do("POST", "/v1/signup/code", `{"code":"`+code+`"}`).want("no token", http.StatusBadRequest, httpkit.CodeInvalidRequest)
	w.do("POST", "/v1/signup/code", proof(free.text("sign_up"), code), header("Origin", "https://evil.example")).want("another origin", http.StatusForbidden, httpkit.CodeCrossOrigin)
	in := w.do("POST", "/v1/signup/code", proof(free.text("sign_up"), code), header("Origin", issuer))
	in.want("the code", http.StatusCreated, "")
	if len(in.jar()) != 4 || in.text("access_token") != "" {
		t.Errorf("cookie mode: %v %s", in.cookies, in.raw)
	}
	if got := w.do("GET", "/v1/me", "", in.jar().all).text("email"); got != "new@example.com" {
		t.Errorf("me: %q", got)
	}
}

func TestSignUpCanBeClosed(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.do("POST", "/v1/signup/code", `{"sign_up":"dpu_x","code":"x"}`).want("a code where none is asked for", http.StatusForbidden, httpkit.CodeSignUpClosed)
	w.signUpMode(accounts.SignUpClosed)
	w.do("POST", "/v1/signup", credentials("new@example.com", password)).want("closed", http.StatusForbidden, httpkit.CodeSignUpClosed)
	w.do("POST", "/v1/login", credentials("new@example.com", password)).want("nobody was made", http.StatusUnauthorized, httpkit.CodeInvalidCredentials)
	w.do("POST", "/v1/login", credentials(email, password)).want("others log in", http.StatusOK, "")
}

// signUpMode rebuilds the world with another mode of sign-up.
func (w *world) signUpMode(m accounts.SignUpMode) {
	w.t.Helper()
	s, err := accounts.New(accounts.Needs{
		DB: w.db, Now: w.clock.Now, Keys: w.masters, Hashing: accounts.Hashing{Memory: 8, Passes: 1}, Site: issuer, SignUp: m,
		Rules: auth.RefreshRules{SessionIdle: time.Hour, RevokeFor: time.Hour},
	})
	w.check(err)
	w.needs.Accounts = s
	w.needs.Exchange = w.pipeline(login.Hook{Accounts: s, Grants: w.grants})
	w.build()
}
