package config

import (
	"fmt"
	"net"
	"net/mail"
	"net/netip"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/daypass/daypass/internal/auth"
	"github.com/daypass/daypass/internal/secret"
)

// Each parser returns what it read and, instead of an error, the words of what is wrong ("" when nothing is). The words
// never repeat a value that could hold a secret.

// parseDuration reads a Go duration that may begin with whole days: "90s", "12h", "30d", "1d12h", "0". Signs are
// refused; a day is 24 hours.
func parseDuration(s string) (time.Duration, string) {
	bad := quote(s) + " is not a duration"
	var days time.Duration
	rest := s
	if count, after, found := strings.Cut(s, "d"); found {
		n, err := strconv.ParseUint(count, 10, 32)
		if err != nil || n > 36500 {
			return 0, bad
		}
		days, rest = time.Duration(n)*24*time.Hour, after
		if rest == "" {
			return days, ""
		}
	}
	if rest == "" || rest[0] == '-' || rest[0] == '+' {
		return 0, bad
	}
	d, err := time.ParseDuration(rest)
	if err != nil || d > 36500*24*time.Hour {
		return 0, bad
	}
	return days + d, ""
}

// formatDuration is parseDuration's inverse for people: "30d", "1d12h0m0s", "10m0s" without the zero parts.
func formatDuration(d time.Duration) string {
	if d == 0 {
		return "0s"
	}
	out := ""
	if days := d / (24 * time.Hour); days > 0 {
		out, d = fmt.Sprintf("%dd", days), d%(24*time.Hour)
	}
	if d > 0 {
		rest := d.String()
		if strings.HasSuffix(rest, "m0s") {
			rest = strings.TrimSuffix(rest, "0s")
		}
		if strings.HasSuffix(rest, "h0m") {
			rest = strings.TrimSuffix(rest, "0m")
		}
		out += rest
	}
	return out
}

// parseIssuer checks the rules of docs/configuration.md: an origin, spelled as browsers spell it, so that comparing
// issuers byte by byte (RFC 8414 §3.3) never fails over spelling. Paths are refused because cookies and first-party
// routes belong to the whole host.
func parseIssuer(s string) (string, string) {
	u, err := url.Parse(s)
	switch {
	case err != nil || u.Opaque != "" || u.Hostname() == "" || !isASCII(s):
		return "", quote(s) + " is not an absolute URL with an ASCII host name"
	case u.Scheme != "https" && u.Scheme != "http":
		return "", "the scheme is neither https nor http"
	case u.User != nil:
		return "", "the URL holds a user name"
	case strings.Contains(s, "?") || strings.Contains(s, "#"):
		return "", "the URL has a query or a fragment"
	case u.Path == "/":
		return "", "the URL ends with a slash"
	case u.Path != "":
		return "", "the URL has a path, but Daypass serves a whole host"
	case u.Scheme == "http" && !isLocalName(u.Hostname()):
		return "", "http:// would send tokens in the clear"
	case u.Scheme+"://"+strings.ToLower(u.Host) != s:
		return "", "scheme and host are not in lower case"
	case !validPort(u.Port(), s):
		return "", "the port is not a number from 1 to 65535"
	case u.Scheme == "https" && u.Port() == "443", u.Scheme == "http" && u.Port() == "80":
		return "", "the default port is written out, which browsers do not do"
	}
	return s, ""
}

func validPort(port, s string) bool {
	if port == "" {
		return !strings.HasSuffix(s, ":")
	}
	n, err := strconv.ParseUint(port, 10, 16)
	return err == nil && strconv.FormatUint(n, 10) == port // 0 stands for "not known yet" under dev and in tests
}

func isLocalName(host string) bool {
	return host == "localhost" || host == "127.0.0.1" || host == "::1"
}

func isASCII(s string) bool {
	for i := range len(s) {
		if s[i] <= ' ' || s[i] >= 0x7f {
			return false
		}
	}
	return true
}

// parseListen reads host:port; the host may be empty for all addresses, the port 0 for any free one.
func parseListen(s string) (string, string) {
	host, port, err := net.SplitHostPort(s)
	if err != nil {
		return "", quote(s) + " is not host:port"
	}
	n, err := strconv.ParseUint(port, 10, 16)
	if err != nil || strconv.FormatUint(n, 10) != port {
		return "", quote(s) + " has no port number from 0 to 65535"
	}
	if strings.ContainsAny(host, " /@?#") {
		return "", quote(s) + " has no host name or IP address before its port"
	}
	return s, ""
}

// parseMailServer reads host:port, both of which must be there.
func parseMailServer(s string) (string, string) {
	host, problem := parseListen(s)
	if problem == "" && (strings.HasPrefix(s, ":") || strings.HasSuffix(s, ":0")) {
		problem = quote(s) + " names no server"
	}
	return host, problem
}

// parseSender reads an address with or without a name (RFC 5322 §3.4).
func parseSender(s string) (string, string) {
	a, err := mail.ParseAddress(s)
	if err != nil || strings.ContainsAny(s, "\r\n") {
		return "", quote(s) + " is no address"
	}
	if _, err := auth.NormalizeEmail(a.Address); err != nil {
		return "", quote(s) + " is no address"
	}
	return s, ""
}

// parseProxy reads a prefix or a single address.
func parseProxy(s string) (netip.Prefix, string) {
	p, err := netip.ParsePrefix(s)
	if err != nil {
		a, err := netip.ParseAddr(s)
		if err != nil || a.Zone() != "" {
			return netip.Prefix{}, quote(s) + " is no address and no prefix"
		}
		p = netip.PrefixFrom(a, a.BitLen())
	}
	switch {
	case p.Addr().Is4In6():
		return netip.Prefix{}, quote(s) + " is an IPv4 address in IPv6 form"
	case p.Masked() != p:
		return netip.Prefix{}, quote(s) + " has bits beyond its length; its network is " + p.Masked().String()
	case p.Bits() == 0:
		return netip.Prefix{}, quote(s) + " would let anybody write the client's address"
	}
	return p, ""
}

// parseDatabase reads sqlite:PATH or postgres://…; what is wrong is told without the value, which may hold a password.
func parseDatabase(s string) (Database, string) {
	if path, ok := strings.CutPrefix(s, "sqlite:"); ok {
		switch {
		case path == "":
			return Database{}, "there is no path after sqlite:"
		case strings.ContainsAny(path, "?\x00") || path == ":memory:":
			return Database{}, "what follows sqlite: is not the path of a file"
		}
		return Database{Path: path}, ""
	}
	if !strings.HasPrefix(s, "postgres://") && !strings.HasPrefix(s, "postgresql://") {
		return Database{}, "the value begins with neither sqlite: nor postgres://"
	}
	if u, err := url.Parse(s); err != nil || (u.Host == "" && u.Query().Get("host") == "") {
		return Database{}, "what follows postgres: is not a URL with a host"
	}
	return Database{URL: secret.FromString(s)}, ""
}

// parseHost reads NAME or NAME:PORT as a Host header writes it (RFC 9110 §7.2), into lower case.
func parseHost(s string) (string, string) {
	host := strings.ToLower(s)
	if strings.ContainsAny(host, "/?@") || auth.ResourceFault("https://"+host) != "" {
		return "", quote(s) + " is not a host name, alone or with :PORT"
	}
	return host, ""
}
