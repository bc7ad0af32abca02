// Package redisdb is a namespace in Redis as such: its client, which follows a Cluster or a
// Sentinel, the states of Redis in words for users, exchanges that are one round trip or of
// one moment, and the epoch of the namespace. What is stored there it does not know.
package redisdb

import (
	"context"
	"crypto/tls"
	"log/slog"
	"net"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/bosgraph/bosgraph/cache/internal/schema"
)

// Options say where Redis is; see those of cache, which explain them.
type Options struct {
	URL            string
	User, Password string
	TLS            *tls.Config
	Namespace      string
	Timeout        time.Duration // for one exchange
	Log            *slog.Logger
	Dialer         func(ctx context.Context, network, addr string) (net.Conn, error)
}

// DB is a namespace. It is safe for concurrent use and keeps no state of the data.
type DB struct {
	Client   redis.UniversalClient
	Keys     schema.Keys
	Timeout  time.Duration // for one exchange
	Episodes *Episodes

	persistence *persistence // of the client of a cluster
	exchanges   exchanges    // of small commands
}

// Open makes a DB. It does not wait for Redis. Its errors are about the options.
func Open(o Options) (*DB, error) {
	universal, err := clientOptions(o)
	if err != nil {
		return nil, err
	}
	db := &DB{Keys: schema.KeysOf(o.Namespace), Timeout: o.Timeout, Episodes: NewEpisodes(o.Log)}
	db.Client, db.persistence = newClient(universal, db.Keys)
	db.Client.AddHook(db.Episodes)
	return db, nil
}

// Cleared waits until no node is suspected to hang: a subscriber would wait for the first
// answer of such a node all the while that another has taken its place. It fails when ctx ends.
func (db *DB) Cleared(ctx context.Context) error { return db.persistence.cleared(ctx) }

// attempts bounds how often an exchange is sent again because Redis did not know a script or
// the namespace was on its way to another node.
const attempts = 12
