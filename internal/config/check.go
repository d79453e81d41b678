package config

import (
	"bytes"
	"crypto/tls"
	"fmt"
	"net"
	"net/url"
	"unicode/utf8"

	"github.com/daypass/daypass/internal/secret"
)

// check holds the rules about keys that are missing or do not go together.
func (l *loader) check() {
	c := l.config
	l.need("issuer", c.Issuer != "" || l.o.Offline)
	l.need("database", c.Database.Path != "" || !c.Database.URL.IsZero() || l.set["database_file"] != "")
	l.need("master_key_file", c.MasterKeyFile != "")
	if l.set["database"] != "" && l.set["database_file"] != "" {
		l.faults.add("database_file", l.set["database_file"], "database is set as well, at "+l.set["database"], "one of the two")
	}
	if c.Refresh.Idle > c.Refresh.Absolute {
		l.longer("refresh", formatDuration(c.Refresh.Idle), formatDuration(c.Refresh.Absolute))
	}
	if c.Session.Idle > c.Session.Absolute {
		l.longer("session", formatDuration(c.Session.Idle), formatDuration(c.Session.Absolute))
	}
	if _, port, err := net.SplitHostPort(c.Listen); err == nil && port != "0" && c.Metrics.Listen == c.Listen {
		l.faults.add("metrics.listen", l.set["metrics.listen"], "listen says the same", "another address, such as 127.0.0.1:9090")
	}
	l.checkIssuer(c)
	l.checkTLS(c)
	l.checkMail()
	l.readBlocklist()
	l.checkRegistration()
	for i, u := range c.Users {
		if n := utf8.RuneCount(u.Password.Bytes()); n > 0 && n < c.Password.MinLength {
			l.faults.add(fmt.Sprintf("users[%d].password_file", i), l.set["users"], "the password is too short",
				fmt.Sprintf("one of at least %d characters into the file", c.Password.MinLength))
		}
	}
}

// checkMail holds the rules about mail and reads the password.
func (l *loader) checkMail() {
	m := &l.config.Mail
	if l.config.SignUp == "confirm" && m.Server == "" && !l.o.Dev && l.set["mail.server"] == "" {
		l.faults.add("mail.server", "", "sign_up is confirm, but no mail is sent", l.keys["mail.server"].Accepts)
	}
	if m.Server == "" {
		for _, key := range []string{"mail.from", "mail.username", "mail.password_file"} {
			if l.set[key] != "" && l.set["mail.server"] == "" {
				l.faults.add(key, l.set[key], "mail.server is not set, so no mail is sent", "mail.server as well")
			}
		}
		return
	}
	if m.From == "" {
		l.need("mail.from", false)
	}
	if host, _, err := net.SplitHostPort(m.Server); err == nil && m.Encryption == "none" && !isLocalName(host) {
		l.faults.add("mail.encryption", l.set["mail.encryption"], "codes would cross the network in the clear", "starttls or tls; none is for localhost")
	}
	if (m.Username == "") != (m.PasswordFile == "") {
		l.faults.add("mail.password_file", l.set["mail.password_file"], "mail.username and mail.password_file go together", "both of them or none")
		return
	}
	if m.Username == "" {
		return
	}
	if m.Encryption == "none" {
		l.faults.add("mail.encryption", l.set["mail.encryption"], "the password would be sent in the clear", "starttls or tls")
	}
	if l.o.Offline {
		return
	}
	password, problem := l.secretFile(m.PasswordFile)
	if problem != "" {
		l.faults.add("mail.password_file", l.set["mail.password_file"], problem, l.keys["mail.password_file"].Accepts)
	}
	m.Password = secret.FromString(password)
}

const minRegistrationToken = 32 // characters

// checkRegistration reads the initial access token, which goes with its mode.
func (l *loader) checkRegistration() {
	const key = "registration.token_file"
	r := &l.config.Registration
	if (r.Mode == "token") != (r.TokenFile != "") {
		l.faults.add(key, l.set[key], "registration.mode: token and registration.token_file go together", "both of them or none")
		return
	}
	if r.TokenFile == "" || l.o.Offline {
		return
	}
	token, problem := l.secretFile(r.TokenFile)
	if problem == "" && len(token) < minRegistrationToken {
		problem = "the token is too short"
	}
	if problem != "" {
		l.faults.add(key, l.set[key], problem, l.keys[key].Accepts)
	}
	r.Token = secret.FromString(token)
}

// readBlocklist reads the list that takes the place of the built-in one. An empty one is taken for a mistake: it would
// allow what every attacker tries first.
func (l *loader) readBlocklist() {
	const key = "password.blocklist_file"
	path := l.config.Password.BlocklistFile
	if path == "" {
		return
	}
	list, err := l.read(path)
	switch {
	case err != nil:
		l.faults.add(key, l.set[key], "the file cannot be read: "+readFault(err), l.keys[key].Accepts)
	case !utf8.Valid(list):
		l.faults.add(key, l.set[key], "the file is not UTF-8", l.keys[key].Accepts)
	case len(bytes.TrimSpace(list)) == 0:
		l.faults.add(key, l.set[key], "the file holds no password", l.keys[key].Accepts)
	}
	l.config.Password.Blocklist = string(list)
}

// need reports a key that nobody set; one that was set wrongly has been reported already.
func (l *loader) need(name string, there bool) {
	if !there && l.set[name] == "" {
		l.faults.add(name, "", "the key is not set", l.keys[name].Accepts)
	}
}

func (l *loader) longer(section, idle, absolute string) {
	source := l.set[section+".idle"]
	if source == "" {
		source = l.set[section+".absolute"]
	}
	l.faults.add(section+".idle", source, fmt.Sprintf("%s is longer than %s.absolute, which is %s", idle, section, absolute),
		"a duration of at most "+absolute)
}

func (l *loader) checkIssuer(c Config) {
	u, err := url.Parse(c.Issuer)
	if err != nil || c.Issuer == "" {
		return
	}
	if l.o.Dev && !isLocalName(u.Hostname()) {
		l.faults.add("issuer", l.set["issuer"], "dev serves this machine alone", LocalIssuer(c.Listen)+", or use `daypass serve`")
	}
	if c.TLS.CertFile != "" && c.PlainHTTP() {
		l.faults.add("issuer", l.set["issuer"], "tls.cert_file is set, but the issuer begins with http://", "https://"+u.Host)
	}
}

func (l *loader) checkTLS(c Config) {
	switch {
	case c.TLS.CertFile == "" && c.TLS.KeyFile == "":
		return
	case c.TLS.CertFile == "" && l.set["tls.cert_file"] == "":
		l.faults.add("tls.cert_file", "", "tls.key_file is set without it", l.keys["tls.cert_file"].Accepts)
		return
	case c.TLS.KeyFile == "" && l.set["tls.key_file"] == "":
		l.faults.add("tls.key_file", "", "tls.cert_file is set without it", l.keys["tls.key_file"].Accepts)
		return
	case l.o.Offline, c.TLS.CertFile == "", c.TLS.KeyFile == "":
		return // the empty one was set, wrongly, and has been reported
	}
	cert, certErr := l.read(c.TLS.CertFile)
	if certErr != nil {
		l.faults.add("tls.cert_file", l.set["tls.cert_file"], "the file cannot be read: "+readFault(certErr), l.keys["tls.cert_file"].Accepts)
	}
	key, keyErr := l.read(c.TLS.KeyFile)
	if keyErr != nil {
		l.faults.add("tls.key_file", l.set["tls.key_file"], "the file cannot be read: "+readFault(keyErr), l.keys["tls.key_file"].Accepts)
	}
	if certErr != nil || keyErr != nil {
		return
	}
	if _, err := tls.X509KeyPair(cert, key); err != nil {
		l.faults.add("tls.cert_file", l.set["tls.cert_file"], err.Error(), "a certificate in PEM whose private key is in tls.key_file")
	}
}
