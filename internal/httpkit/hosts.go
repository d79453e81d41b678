package httpkit

import (
	"net/http"
	"net/netip"
	"strconv"
	"strings"
)

// LocalHosts are the names under which `daypass dev` answers, with any port. A page of another site that points its
// own name at 127.0.0.1 (DNS rebinding) is refused by this.
func LocalHosts() []string { return []string{"localhost", "127.0.0.1", "[::1]"} }

// AllowHosts serves only requests whose Host is one of hosts: "name", which allows any port, or "name:port". Names
// compare without case; IPv6 addresses stand in brackets. Another host gets 421, a missing or malformed one 400, both
// without a word about the hosts there are. An entry that is no host matches nothing.
func AllowHosts(next http.Handler, hosts []string) http.Handler {
	type host struct{ name, port string }
	allowed := make(map[host]bool, len(hosts))
	for _, h := range hosts {
		if name, port, ok := splitHost(h); ok {
			allowed[host{name, port}] = true
		}
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		name, port, ok := splitHost(r.Host)
		switch {
		case !ok:
			WriteProblem(w, r, Problem{Code: CodeInvalidRequest, Detail: "The Host header is missing or malformed."})
		case !allowed[host{name, ""}] && !allowed[host{name, port}]:
			WriteProblem(w, r, Problem{
				Code: CodeInvalidRequest, Status: http.StatusMisdirectedRequest,
				Detail: "This server does not answer under that host name.",
			})
		default:
			next.ServeHTTP(w, r)
		}
	})
}

// splitHost reads host [":" port] of RFC 9110 §7.2 into lower-case, canonical parts; the port is "" when absent.
func splitHost(s string) (name, port string, ok bool) {
	name = s
	if rest, bracketed := strings.CutPrefix(s, "["); bracketed {
		inner, after, closed := strings.Cut(rest, "]")
		addr, err := netip.ParseAddr(inner)
		if !closed || err != nil || !addr.Is6() || addr.Zone() != "" {
			return "", "", false
		}
		name, s = "["+addr.String()+"]", after
		if s == "" {
			return name, "", true
		}
		if s[0] != ':' {
			return "", "", false
		}
		port = s[1:]
	} else if before, after, found := strings.Cut(s, ":"); found {
		name, port = before, after
	} else {
		return strings.ToLower(name), "", validName(name)
	}
	n, err := strconv.ParseUint(port, 10, 16)
	if err != nil || strconv.FormatUint(n, 10) != port {
		return "", "", false
	}
	return strings.ToLower(name), port, strings.HasPrefix(name, "[") || validName(name)
}

func validName(s string) bool {
	if s == "" || len(s) > 253 {
		return false
	}
	for i := range len(s) {
		c := s[i]
		if !isAlnum(c) && c != '-' && c != '.' && c != '_' {
			return false
		}
	}
	return true
}

func isAlnum(c byte) bool {
	return 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9'
}
