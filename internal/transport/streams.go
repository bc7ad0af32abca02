package transport

import (
	"context"
	"log/slog"
	"maps"
	"net/http"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/99designs/gqlgen/graphql"

	"github.com/bosgraph/bosgraph/bos"
	"github.com/bosgraph/bosgraph/internal/auth"
	"github.com/bosgraph/bosgraph/internal/fanout"
	"github.com/bosgraph/bosgraph/internal/push"
)

// StreamOptions say how connections that stay are served.
type StreamOptions struct {
	HTTP   HTTP // answers requests that are over once they are answered
	Fanout *fanout.Fanout
	Log    *slog.Logger

	// Authorize says what a WebSocket may do: by the grant of the request that opened it, and
	// by what the client sends to begin with, a JSON object or nothing. An error closes it with
	// 4403, and the client gets its text.
	Authorize func(ctx context.Context, of auth.Grant, payload []byte) (auth.Grant, error)

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
// else it leaves to [HTTP]. It does not check Host and Origin: internal/guard, in
// front of all handlers, has done so.
type Streams struct {
	o     StreamOptions
	start time.Time       // of [Streams.moment]
	base  context.Context // ends with Close
	end   context.CancelFunc
	done  sync.WaitGroup

	// mu guards the clients and their counts. It is not held while a client is written to or
	// closed: that takes locks of the client and of the fan-out.
	mu       sync.Mutex
	wheel    []map[client]struct{} // the clients, by the part of half an interval in which they are visited
	entered  int                   // so many have come
	count    int                   // of those admitted
	moved    int                   // how many have come or gone since tidy
	seen     int                   // how many of these tidy has seen
	from     map[string]int        // of those by address
	draining bool
	nextEnd  time.Time // no grant ends before; zero if none does

	granted atomic.Pointer[auth.Grant] // the last one that was shared
	slow    atomic.Int64               // clients disconnected because they did not take what they were sent
}

// client is a connection that stays.
type client interface {
	about() *connection
	ping()
	pingAgain()           // in another way, for a client that has not answered
	goAway()              // the server is ending: the client is to come back
	expire(reason string) // its grant has ended: the client needs another token
}

// connection is what all of them have.
type connection struct {
	*push.Conn
	address      string
	pinged       time.Duration // when, or when it connected; see [Streams.moment]; of the keeper alone
	part         int           // of the wheel; of enter alone
	lastReceived atomic.Int64  // when something came, as pinged; 0 if nothing is to come
	granted      atomic.Pointer[auth.Grant]
}

func (c *connection) about() *connection { return c }

// moment is a time as connections note it: since a start, because the wall clock may be set. By that one, a step
// of a minute would disconnect all WebSockets together, and after a step back nobody would be pinged. Never 0.
func (s *Streams) moment(at time.Time) time.Duration { return at.Sub(s.start) }

// NewStreams makes Streams that keep their connections alive until Close.
func NewStreams(o StreamOptions) *Streams {
	parts := min(max(o.PingInterval/2/time.Millisecond, 1), wheelParts)
	s := &Streams{o: o, start: time.Now().Add(-1), wheel: make([]map[client]struct{}, parts), from: map[string]int{}}
	for i := range s.wheel {
		s.wheel[i] = map[client]struct{}{}
	}
	s.base, s.end = context.WithCancel(context.Background())
	s.done.Go(s.keep)
	s.done.Go(s.check)
	return s
}

func (s *Streams) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	accept := r.Header.Get("Accept")
	switch {
	case headerHas(r.Header, "Upgrade", "websocket"):
		s.serveSocket(w, r)
	case !strings.Contains(accept, typeEvents):
		s.o.HTTP.ServeHTTP(w, r)
	case strings.Contains(accept, "json"):
		// Such a client takes either form, and which one fits is only known once the document is
		// parsed: a subscription becomes a stream, anything else is answered once.
		s.o.HTTP.serve(w, r, func(op *graphql.OperationContext) { s.follow(w, r, op) })
	default:
		s.serveEvents(w, r)
	}
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

func (s *Streams) refuse(w http.ResponseWriter, status int, code bos.Code, message string) {
	failure(typeJSON, status, bos.Errorf(code, "%s", message)).send(w)
}

// admit counts a request in as one more client, unless there are too many. leave
// has to be called once it is closed.
func (s *Streams) admit(w http.ResponseWriter, r *http.Request) (address string, ok bool) {
	address = AddressOf(r.RemoteAddr)
	s.mu.Lock()
	// Counted before the connection is taken over: that takes time and memory, which many that
	// arrive together must not take at once.
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

// expel undoes admit, for one that did not come to enter, too.
func (s *Streams) expel(address string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.count--
	s.moved++
	if s.from[address]--; s.from[address] == 0 {
		delete(s.from, address)
	}
}

// enter lets a client be kept alive, and leave ends that. One that was admitted just before
// Drain began is sent away here, for Drain has looked already.
func (s *Streams) enter(c client) {
	s.mu.Lock()
	c.about().part = s.entered % len(s.wheel)
	s.entered++
	s.wheel[c.about().part][c] = struct{}{}
	s.ends(c.about().grant().Until)
	late := s.draining
	s.mu.Unlock()
	if late {
		c.goAway()
	}
}

func (s *Streams) leave(c client) {
	if c.about().Slow() {
		s.slow.Add(1)
	}
	_ = c.about().Close()
	s.expel(c.about().address)
	s.mu.Lock()
	delete(s.wheel[c.about().part], c)
	s.mu.Unlock()
}

// Clients returns how many are connected, and how many were disconnected, since the start, because
// they did not take what they were sent.
func (s *Streams) Clients() (connected int, slow int64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.count, s.slow.Load()
}

func (s *Streams) all() []client {
	s.mu.Lock()
	defer s.mu.Unlock()
	var all []client
	for _, part := range s.wheel {
		all = slices.AppendSeq(all, maps.Keys(part))
	}
	return all
}

// Drain disconnects all clients, spread over some time so that they do not connect to
// other servers all at once, and admits no more. It returns when they have left, or
// ctx ends.
func (s *Streams) Drain(ctx context.Context, over time.Duration) {
	s.mu.Lock()
	// Before the list is made: a client that is admitted later is disconnected by enter.
	s.draining = true
	s.mu.Unlock()
	all := s.all()
	tick := time.NewTicker(drainTick)
	defer tick.Stop()
	for start, i := time.Now(), 0; i < len(all) || len(s.all()) > 0; {
		// As many as should have left by now.
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

// drainTick is how often Drain looks whom to disconnect, and whether all have left.
const drainTick = 5 * time.Millisecond

// Close ends all connections that are left.
func (s *Streams) Close() {
	s.mu.Lock()
	s.draining = true
	s.mu.Unlock()
	// The connections first: their reading goroutines, for which done waits, end only with them.
	for _, c := range s.all() {
		_ = c.about().Close()
	}
	s.end()
	s.done.Wait()
}
