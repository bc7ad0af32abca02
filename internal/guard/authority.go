package guard

import (
	"net/netip"
	"strings"
)

// authority is where a request goes, or where a page is from, in the one form that all
// ways of writing it have in common: lower case, without a dot at the end.
type authority struct {
	host string // a name, or an IP address without brackets
	port string // digits; empty if not said
	ip   bool
}

// maxHost is how many characters a host name may have, by RFC 1035.
const maxHost = 253

// parseAuthority reads HOST, HOST:PORT and what IPv6 makes of these; ok is false for
// anything else. The names are those of DNS and of container networks, which have
// underscores: nothing in them needs to be escaped anywhere. An IP address in one of
// its odd forms, such as 2130706433 or 127.1, is taken for a name: browsers rewrite
// those before they ask.
func parseAuthority(text string) (a authority, ok bool) {
	host, port := text, ""
	switch bracketed := strings.HasPrefix(text, "["); {
	case bracketed:
		var found bool
		if host, port, found = strings.Cut(text[1:], "]"); !found {
			return authority{}, false
		}
		if address, err := netip.ParseAddr(host); err != nil || !address.Is6() {
			return authority{}, false
		}
		if port != "" && port[0] != ':' {
			return authority{}, false
		}
		port = strings.TrimPrefix(port, ":")
	case strings.Count(text, ":") == 1:
		host, port, _ = strings.Cut(text, ":")
	}
	for i := range len(port) {
		if port[i] < '0' || port[i] > '9' {
			return authority{}, false
		}
	}
	host = strings.TrimSuffix(host, ".")
	if address, err := netip.ParseAddr(host); err == nil {
		return authority{address.String(), port, true}, true
	}
	if host == "" || len(host) > maxHost {
		return authority{}, false
	}
	for i := range len(host) {
		switch c := host[i]; {
		case c >= 'a' && c <= 'z', c >= 'A' && c <= 'Z', c >= '0' && c <= '9', c == '-', c == '_', c == '.':
		default:
			return authority{}, false
		}
	}
	return authority{strings.ToLower(host), port, false}, true
}

// origin is where a web page is from.
type origin struct {
	scheme string
	authority
}

// defaultPorts are those that addresses leave out.
var defaultPorts = map[string]string{"http": "80", "https": "443"}

// parseOrigin reads an Origin header; ok is false for null, and for what is none.
func parseOrigin(text string) (o origin, ok bool) {
	scheme, rest, found := strings.Cut(text, "://")
	if !found || scheme == "" {
		return origin{}, false
	}
	a, ok := parseAuthority(rest)
	o = origin{strings.ToLower(scheme), a}
	if o.port == defaultPorts[o.scheme] {
		o.port = ""
	}
	return o, ok
}

// of says whether a page is of the server that was asked under that authority, whatever its
// scheme. Which scheme that has is not known where TLS ends before this server, so that a page's
// own scheme decides which port is meant where none is said.
func (o origin) of(at authority) bool {
	port, web := defaultPorts[o.scheme]
	if at.port == port {
		at.port = ""
	}
	return web && at.host != "" && o.host == at.host && o.port == at.port
}

func (o origin) String() string {
	host := o.host
	if o.ip && strings.Contains(host, ":") {
		host = "[" + host + "]"
	}
	if o.port != "" {
		host += ":" + o.port
	}
	return o.scheme + "://" + host
}
