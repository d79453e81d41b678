package protocol

import (
	"io"
	"mime"
	"net/http"
	"strconv"
	"strings"

	"github.com/daypass/daypass/internal/clients"
	"github.com/daypass/daypass/internal/exchange"
	"github.com/daypass/daypass/internal/httpkit"
	"github.com/daypass/daypass/internal/secret"
	"github.com/daypass/daypass/oauth"
)

// introspect is RFC 7662 §2. The hint is read by nobody: what a token is can be seen at its beginning.
func (p *Protocol) introspect(w http.ResponseWriter, r *http.Request) {
	c, token, err := tokenForm(r)
	if err != nil {
		writeError(w, r, err)
		return
	}
	if wantsSigned(r) {
		p.introspectSigned(w, r, c, token)
		return
	}
	answer, err := p.c.Desk.Introspect(r.Context(), c, token)
	if err != nil {
		writeError(w, r, err)
		return
	}
	httpkit.NoStore(w.Header())
	httpkit.WriteJSON(w, http.StatusOK, answer)
}

const signedIntrospection = "application/" + exchange.IntrospectionType

// introspectSigned answers with a JWT (RFC 9701 §4).
func (p *Protocol) introspectSigned(w http.ResponseWriter, r *http.Request, c clients.Credentials, token secret.Token) {
	signed, err := p.c.Desk.IntrospectSigned(r.Context(), c, token)
	if err != nil {
		writeError(w, r, err)
		return
	}
	httpkit.NoStore(w.Header())
	w.Header().Set("Content-Type", signedIntrospection)
	_, _ = io.WriteString(w, signed.Reveal())
}

// wantsSigned tells whether the caller would rather have a JWT than JSON (RFC 9110 §12.5.1). What it accepts besides is
// ignored: plain JSON is the answer to everybody else.
func wantsSigned(r *http.Request) bool {
	signed, plain := 0.0, 0.0
	for _, header := range r.Header.Values("Accept") {
		for part := range strings.SplitSeq(header, ",") {
			media, params, err := mime.ParseMediaType(part)
			if err != nil {
				continue
			}
			q := 1.0
			if given, ok := params["q"]; ok {
				if q, err = strconv.ParseFloat(given, 64); err != nil {
					continue
				}
			}
			switch media {
			case signedIntrospection:
				signed = q
			case "application/json":
				plain = q
			}
		}
	}
	return signed > 0 && signed >= plain
}

// tokenForm reads the form that introspection and revocation share.
func tokenForm(r *http.Request) (clients.Credentials, secret.Token, error) {
	f, err := readForm(r)
	if err != nil {
		return clients.Credentials{}, secret.Token{}, err
	}
	c, err := credentials(r, f)
	if err != nil {
		return c, secret.Token{}, err
	}
	c.Caller = caller(r)
	token := f.Secret(oauth.ParamToken)
	if token.IsZero() {
		return c, token, oauth.NewError(oauth.InvalidRequest, "token is missing")
	}
	return c, token, nil
}
