package httpkit

import (
	"net/http"
	"net/netip"
	"strings"
)

// clientIP works out where a request came from. The peer of the connection counts, unless it is a trusted proxy: then
// X-Forwarded-For is read from the right, past further trusted proxies, to the first address nobody we trust vouches
// for beyond. Everything to the left of it was written by that client and proves nothing. An entry that is no address
// makes the whole header worthless, and the peer counts.
func clientIP(r *http.Request, trusted []netip.Prefix) netip.Addr {
	peer, ok := parseHop(r.RemoteAddr)
	if !ok || !isTrusted(peer, trusted) {
		return peer
	}
	client := peer
	lines := r.Header.Values("X-Forwarded-For")
	for i := len(lines) - 1; i >= 0; i-- {
		for rest := lines[i]; ; {
			comma := strings.LastIndexByte(rest, ',')
			hop, ok := parseHop(strings.Trim(rest[comma+1:], " \t"))
			if !ok {
				return peer
			}
			client = hop
			if !isTrusted(hop, trusted) {
				return client
			}
			if comma < 0 {
				break
			}
			rest = rest[:comma]
		}
	}
	return client
}

// parseHop reads "IP", "IP:port" or "[IPv6]:port". IPv4 in IPv6 form becomes plain IPv4 and a zone is dropped, so that
// one machine has one spelling in prefixes, throttles and logs.
func parseHop(s string) (netip.Addr, bool) {
	addr, err := netip.ParseAddr(s)
	if err != nil {
		ap, err := netip.ParseAddrPort(s)
		if err != nil {
			return netip.Addr{}, false
		}
		addr = ap.Addr()
	}
	return addr.WithZone("").Unmap(), true
}

func isTrusted(a netip.Addr, trusted []netip.Prefix) bool {
	for _, p := range trusted {
		if p.Contains(a) {
			return true
		}
	}
	return false
}
