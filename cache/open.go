package cache

import (
	"context"
	"crypto/tls"
	"fmt"
	"log/slog"
	"net"
	"sync/atomic"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/bosgraph/bosgraph/bos"
	"github.com/bosgraph/bosgraph/cache/internal/redisdb"
)

// Options say where Redis is and how the namespace is kept.
type Options struct {
	// URL is redis://, rediss:// or unix:// for one server, redis+cluster:// or
	// rediss+cluster:// with more addresses as ?addr=, and redis+sentinel:// or
	// rediss+sentinel:// with ?master_name=.
	URL            string
	User, Password string      // replace those of the URL unless empty
	TLS            *tls.Config // for rediss; nil for the system's roots
	Namespace      string
	Timeout        time.Duration // for one exchange with Redis; 0 for DefaultTimeout
	Retention      time.Duration // how long a frozen session is kept; 0 for DefaultRetention
	Capacity       Capacity
	Replicas       int // that have to have a write before it counts as made; 0 for none

	// Now is the clock by which sessions begin and are sampled; nil for time.Now.
	Now func() time.Time

	// Observe gets how long each exchange with Redis took and whether it brought no answer, from
	// many goroutines at a time; nil for none.
	Observe func(took time.Duration, failed bool)

	// Trace begins to follow a write that belongs to a trace; it returns nil for another. What it returns is called at the end, with the revision that
	// the write has made, and returns what [Store.FollowTraces] of other stores gets. nil for none.
	Trace func(ctx context.Context) func(revision string, err error) (context string)

	// Log gets the states of Redis, once an episode; nil for none.
	Log *slog.Logger

	// Dialer replaces the connection's; tests lose answers with it.
	Dialer func(ctx context.Context, network, addr string) (net.Conn, error)
}

// The defaults of Options. Users are to know within two seconds that Redis does
// not answer.
const (
	DefaultTimeout   = 1800 * time.Millisecond
	DefaultRetention = 90 * 24 * time.Hour
)

// Store is a namespace in Redis. It is safe for concurrent use, keeps no state of
// its own that others would have to know, and any number of processes may use one
// namespace at a time.
type Store struct {
	db          *redisdb.DB
	options     Options
	rounds      *rounds
	comparisons *comparisons
	recent      *recent
	flights     *flights
	monitor     *monitor
	conflicts   *atomic.Int64           // writes that were decided again
	shares      *atomic.Pointer[string] // see [Store.NoteEvents]
	tenure      *bos.Tenure             // in which it may write; nil for always
	tenureKey   string                  // of the lease that it is one of
}

// Open makes a Store. It does not wait for Redis: what needs it says so.
func Open(o Options) (*Store, error) {
	if o.Timeout == 0 {
		o.Timeout = DefaultTimeout
	}
	if o.Retention == 0 {
		o.Retention = DefaultRetention
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	o.Capacity = o.Capacity.orDefault()
	db, err := redisdb.Open(redisdb.Options{
		URL: o.URL, User: o.User, Password: o.Password, TLS: o.TLS, Namespace: o.Namespace, Timeout: o.Timeout, Log: o.Log, Dialer: o.Dialer,
	})
	if err != nil {
		return nil, err
	}
	if o.Observe != nil {
		db.Client.AddHook(observer(o.Observe))
	}
	s := &Store{
		db: db, options: o, rounds: &rounds{}, comparisons: &comparisons{}, recent: &recent{}, flights: &flights{}, monitor: &monitor{}, conflicts: &atomic.Int64{}, shares: &atomic.Pointer[string]{},
	}
	s.NoteEvents(false, nil)
	return s, nil
}

// LogTo sends what the Redis client has to say, of all stores, to a log: nothing
// that the errors of calls do not say as well.
func LogTo(log *slog.Logger) { redis.SetLogger(clientLog{log}) }

// clientLog is on the level of debugging: the client reports each attempt, and the errors of
// calls are what an operator needs.
type clientLog struct{ log *slog.Logger }

// Printf implements the interface of the Redis client's log.
func (l clientLog) Printf(ctx context.Context, format string, args ...any) {
	l.log.DebugContext(ctx, fmt.Sprintf(format, args...), "from", "redis client")
}

// Close ends all connections.
func (s *Store) Close() error { return s.db.Client.Close() }

// Namespace is the name that all keys begin with.
func (s *Store) Namespace() string { return s.options.Namespace }

// Ping says whether Redis answers and the namespace can be read.
func (s *Store) Ping(ctx context.Context) error {
	_, err := s.ShownEpoch(ctx)
	return err
}

// Epoch returns the namespace's epoch, after it has begun another one where Redis is
// empty or not proven to have everything that was written.
func (s *Store) Epoch(ctx context.Context) (string, error) { return s.db.Epoch(ctx) }

// ShownEpoch is [Store.Epoch] for what only shows it: while Redis is a replica, which
// begins no epoch, it is the one that is stored.
func (s *Store) ShownEpoch(ctx context.Context) (string, error) { return s.db.ShownEpoch(ctx) }

// ErrSchema says that a namespace was written by another version of bosgraph.
var ErrSchema = redisdb.ErrSchema
