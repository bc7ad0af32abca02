package guard

import (
	"net"
	"net/http"
	"net/netip"
	"slices"
	"strings"
)

// Proxies are the networks of proxies that are trusted to say which client a request is from.
type Proxies []netip.Prefix

// Trust says whether the address, without a port, is one of a trusted proxy.
func (p Proxies) Trust(address string) bool {
	if len(p) == 0 {
		return false
	}
	from, err := netip.ParseAddr(address)
	return err == nil && p.trust(from)
}

func (p Proxies) trust(address netip.Addr) bool {
	address = address.Unmap()
	return slices.ContainsFunc(p, func(network netip.Prefix) bool { return network.Contains(address) })
}

// maxForwarded is how many addresses of X-Forwarded-For are looked at: as many proxies are in a row
// nowhere.
const maxForwarded = 20

// client is the request as if its client had sent it without a proxy: its RemoteAddr, by which
// connections and costs are counted and which the log has, is the client's.
//
// X-Forwarded-For is read from the right, where each proxy appends whom it has the request from: the
// first who is no trusted proxy is the client. What stands further left is what that client says,
// and it may say anything.
func (p Proxies) client(r *http.Request) *http.Request {
	host, _, err := net.SplitHostPort(r.RemoteAddr)
	if err != nil || !p.Trust(host) {
		return r
	}
	lines := r.Header["X-Forwarded-For"]
	if len(lines) == 0 {
		return r
	}
	client, forwarded := "", strings.Join(lines, ",")
	for range maxForwarded {
		at := strings.LastIndexByte(forwarded, ',')
		address, err := forwardedAddress(forwarded[at+1:])
		if err != nil {
			break // the proxy that is known last has said it, and is all that is known
		}
		client = address.String()
		if at < 0 || !p.trust(address) {
			break
		}
		forwarded = forwarded[:at]
	}
	if client == "" {
		return r
	}
	r = r.WithContext(r.Context()) // a copy: the server has the other
	r.RemoteAddr = net.JoinHostPort(client, "0")
	return r
}

// forwardedAddress reads an address of X-Forwarded-For, to which some proxies add the port.
func forwardedAddress(text string) (netip.Addr, error) {
	text = strings.TrimSpace(text)
	if address, err := netip.ParseAddrPort(text); err == nil {
		return address.Addr().Unmap().WithZone(""), nil
	}
	address, err := netip.ParseAddr(strings.Trim(text, "[]"))
	return address.Unmap().WithZone(""), err
}
