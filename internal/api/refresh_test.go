package api_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/daypass/daypass/internal/api"
	"github.com/daypass/daypass/internal/auth"
	"github.com/daypass/daypass/internal/httpkit"
	"github.com/daypass/daypass/internal/secret"
	"github.com/daypass/daypass/internal/store"
)

func refreshBody(token string) string { return `{"refresh_token":"` + token + `"}` }

// verdict is what a refresh of the token would be told now.
func (w *world) verdict(token string) auth.Verdict {
	w.t.Helper()
	in, err := w.grants.Inspect(w.t.Context(), secret.FromString(token))
	w.check(err)
	return in.Verdict
}

func TestRefreshMovesOnAndARetryGetsTheSameSuccessor(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	_, first := w.program()
	r := w.do("POST", "/v1/refresh", refreshBody(first))
	r.want("refresh", http.StatusOK, "")
	retry := w.do("POST", "/v1/refresh", refreshBody(first))
	retry.want("retry", http.StatusOK, "")
	if r.text("refresh_token") == first || r.text("refresh_token") != retry.text("refresh_token") {
		t.Error("the retry did not get the same successor")
	}
	if a, b := r.header.Get("Daypass-Verdict"), retry.header.Get("Daypass-Verdict"); a != "Current" || b != "Replay" {
		t.Errorf("verdicts %q and %q, want Current and Replay", a, b)
	}
	jar := w.browser()
	r = w.do("POST", "/v1/refresh", "", jar.all)
	if r.want("cookies", http.StatusOK, ""); r.jar()["daypass-refresh"] == jar["daypass-refresh"] || r.jar()["daypass-access"] == "" {
		t.Error("the cookies did not move on")
	}
}

func TestRefusedRefreshIs401AndClearsNoCookie(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		end     func(*world, jar)
		verdict auth.Verdict
	}{
		"reuse": {func(w *world, j jar) {
			next := w.do("POST", "/v1/refresh", "", j.all).jar()
			w.clock.advance(time.Hour)
			w.do("POST", "/v1/refresh", "", next.all)
			w.clock.advance(time.Hour)
			w.do("POST", "/v1/refresh", "", cookie("daypass-refresh", next["daypass-refresh"]))
			w.clock.advance(time.Hour)
		}, auth.Reuse},
		"logged out": {func(w *world, j jar) { w.do("POST", "/v1/logout", "", j.all) }, auth.Revoked},
		"expired":    {func(w *world, _ jar) { w.clock.advance(auth.DefaultSessionIdle) }, auth.Expired},
		"garbage":    {func(_ *world, j jar) { j["daypass-refresh"] = "dpr_garbage" }, auth.Malformed},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			j := w.browser()
			c.end(w, j)
			r := w.do("POST", "/v1/refresh", "", j.all)
			r.want(name, http.StatusUnauthorized, httpkit.CodeInvalidGrant)
			if got := r.header.Get("Daypass-Verdict"); got != string(c.verdict) {
				t.Errorf("verdict %q, want %q", got, c.verdict)
			}
			if len(r.header["Set-Cookie"]) != 0 {
				t.Errorf("cookies are touched: %v", r.header["Set-Cookie"])
			}
		})
	}
}

func TestVerdictIsShownUnderDevAlone(t *testing.T) {
	t.Parallel()
	w := newWorld(t, func(n *api.Needs) { n.ShowVerdict = false })
	_, token := w.program()
	for _, presented := range []string{token, "dpr_garbage"} {
		if r := w.do("POST", "/v1/refresh", refreshBody(presented)); r.header.Get("Daypass-Verdict") != "" {
			t.Errorf("verdict %q is sent", r.header.Get("Daypass-Verdict"))
		}
	}
}

func TestReplyNeverLeavesTheModeItsCredentialCameIn(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	_, token := w.program()
	j := w.browser()
	for name, r := range map[string]reply{
		"cookie, asked as token":             w.do("POST", "/v1/refresh", `{"mode":"token"}`, j.all),
		"cookie and body, asked as token":    w.do("POST", "/v1/refresh", `{"mode":"token","refresh_token":"`+token+`"}`, j.all),
		"cookie and body":                    w.do("POST", "/v1/refresh", refreshBody(token), j.all),
		"body, asked as cookie":              w.do("POST", "/v1/refresh", `{"mode":"cookie","refresh_token":"`+token+`"}`),
		"body from a browser without a word": w.do("POST", "/v1/refresh", refreshBody(token), header("Origin", issuer)),
	} {
		r.want(name, http.StatusBadRequest, httpkit.CodeModeMismatch)
		if len(r.cookies) != 0 {
			t.Errorf("%s: cookies %v", name, r.cookies)
		}
	}
	if a, b := w.verdict(token), w.verdict(j["daypass-refresh"]); a != auth.Current || b != auth.Current {
		t.Errorf("a refused request moved a grant: %s, %s", a, b)
	}
	w.do("POST", "/v1/refresh", `{"mode":"token","refresh_token":"`+token+`"}`, header("Origin", issuer), cookie("theme", "dark")).
		want("body from a browser that says so", http.StatusOK, "")
}

func TestRefreshWithoutACredential(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.do("POST", "/v1/refresh", "").want("a program", http.StatusBadRequest, httpkit.CodeInvalidRequest)
	w.do("POST", "/v1/refresh", "", header("Origin", issuer)).want("a browser", http.StatusUnauthorized, httpkit.CodeUnauthenticated)
	w.do("POST", "/v1/refresh", `{"refresh_token":1}`).want("a number", http.StatusBadRequest, httpkit.CodeInvalidRequest)
}

func TestTwoCookiesOfOneNameAreRefusedEverywhere(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	j := w.browser()
	for _, name := range []string{"daypass-access", "daypass-refresh", "daypass-session", "daypass-device"} {
		for _, c := range [][2]string{
			{"POST", "/v1/login"},
			{"POST", "/v1/signup"},
			{"POST", "/v1/refresh"},
			{"POST", "/v1/logout"},
			{"GET", "/v1/me"},
			{"GET", "/v1/sessions"},
			{"DELETE", "/v1/sessions"},
			{"POST", "/v1/password"},
			{"GET", "/v1/verify"},
		} {
			r := w.do(c[0], c[1], "", j.all, cookie(name, j[name]))
			r.want(c[1]+" "+name, http.StatusBadRequest, httpkit.CodeDuplicateCookie)
		}
	}
	if v := w.verdict(j["daypass-refresh"]); v != auth.Current {
		t.Errorf("the grant moved: %s", v)
	}
}

func TestRefreshCookieMustBelongToTheAccessCookiesGrant(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	mine, planted := w.browser(), w.browser()
	mixed := jar{"daypass-access": mine["daypass-access"], "daypass-refresh": planted["daypass-refresh"]}
	for _, what := range []string{"valid access cookie", "expired access cookie"} {
		r := w.do("POST", "/v1/refresh", "", mixed.all)
		r.want(what, http.StatusBadRequest, httpkit.CodeCookieMismatch)
		if len(r.header["Set-Cookie"]) != 0 || r.header.Get("Daypass-Verdict") != string(auth.Misbound) {
			t.Errorf("%s: got %v", what, r.header)
		}
		if a, b := w.verdict(mine["daypass-refresh"]), w.verdict(planted["daypass-refresh"]); a != auth.Current || b != auth.Current {
			t.Errorf("%s: a grant moved: %s, %s", what, a, b)
		}
		w.clock.advance(time.Hour)
	}
	w.do("POST", "/v1/refresh", "", mine.all).want("its own, expired", http.StatusOK, "")
	w.do("POST", "/v1/refresh", "", planted.but("daypass-access")).want("no access cookie", http.StatusOK, "")
}

func TestUnreadableAccessCookieDoesNotStandInTheWay(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	j := w.browser()
	j["daypass-access"] = "signed.by.a-key-long-gone"
	w.do("POST", "/v1/refresh", "", j.all).want("refresh", http.StatusOK, "")
}

func TestAnotherClientsRefreshTokenIsRefusedAndStaysAlive(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	_, mine := w.program()
	in, err := w.grants.Inspect(t.Context(), secret.FromString(mine))
	w.check(err)
	g, foreign, err := w.grants.Issue(auth.Grant{
		UserID: in.Facts.Grant.UserID, SessionID: in.Facts.Grant.SessionID, ClientID: "other-app",
		AuthTime: w.clock.Now(),
	}, time.Time{})
	w.check(err)
	w.check(w.db.Update(t.Context(), func(tx *store.Tx) error { return tx.Grants.Insert(t.Context(), g) }))
	r := w.do("POST", "/v1/refresh", refreshBody(foreign.Reveal()))
	r.want("refresh", http.StatusUnauthorized, httpkit.CodeInvalidGrant)
	access, _, err := w.ring.MintAccess(auth.AccessClaims{Subject: g.UserID.String(), ClientID: g.ClientID, GrantID: g.ID.String()}, time.Hour)
	w.check(err)
	pair := jar{"daypass-access": access.Reveal(), "daypass-refresh": foreign.Reveal()}
	w.do("POST", "/v1/refresh", "", pair.all).want("with its access token", http.StatusUnauthorized, httpkit.CodeInvalidGrant)
	w.do("POST", "/v1/logout", refreshBody(foreign.Reveal())).want("log out", http.StatusNoContent, "")
	if v := w.verdict(foreign.Reveal()); v != auth.Current {
		t.Errorf("the stranger ended it: %s", v)
	}
	if v := w.verdict(mine); v != auth.Current {
		t.Errorf("another application logged its user out: %s", v)
	}
}

func TestProblemsOfRefreshRepeatNoToken(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	_, token := w.program()
	for _, body := range []string{refreshBody(token[:len(token)-1]), `{"refresh_token":"` + token + `","mode":"cookie"}`, `{"refresh_token":"` + token + `"`} {
		if r := w.do("POST", "/v1/refresh", body); strings.Contains(r.raw, token[:20]) || r.status < 400 {
			t.Errorf("got %d %s", r.status, r.raw)
		}
	}
}
