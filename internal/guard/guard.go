// Package guard decides which requests a server answers at all: those for a host name
// that is its own, and of web pages those that are its own. It stands in front of
// everything that is served, so that there is one answer for HTTP, WebSockets, event
// streams, pages and REST.
//
// Being reachable only from this machine, or only from a management network, does not
// protect a server from web pages: the browser that shows them is on that network. A
// page can send requests to any address (cross-site requests), and a page whose own
// name is made to resolve to the server's address (DNS rebinding) is of the same origin
// as the server in the browser's eyes. The Origin header gives the first away and the
// Host header the second, and scripts can set neither.
package guard

import (
	"fmt"
	"log/slog"
	"net/http"
	"sync/atomic"
	"time"
)

// Options say what is allowed.
type Options struct {
	// Listen is the address that is served on, as HOST:PORT. Its host is allowed.
	Listen string
	// Hosts are further names that the server may be asked by, or AnyHost.
	Hosts []string
	// Origins are those of web pages that may use the server besides its own, as
	// https://host or https://host:port.
	Origins []string
	// Proxies are trusted to say which client a request is from.
	Proxies Proxies
	Log     *slog.Logger
	// Refuse answers a request that is not allowed, in the form that its path answers
	// in: with that status and a message for users.
	Refuse func(w http.ResponseWriter, r *http.Request, status int, message string)
}

// AnyHost allows every host name, which leaves the server open to DNS rebinding.
const AnyHost = "*"

// guard is safe for concurrent use: but for the times of warnings it never changes.
type guard struct {
	Options
	next    http.Handler
	any     bool
	hosts   map[string]bool
	origins map[origin]bool

	warnedHost, warnedOrigin atomic.Pointer[time.Time] // when last; nil for never
}

// New makes a handler that leaves to next what is allowed. Names in o that can't be
// names are never matched.
func New(next http.Handler, o Options) http.Handler {
	g := &guard{Options: o, next: next, hosts: map[string]bool{"localhost": true}, origins: map[origin]bool{}}
	if at, ok := parseAuthority(o.Listen); ok {
		g.hosts[at.host] = true
	}
	for _, name := range o.Hosts {
		g.any = g.any || name == AnyHost
		if at, ok := parseAuthority(name); ok {
			g.hosts[at.host] = true
		}
	}
	for _, text := range o.Origins {
		if one, ok := parseOrigin(text); ok {
			g.origins[one] = true
		}
	}
	return g
}

// What browsers may make of any answer: what its Content-Type says, and nothing for the pages of
// others, however they embed it. An answer that is shown as a page loads and runs nothing, is in no
// frame, and gives its address, which may have a session's name in it, to nobody. internal/pages
// allows its pages what they need.
var (
	noSniffing = []string{"nosniff"}
	ownPages   = []string{"same-origin"}
	nothing    = []string{"default-src 'none'; frame-ancestors 'none'"}
	noFrames   = []string{"DENY"}
	noReferrer = []string{"no-referrer"}
	// onlyTLS has browsers use TLS from then on, for a year (RFC 6797), for this host alone: others
	// may be without. Who ends TLS in front of this server decides that there.
	onlyTLS = []string{"max-age=31536000"}
)

func (g *guard) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	header := w.Header()
	header["X-Content-Type-Options"], header["Cross-Origin-Resource-Policy"] = noSniffing, ownPages
	header["Content-Security-Policy"], header["X-Frame-Options"], header["Referrer-Policy"] = nothing, noFrames, noReferrer
	r = g.Proxies.client(r)
	at, ok := parseAuthority(r.Host)
	if r.TLS != nil && at.host != "localhost" { // which other servers of this machine share, whatever their port
		header["Strict-Transport-Security"] = onlyTLS
	}
	if !g.allowsHost(r.Host, at, ok) {
		if due(&g.warnedHost) {
			g.Log.Warn("refused a request for a host name that is not allowed",
				"host", quotable(r.Host), "path", quotable(r.URL.Path), "client", r.RemoteAddr)
		}
		g.Refuse(w, r, http.StatusMisdirectedRequest, aboutHost(at, ok))
		return
	}
	if message := g.foreign(r, at); message != "" {
		if due(&g.warnedOrigin) {
			g.Log.Warn("refused a request of a web page of another origin",
				"origin", quotable(r.Header.Get("Origin")), "path", quotable(r.URL.Path), "client", r.RemoteAddr)
		}
		g.Refuse(w, r, http.StatusForbidden, message)
		return
	}
	g.next.ServeHTTP(w, r)
}

// allowsHost says whether the server may be asked by that name. net/http has already
// refused requests with several Host headers, and of a request target in absolute form
// r.Host is the target's, as RFC 9112 section 3.2.2 wants it.
//
// X-Forwarded-Host and Forwarded are not looked at: a page's script may set them.
func (g *guard) allowsHost(host string, at authority, ok bool) bool {
	switch {
	case g.any:
		return true
	case host == "":
		// HTTP/1.0 has no Host, and some health probes still speak it. Browsers always
		// send one, so no page is behind this.
		return true
	case !ok:
		return false
	case at.ip:
		// Rebinding takes a name whose address can be changed, and an address is none: a
		// page at http://10.1.2.3 did come from 10.1.2.3. Probes of Kubernetes and
		// Prometheus use the pod's address, which nobody could list beforehand.
		return true
	default:
		return g.hosts[at.host]
	}
}

// foreign says why a request of a web page is not allowed; empty if it is, or is of no
// page. Programs that are no browsers send none of these headers.
func (g *guard) foreign(r *http.Request, at authority) string {
	switch from := r.Header["Origin"]; len(from) {
	case 0:
		return otherSite(r)
	case 1:
		page, ok := parseOrigin(from[0])
		// Anybody on the way to the browser can write a page without TLS: it is none of a server with TLS.
		own := page.of(at) && (r.TLS == nil || page.scheme == "https")
		if ok && (own || g.origins[page]) {
			return ""
		}
		return aboutOrigin(page, ok)
	default:
		return "the request has several Origin headers: send one, or none"
	}
}

// otherSite says why a request without an Origin is not allowed. Browsers leave it out
// where a page only embeds something, such as an image, and say so with
// Sec-Fetch-Site, where they trust the connection. Following a link to this server
// from elsewhere is fine, as long as it leads to where people see it.
func otherSite(r *http.Request) string {
	switch r.Header.Get("Sec-Fetch-Site") {
	case "cross-site", "same-site":
	default: // same-origin, none for what a person typed, or not said
		return ""
	}
	reads := r.Method == http.MethodGet || r.Method == http.MethodHead
	if reads && r.Header.Get("Sec-Fetch-Mode") == "navigate" && r.Header.Get("Sec-Fetch-Dest") == "document" {
		return ""
	}
	return "web pages of other sites may not use this server: " +
		"to allow one, start the server with its origin, like --allow-origin=https://ops.example.com"
}

func aboutHost(at authority, ok bool) string {
	if !ok {
		return "the request's Host header is no host name that this server knows: " +
			"to allow a name, start the server with it, like --allow-host=boot.example.com"
	}
	return fmt.Sprintf("this server does not answer to the host name %q: to allow it, start the server with --allow-host=%s", at.host, at.host)
}

func aboutOrigin(page origin, ok bool) string {
	if !ok {
		return "web pages without a host of their own, such as files and sandboxed frames, may not use this server"
	}
	return fmt.Sprintf("web pages of the origin %s may not use this server: to allow them, start the server with --allow-origin=%s", page, page)
}

// warnEvery is the least time between two warnings of one kind: what is refused is
// sent by anybody, as often as they like.
const warnEvery = time.Minute

// due reports whether a warning of the kind last given then may be given now, and notes it.
func due(last *atomic.Pointer[time.Time]) bool {
	before, now := last.Load(), time.Now()
	return (before == nil || now.Sub(*before) >= warnEvery) && last.CompareAndSwap(before, &now)
}

// quotable is a text of a client's, short enough for a log.
func quotable(text string) string {
	const most = 200
	if len(text) > most {
		return text[:most] + "…"
	}
	return text
}
