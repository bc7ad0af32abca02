package transport

import (
	"context"
	"log/slog"
	"net"
	"net/http"
	"net/url"
	"runtime/debug"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/99designs/gqlgen/graphql"

	"github.com/bosgraph/bosgraph/bos"
	"github.com/bosgraph/bosgraph/graph"
	"github.com/bosgraph/bosgraph/internal/fanout"
	"github.com/bosgraph/bosgraph/internal/push"
)

// StreamOptions say how connections that stay are served.
type StreamOptions struct {
	HTTP   HTTP // answers requests that are over once they are answered
	Fanout *fanout.Fanout
	Log    *slog.Logger

	// Authorize says who asks: by the request that opened the WebSocket, and by what the
	// client sends to begin with, a JSON object or nothing. An error closes it with 4403.
	Authorize func(p graph.Principal, payload []byte) (graph.Principal, error)

	Origins        []string      // allowed besides that of the server itself
	MaxMessage     int64         // bytes that a client may send at once
	InitTimeout    time.Duration // how long a WebSocket's client may take to begin
	PingInterval   time.Duration
	WriteDeadline  time.Duration // how long a client may take for what it is sent
	Subscriptions  int           // of one WebSocket at a time, queries included
	Connections    int           // at a time
	PerAddress     int           // of one client address
	CompleteWithin time.Duration // how long a client may take to close what we have closed
}

// Streams serves subscriptions, over WebSockets and as event streams. Everything
// else it leaves to [HTTP].
type Streams struct {
	o    StreamOptions
	base context.Context // ends with Close
	end  context.CancelFunc
	done sync.WaitGroup

	mu       sync.Mutex
	clients  map[client]struct{}
	count    int            // of those admitted
	moved    int            // how many have come or gone since tidy
	seen     int            // how many of these tidy has seen
	from     map[string]int // of those by address
	draining bool
}

// client is a connection that stays.
type client interface {
	about() *connection
	ping()
	goAway() // the server is ending: the client shall come back
}

// connection is what all of them have.
type connection struct {
	*push.Conn
	address string
	pinged  time.Time    // of the keeper alone
	heard   atomic.Int64 // when something came, in nanoseconds; 0 if nothing is to come
}

func (c *connection) about() *connection { return c }
func (c *connection) hear()              { c.heard.Store(time.Now().UnixNano()) }

// NewStreams makes Streams that keep their connections alive until Close.
func NewStreams(o StreamOptions) *Streams {
	s := &Streams{o: o, clients: map[client]struct{}{}, from: map[string]int{}}
	s.base, s.end = context.WithCancel(context.Background())
	s.done.Go(s.keep)
	return s
}

func (s *Streams) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	accept := r.Header.Get("Accept")
	switch {
	case headerHas(r.Header, "Upgrade", "websocket"):
		s.ifAllowed(w, r, func() { s.serveSocket(w, r) })
	case !strings.Contains(accept, typeEvents):
		s.o.HTTP.ServeHTTP(w, r)
	case strings.Contains(accept, "json"): // for anything but a subscription
		s.o.HTTP.serve(w, r, func(op *graphql.OperationContext) {
			s.ifAllowed(w, r, func() { s.follow(w, r, op) })
		})
	default:
		s.ifAllowed(w, r, func() { s.serveEvents(w, r) })
	}
}

// ifAllowed serves a page of this server, of one that may, or what is no page.
func (s *Streams) ifAllowed(w http.ResponseWriter, r *http.Request, serve func()) {
	if !s.allowed(r) {
		s.refuse(w, http.StatusForbidden, bos.Forbidden, "pages of another origin may not subscribe here: the server has to be told to allow it")
		return
	}
	serve()
}

func headerHas(h http.Header, name, token string) bool {
	for _, line := range h.Values(name) {
		for word := range strings.SplitSeq(line, ",") {
			if strings.EqualFold(strings.TrimSpace(word), token) {
				return true
			}
		}
	}
	return false
}

func (s *Streams) allowed(r *http.Request) bool {
	origin := r.Header.Get("Origin")
	if origin == "" || slices.Contains(s.o.Origins, origin) {
		return true
	}
	u, err := url.Parse(origin)
	return err == nil && strings.EqualFold(u.Host, r.Host)
}

func (s *Streams) refuse(w http.ResponseWriter, status int, code bos.Code, message string) {
	if status == http.StatusServiceUnavailable || status == http.StatusTooManyRequests {
		w.Header().Set("Retry-After", "5")
	}
	failure(typeJSON, status, bos.Errorf(code, "%s", message)).send(w)
}

// admit counts a request in as one more client, unless there are too many. leave
// has to be called once it has gone.
func (s *Streams) admit(w http.ResponseWriter, r *http.Request) (address string, ok bool) {
	address, _, err := net.SplitHostPort(r.RemoteAddr)
	if err != nil {
		address = r.RemoteAddr
	}
	s.mu.Lock()
	draining, few, fewFrom := s.draining, s.count < s.o.Connections, s.from[address] < s.o.PerAddress
	if ok = !draining && few && fewFrom; ok {
		s.count++
		s.moved++
		s.from[address]++
	}
	s.mu.Unlock()
	switch {
	case draining:
		s.refuse(w, http.StatusServiceUnavailable, bos.Unavailable, "this server is stopping: connect again")
	case !few:
		s.refuse(w, http.StatusServiceUnavailable, bos.Unavailable, "this server has as many connections as it may have: try again later")
	case !fewFrom:
		s.refuse(w, http.StatusTooManyRequests, bos.Unavailable, "your address has as many connections as it may have: close some, or use one for several subscriptions")
	}
	return address, ok
}

// expel undoes admit.
func (s *Streams) expel(address string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.count--
	s.moved++
	if s.from[address]--; s.from[address] == 0 {
		delete(s.from, address)
	}
}

// enter lets a client be kept alive, and leave ends that.
func (s *Streams) enter(c client) {
	s.mu.Lock()
	s.clients[c] = struct{}{}
	late := s.draining
	s.mu.Unlock()
	if late {
		c.goAway()
	}
}

func (s *Streams) leave(c client) {
	_ = c.about().Close()
	s.expel(c.about().address)
	s.mu.Lock()
	delete(s.clients, c)
	s.mu.Unlock()
}

func (s *Streams) all() []client {
	s.mu.Lock()
	defer s.mu.Unlock()
	all := make([]client, 0, len(s.clients))
	for c := range s.clients {
		all = append(all, c)
	}
	return all
}

// keep pings clients and lets go of those that do not answer: of a peer that has
// vanished the network says nothing.
func (s *Streams) keep() {
	tick := time.NewTicker(max(s.o.PingInterval/20, time.Millisecond))
	defer tick.Stop()
	calm := time.NewTicker(calmFor)
	defer calm.Stop()
	for {
		select {
		case <-s.base.Done():
			return
		case <-calm.C:
			s.tidy()
		case now := <-tick.C:
			for _, c := range s.all() {
				about := c.about()
				if heard := about.heard.Load(); heard != 0 && now.UnixNano()-heard > int64(5*s.o.PingInterval/2) {
					_ = about.Close()
				} else if now.Sub(about.pinged) > s.o.PingInterval {
					about.pinged = now
					c.ping()
				}
			}
		}
	}
}

// When a crowd has come or gone, and for how long nobody else has.
const (
	crowd   = 100
	calmFor = 250 * time.Millisecond
)

// tidy gives memory back to the system after a crowd has come or gone: opening a
// connection takes several times of what it keeps.
func (s *Streams) tidy() {
	s.mu.Lock()
	calm := s.moved == s.seen
	s.seen = s.moved
	due := calm && s.moved >= crowd
	if due {
		s.moved, s.seen = 0, 0
	}
	s.mu.Unlock()
	if due {
		debug.FreeOSMemory()
	}
}

// Drain lets all clients go, spread over some time so that they do not come back to
// other servers all at once, and admits no more. It returns when they have gone, or
// ctx ends.
func (s *Streams) Drain(ctx context.Context, over time.Duration) {
	s.mu.Lock()
	s.draining = true
	s.mu.Unlock()
	all := s.all()
	tick := time.NewTicker(drainTick)
	defer tick.Stop()
	for start, i := time.Now(), 0; i < len(all) || len(s.all()) > 0; {
		// As many as should have gone by now.
		for ; i < len(all) && time.Since(start) >= over*time.Duration(i)/time.Duration(len(all)); i++ {
			all[i].goAway()
		}
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}

// drainTick is how often Drain looks whom to let go, and whether all have gone.
const drainTick = 5 * time.Millisecond

// Close ends all connections that are left.
func (s *Streams) Close() {
	s.mu.Lock()
	s.draining = true
	s.mu.Unlock()
	for _, c := range s.all() {
		_ = c.about().Close()
	}
	s.end()
	s.done.Wait()
}
