package cache

import (
	"context"
	"crypto/tls"
	"fmt"
	"log/slog"
	"net"
	"time"

	"github.com/redis/go-redis/v9"
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

	// Now is the clock by which sessions begin and are sampled; nil for time.Now.
	Now func() time.Time

	// Dialer replaces the connection's; tests lose answers with it.
	Dialer func(ctx context.Context, network, addr string) (net.Conn, error)
}

// The defaults of Options. Users shall know within two seconds that Redis does
// not answer.
const (
	DefaultTimeout   = 1800 * time.Millisecond
	DefaultRetention = 90 * 24 * time.Hour
)

// Store is a namespace in Redis. It is safe for concurrent use, keeps no state of
// its own that others would have to know, and any number of processes may use one namespace at a time.
type Store struct {
	client      redis.UniversalClient
	keys        keys
	options     Options
	rounds      rounds
	comparisons comparisons
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
	universal, err := clientOptions(o)
	if err != nil {
		return nil, err
	}
	return &Store{client: redis.NewUniversalClient(universal), keys: keysOf(o.Namespace), options: o}, nil
}

// LogTo sends what the Redis client has to say, of all stores, to a log: nothing
// that the errors of calls do not say as well.
func LogTo(log *slog.Logger) { redis.SetLogger(clientLog{log}) }

type clientLog struct{ log *slog.Logger }

func (l clientLog) Printf(ctx context.Context, format string, args ...any) {
	l.log.DebugContext(ctx, fmt.Sprintf(format, args...), "from", "redis client")
}

// Close ends all connections.
func (s *Store) Close() error { return s.client.Close() }

// Namespace is the name that all keys begin with.
func (s *Store) Namespace() string { return s.options.Namespace }

// Ping says whether Redis answers and the namespace can be used.
func (s *Store) Ping(ctx context.Context) error {
	_, err := s.Epoch(ctx)
	return err
}
