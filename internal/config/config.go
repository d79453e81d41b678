package config

import (
	"log/slog"
	"net/netip"
	"slices"
	"strings"
	"time"

	"github.com/daypass/daypass/internal/auth"
	"github.com/daypass/daypass/internal/secret"
)

// Config is the whole configuration, checked. Times are durations, lists are in the order written.
type Config struct {
	// Issuer is the URL under which the world reaches this server, without a path; "" only from Load with Offline.
	Issuer string
	// Listen is the host:port the server listens on.
	Listen        string
	Metrics       Metrics
	Database      Database
	MasterKeyFile string
	TLS           TLS
	Registration  Registration
	// Outbound says whom this server may call besides the public internet, and by whose authority.
	Outbound struct {
		Allow  []netip.Prefix
		CAFile string
	}
	TrustedProxies      []netip.Prefix
	AllowedHosts        []string // in lower case: "name" for any port, or "name:port"
	Log                 Log
	Refresh             Refresh
	Session             Session
	AccessToken         AccessToken
	Password            Password
	CodeLifetime        time.Duration
	PushedRequests      string // "allowed" or "required"
	SignUp              string // who may sign up: "open", "confirm" (whoever proves the address) or "closed"
	Mail                Mail
	PrintMail           bool     // without a mail server, mail goes to the log: set by dev, never by a key
	FirstPartyResources []string // as listed; FirstParty has all of them
	Users               []User
	Clients             []Client
	Resources           []Resource
	Scopes              []auth.Scope
}

// Metrics is the listener for /metrics; Listen "" means none.
type Metrics struct{ Listen string }

// Database says where the data is: a SQLite file when Path is set, else PostgreSQL at URL.
type Database struct {
	// Path is the SQLite file, relative to the working directory.
	Path string
	// URL is postgres://…; it may hold a password.
	URL secret.Token
}

// IsSQLite tells which of the two it is.
func (d Database) IsSQLite() bool { return d.Path != "" }

// TLS names the server's certificate chain and key, both in PEM; both are "" without TLS.
type TLS struct{ CertFile, KeyFile string }

// Log is the format, "text" or "json", and the lowest level that is written.
type Log struct {
	Format string
	Level  slog.Level
}

// Refresh are the clocks of refresh tokens.
type Refresh struct{ ReplayWindow, Idle, Absolute time.Duration }

// Session are the clocks of browser sessions, and how many of them one user may have at once.
type Session struct {
	Idle, Absolute time.Duration
	MaxPerUser     int
}

// AccessToken is how long access tokens live and the JWS algorithm that signs them.
type AccessToken struct {
	Lifetime  time.Duration
	Algorithm string
}

// Password are the rules for new passwords.
type Password struct {
	MinLength     int    // characters
	BlocklistFile string // "": the built-in list
	Blocklist     string // what the file holds, one password a line
}

// Mail is the server that takes mail and the sender's address; Server "" means that no mail is sent.
type Mail struct {
	Server       string // HOST:PORT
	Encryption   string // "starttls", "tls" or "none"
	Username     string // "": the server asks for no log-in
	PasswordFile string
	Password     secret.Token // what the file holds
	From         string       // address, or "Name <address>"
}

// Registration is how clients register themselves.
type Registration struct {
	Mode      string // closed, token or open
	TokenFile string
	Token     secret.Token // what the file holds
	Scopes    []string
	Resources []string
	PKCE      string
	Unused    time.Duration
}

// User is a declared user; Email is as auth.NormalizeEmail returns it. Exactly one of Password and PasswordHash is set.
type User struct {
	Email        string
	Password     secret.Token
	PasswordHash secret.Token // what auth.PasswordHashFault accepts: $argon2id$…, $2b$…
	Roles        []string
	Profile      auth.Profile
}

// Client is a declared client, as the rules of auth.Client.Faults allow. Secret is set unless it is public or has keys of
// its own.
type Client struct {
	ID, Name     string
	Public       bool
	Secret       secret.Token
	Grants       []string // OAuth grant types; empty stands for auth.DefaultGrants
	RedirectURIs []string
	Scopes       []string
	Resources    []string
	Refresh      string // "rotate", "fixed", or "" for the default of its kind
	FirstParty   bool   // no effect yet: kept for the consent page
	Metadata     auth.ClientMetadata
}

// PlainHTTP tells that the issuer is http://localhost or the like: cookies lose prefix and Secure, no HSTS is sent.
func (c Config) PlainHTTP() bool { return strings.HasPrefix(c.Issuer, "http://") }

// FirstParty returns the resources a first-party access token is good at: those of first_party_resources and the
// declared resources that say first_party, each once.
func (c Config) FirstParty() []string {
	all := slices.Clone(c.FirstPartyResources)
	for _, r := range c.Resources {
		if r.FirstParty && !slices.Contains(all, r.URI) {
			all = append(all, r.URI)
		}
	}
	return all
}
