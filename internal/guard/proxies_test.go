package guard

import (
	"net/http"
	"net/netip"
	"strings"
	"testing"
)

// TestTheClientIsWhomTheLastTrustedProxyNames shows whose address a request has behind proxies.
func TestTheClientIsWhomTheLastTrustedProxyNames(t *testing.T) {
	t.Parallel()
	proxies := Proxies{netip.MustParsePrefix("10.0.0.0/8"), netip.MustParsePrefix("fd00::/8")}
	for name, test := range map[string]struct {
		remote    string
		forwarded []string
		want      string
	}{
		"no proxy":                          {"192.0.2.1:1234", nil, "192.0.2.1:1234"},
		"a client that lies":                {"192.0.2.1:1234", []string{"198.51.100.7"}, "192.0.2.1:1234"},
		"a client that names a proxy":       {"192.0.2.1:1234", []string{"10.1.1.1"}, "192.0.2.1:1234"},
		"a proxy by itself":                 {"10.1.1.1:80", nil, "10.1.1.1:80"},
		"a proxy":                           {"10.1.1.1:80", []string{"198.51.100.7"}, "198.51.100.7:0"},
		"a client that lies to a proxy":     {"10.1.1.1:80", []string{"127.0.0.1, 203.0.113.9, 198.51.100.7"}, "198.51.100.7:0"},
		"a client that lies to two":         {"10.1.1.1:80", []string{"10.9.9.9, 198.51.100.7, 10.2.2.2"}, "198.51.100.7:0"},
		"several lines":                     {"10.1.1.1:80", []string{"203.0.113.9", "198.51.100.7, 10.2.2.2"}, "198.51.100.7:0"},
		"proxies alone":                     {"10.1.1.1:80", []string{"10.3.3.3, 10.2.2.2"}, "10.3.3.3:0"},
		"with ports":                        {"10.1.1.1:80", []string{"198.51.100.7:5555"}, "198.51.100.7:0"},
		"IPv6":                              {"[fd00::1]:80", []string{"2001:db8::7"}, "[2001:db8::7]:0"},
		"IPv6 in brackets with a port":      {"[fd00::1]:80", []string{"[2001:db8::7]:443"}, "[2001:db8::7]:0"},
		"IPv4 in IPv6":                      {"[::ffff:10.1.1.1]:80", []string{"::ffff:198.51.100.7"}, "198.51.100.7:0"},
		"what is no address":                {"10.1.1.1:80", []string{"unknown"}, "10.1.1.1:80"},
		"what is no address before a proxy": {"10.1.1.1:80", []string{"198.51.100.7, _hidden, 10.2.2.2"}, "10.2.2.2:0"},
		"an empty line":                     {"10.1.1.1:80", []string{""}, "10.1.1.1:80"},
		"more than anybody has":             {"10.1.1.1:80", []string{"198.51.100.7" + strings.Repeat(",10.2.2.2", 1000)}, "10.2.2.2:0"},
	} {
		r := &http.Request{RemoteAddr: test.remote, Header: http.Header{"X-Forwarded-For": test.forwarded}}
		if got := proxies.client(r).RemoteAddr; got != test.want || r.RemoteAddr != test.remote {
			t.Errorf("%s: %s, want %s", name, got, test.want)
		}
		if got := Proxies(nil).client(r); got != r {
			t.Errorf("%s: without trusted proxies it is from %s", name, got.RemoteAddr)
		}
	}
}
