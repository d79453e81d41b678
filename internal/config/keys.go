package config

import (
	"fmt"
	"log/slog"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode"

	"github.com/daypass/daypass/internal/auth"
)

// Key describes one key of the configuration, for the reference and for commands that show it.
type Key struct {
	// Name is the key with dots, as in the file: "refresh.replay_window".
	Name string
	// Default is what holds when nobody sets the key; "" means that nothing does.
	Default string
	// Accepts says what to write, About what it is for; both are sentences without their full stop.
	Accepts, About string
	// Fields are the members of an element, for the declarative lists.
	Fields []Field
	// List tells that the value is a list; in the environment its items are separated by commas or blanks.
	List bool

	apply func(*setting)
}

// Field is a member of an element of users, clients or resources.
type Field struct{ Name, About string }

// Env returns the name of the environment variable that sets the key.
func (k Key) Env() string {
	return envPrefix + strings.ToUpper(strings.ReplaceAll(k.Name, ".", "_"))
}

const (
	envPrefix = "DAYPASS_"
	day       = 24 * time.Hour
	longest   = 3650 * day
)

// Keys returns every key there is, in the order of the reference.
func Keys() []Key {
	return slices.Concat(serverKeys(), tokenKeys(), registrationKeys(), mailKeys(), declaredKeys())
}

func serverKeys() []Key {
	return []Key{
		{
			Name: "issuer", Accepts: "https://HOST or https://HOST:PORT without a path, such as https://id.example.com (http:// for localhost alone)",
			About: "the URL under which browsers and clients reach this server; it stands in every token and must not change",
			apply: text(parseIssuer, func(c *Config) *string { return &c.Issuer }),
		},
		{
			Name: "listen", Default: "127.0.0.1:8080", Accepts: "HOST:PORT, such as 127.0.0.1:8080 or :8443",
			About: "where the server listens", apply: text(parseListen, func(c *Config) *string { return &c.Listen }),
		},
		{
			Name: "metrics.listen", Accepts: "HOST:PORT, such as 127.0.0.1:9090", About: "where /metrics is served, over plain HTTP to whoever reaches it; without it, nowhere",
			apply: text(parseListen, func(c *Config) *string { return &c.Metrics.Listen }),
		},
		{
			Name: "database", Accepts: "sqlite:PATH or postgres://USER@HOST/NAME", About: "where the data is kept",
			apply: (*setting).database,
		},
		{
			Name: "database_file", Accepts: "the path of a file that holds what database would say", About: "the same, read from a file, for a URL with a password",
			apply: (*setting).databaseFile,
		},
		{
			Name: "master_key_file", Accepts: "the path of a file with lines version:base64 of 32 bytes",
			About: "the keys from which every other key is derived; the highest version is active",
			apply: text(parsePath, func(c *Config) *string { return &c.MasterKeyFile }),
		},
		{
			Name: "tls.cert_file", Accepts: "the path of a PEM file", About: "the certificate and its chain, when this server speaks TLS itself",
			apply: text(parsePath, func(c *Config) *string { return &c.TLS.CertFile }),
		},
		{
			Name: "tls.key_file", Accepts: "the path of a PEM file", About: "the private key of that certificate",
			apply: text(parsePath, func(c *Config) *string { return &c.TLS.KeyFile }),
		},
		{
			Name: "trusted_proxies", List: true, Accepts: "a list of addresses or prefixes, such as 10.0.0.0/8",
			About: "the proxies whose X-Forwarded-For is believed",
			apply: list(parseProxy, func(c *Config) *[]prefix { return &c.TrustedProxies }),
		},
		{
			Name: "allowed_hosts", List: true, Accepts: "a list of HOST or HOST:PORT, such as id.internal.example",
			About: "further names under which `serve` answers, besides the issuer's and localhost's",
			apply: list(parseHost, func(c *Config) *[]string { return &c.AllowedHosts }),
		},
		{
			Name: "outbound.allow", List: true, Accepts: "a list of addresses or prefixes, such as 10.0.0.0/8",
			About: "private networks that this server may call for what clients register (key sets, back-channel logout); without it, the public internet alone",
			apply: list(parseProxy, func(c *Config) *[]prefix { return &c.Outbound.Allow }),
		},
		{
			Name: "outbound.ca_file", Accepts: "the path of a PEM file", About: "authorities that are trusted on these calls besides the system's",
			apply: text(parsePath, func(c *Config) *string { return &c.Outbound.CAFile }),
		},
		{
			Name: "log.format", Default: "text", Accepts: "text or json", About: "how a log line is written",
			apply: text(oneOf("text", "json"), func(c *Config) *string { return &c.Log.Format }),
		},
		{
			Name: "log.level", Default: "info", Accepts: "debug, info, warn or error", About: "the lowest level that is logged",
			apply: text(parseLevel, func(c *Config) *slog.Level { return &c.Log.Level }),
		},
	}
}

func tokenKeys() []Key {
	const upTo = "a duration from 1s to 3650d, such as "
	return []Key{
		{
			Name: "refresh.replay_window", Default: "30s", Accepts: "a duration from 0s to 10m, such as 30s",
			About: "how long an already used refresh token is answered with the same successor; 0 is strict",
			apply: duration(0, 10*time.Minute, func(c *Config) *time.Duration { return &c.Refresh.ReplayWindow }),
		},
		{
			Name: "refresh.idle", Default: "30d", Accepts: upTo + "30d", About: "how long a refresh token lives without use",
			apply: duration(time.Second, longest, func(c *Config) *time.Duration { return &c.Refresh.Idle }),
		},
		{
			Name: "refresh.absolute", Default: "90d", Accepts: upTo + "90d", About: "how long a grant lives whatever its use",
			apply: duration(time.Second, longest, func(c *Config) *time.Duration { return &c.Refresh.Absolute }),
		},
		{
			Name: "session.idle", Default: "7d", Accepts: upTo + "7d", About: "how long a browser session lives without use",
			apply: duration(time.Second, longest, func(c *Config) *time.Duration { return &c.Session.Idle }),
		},
		{
			Name: "session.absolute", Default: "30d", Accepts: upTo + "30d", About: "how long a browser session lives whatever its use",
			apply: duration(time.Second, longest, func(c *Config) *time.Duration { return &c.Session.Absolute }),
		},
		{
			Name: "session.max_per_user", Default: "100", Accepts: "a number from 1 to 1000, such as 100",
			About: "how many sessions one user may have at once; a further log-in ends the least recently used one",
			apply: text(parseCount(1, 1000), func(c *Config) *int { return &c.Session.MaxPerUser }),
		},
		{
			Name: "access_token.lifetime", Default: "10m", Accepts: "a duration from 1m to 1h, such as 10m", About: "how long an access token lives",
			apply: duration(time.Minute, time.Hour, func(c *Config) *time.Duration { return &c.AccessToken.Lifetime }),
		},
		{
			Name: "access_token.algorithm", Default: "ES256", Accepts: "ES256, EdDSA, RS256 or PS256", About: "the signature of access tokens",
			apply: text(oneOf("ES256", "EdDSA", "RS256", "PS256"), func(c *Config) *string { return &c.AccessToken.Algorithm }),
		},
		{
			Name: "password.min_length", Default: "15", Accepts: "a number from 8 to 128, such as 15",
			About: "the fewest characters of a new password; below 15 is for passwords with a second factor",
			apply: text(parseCount(8, 128), func(c *Config) *int { return &c.Password.MinLength }),
		},
		{
			Name: "password.blocklist_file", Accepts: "the path of a file with one password a line",
			About: "passwords that everybody tries first and nobody may choose, in place of the built-in list",
			apply: text(parsePath, func(c *Config) *string { return &c.Password.BlocklistFile }),
		},
		{
			Name: "sign_up", Default: "open", Accepts: "open, confirm or closed",
			About: "who may make an account: everybody; whoever proves the address by a mailed code, which needs mail.server and tells nobody who has an account; nobody, so that operators do",
			apply: text(oneOf("open", "confirm", "closed"), func(c *Config) *string { return &c.SignUp }),
		},
		{
			Name: "code.lifetime", Default: "1m", Accepts: "a duration from 5s to 1m, such as 30s", About: "how long an authorization code can be redeemed",
			apply: duration(5*time.Second, auth.CodePeriod, func(c *Config) *time.Duration { return &c.CodeLifetime }),
		},
		{
			Name: "pushed_requests", Default: "allowed", Accepts: "allowed or required",
			About: "whether applications must push their authorization requests (RFC 9126)",
			apply: text(oneOf("allowed", "required"), func(c *Config) *string { return &c.PushedRequests }),
		},
		{
			Name: "first_party_resources", List: true, Accepts: "a list of absolute URIs, such as https://api.example.com",
			About: "the resources at which a log-in's own access token is good without asking",
			apply: list(parseResource, func(c *Config) *[]string { return &c.FirstPartyResources }),
		},
	}
}

func registrationKeys() []Key {
	return []Key{
		{
			Name: "registration.mode", Default: "closed", Accepts: "closed, token or open",
			About: "who may register a client at /oauth/register (RFC 7591): nobody but operators; whoever has the token of registration.token_file; everybody, counted by address",
			apply: text(oneOf("closed", "token", "open"), func(c *Config) *string { return &c.Registration.Mode }),
		},
		{
			Name: "registration.token_file", Accepts: "the path of a file with the token, at least 32 characters", About: "the initial access token for registration.mode: token",
			apply: text(parsePath, func(c *Config) *string { return &c.Registration.TokenFile }),
		},
		{
			Name: "registration.scopes", List: true, Default: "openid profile email offline_access", Accepts: "a list of scopes, such as openid",
			About: "what clients that register themselves may ask for",
			apply: list(parseScopeToken, func(c *Config) *[]string { return &c.Registration.Scopes }),
		},
		{
			Name: "registration.resources", List: true, Accepts: "a list of absolute URIs, such as https://api.example.com",
			About: "the resources that they may ask for",
			apply: list(parseResource, func(c *Config) *[]string { return &c.Registration.Resources }),
		},
		{
			Name: "registration.pkce", Default: "required", Accepts: "required or when_sent",
			About: "whether a confidential one among them may leave PKCE out, as the OpenID Foundation's tests do",
			apply: text(oneOf("required", "when_sent"), func(c *Config) *string { return &c.Registration.PKCE }),
		},
		{
			Name: "registration.unused", Default: "30d", Accepts: "a duration from 1h to 3650d, such as 30d", About: "how long one of them is kept that nobody uses",
			apply: duration(time.Hour, longest, func(c *Config) *time.Duration { return &c.Registration.Unused }),
		},
	}
}

func parseScopeToken(s string) (string, string) {
	if why := auth.ScopeFault(s); why != "" {
		return "", quote(s) + ": " + why
	}
	return s, ""
}

func mailKeys() []Key {
	return []Key{
		{
			Name: "mail.server", Accepts: "HOST:PORT, such as smtp.example.com:587", About: "the server that takes mail; without it none is sent, and nobody can change their own address",
			apply: text(parseMailServer, func(c *Config) *string { return &c.Mail.Server }),
		},
		{
			Name: "mail.from", Accepts: "an address, such as Example <login@example.com>", About: "the sender of all mail; needed with mail.server",
			apply: text(parseSender, func(c *Config) *string { return &c.Mail.From }),
		},
		{
			Name: "mail.encryption", Default: "starttls", Accepts: "starttls, tls or none", About: "how the connection to it is protected; none is for a relay on this machine",
			apply: text(oneOf("starttls", "tls", "none"), func(c *Config) *string { return &c.Mail.Encryption }),
		},
		{
			Name: "mail.username", Accepts: "the name that the server knows", About: "who logs in to it, when it asks for that",
			apply: text(parsePath, func(c *Config) *string { return &c.Mail.Username }),
		},
		{
			Name: "mail.password_file", Accepts: "the path of a file with the password", About: "the password for that name",
			apply: text(parsePath, func(c *Config) *string { return &c.Mail.PasswordFile }),
		},
	}
}

func declaredKeys() []Key {
	return []Key{
		{
			Name: "users", Accepts: "a list of users, each with an email and a password_file or password_hash", About: "users that exist from the start",
			apply: (*setting).users, Fields: userFields(),
		},
		{
			Name: "clients", Accepts: "a list of clients, each with an id and either public: true or a secret_file", About: "applications that exist from the start",
			apply: (*setting).clients, Fields: clientFields(),
		},
		{
			Name: "resources", Accepts: "a list of resources, each with a uri",
			About: "protected APIs, and what their access tokens are like; APIs that only clients name get the defaults",
			apply: (*setting).resources, Fields: resourceFields(),
		},
		{
			Name: "scopes", Accepts: "a list of scopes, each with a name and words", About: "what people are told about a scope when a client asks for it",
			apply: (*setting).scopes, Fields: scopeFields(),
		},
	}
}

func parsePath(s string) (string, string) {
	if s == "" || strings.ContainsFunc(s, unicode.IsControl) {
		return "", quote(s) + " is no path"
	}
	return s, ""
}

func oneOf(choices ...string) func(string) (string, string) {
	return func(s string) (string, string) {
		if slices.Contains(choices, s) {
			return s, ""
		}
		return "", quote(s) + " is not one of them"
	}
}

func parseLevel(s string) (slog.Level, string) {
	var level slog.Level
	if !slices.Contains([]string{"debug", "info", "warn", "error"}, s) || level.UnmarshalText([]byte(s)) != nil {
		return 0, quote(s) + " is no level"
	}
	return level, ""
}

func parseCount(least, most int) func(string) (int, string) {
	return func(s string) (int, string) {
		n, err := strconv.Atoi(s)
		if err != nil || n < least || n > most {
			return 0, fmt.Sprintf("%s is not in the range", quote(s))
		}
		return n, ""
	}
}
