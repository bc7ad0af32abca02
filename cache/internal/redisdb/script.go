package redisdb

import (
	"context"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/bosgraph/bosgraph/cache/internal/schema"
	"github.com/bosgraph/bosgraph/cache/lua"
)

// Within is ctx with the time that one exchange may take, unless it ends sooner anyway: a read
// passes several functions that each bound it.
func (db *DB) Within(ctx context.Context) (context.Context, context.CancelFunc) {
	return Until(ctx, time.Now().Add(db.Timeout))
}

// Until is ctx until the moment at which an exchange has taken too long, unless it ends sooner anyway.
func Until(ctx context.Context, end time.Time) (context.Context, context.CancelFunc) {
	if its, ok := ctx.Deadline(); ok && !its.After(end) {
		return ctx, func() {}
	}
	return context.WithDeadline(context.WithValue(ctx, patience{}, end), end)
}

// patience is the key of the moment at which an exchange has taken too long.
type patience struct{}

// givenUp says that an exchange was cut short because the time of its caller was up, such as that of an operation: that says nothing
// of Redis. The moment decides, and not whether ctx has ended: its connection, which has the same deadline, may notice first.
func givenUp(ctx context.Context, err error) bool {
	end, bounded := ctx.Deadline()
	return bounded && timeWasUp(err) && !time.Now().Before(end) && ctx.Value(patience{}) != end
}

// Pipelined sends everything that fill queues in one round trip. Where Redis does
// not know a script, because it is new, was restarted or has had a SCRIPT FLUSH, the
// scripts are loaded and everything is sent again: more than once, for a flush may
// come between, or the namespace move to a node that does not know it either. Errors
// of single commands are left to those commands.
func (db *DB) Pipelined(ctx context.Context, fill func(redis.Pipeliner)) error {
	ctx, cancel := db.Within(ctx)
	defer cancel()
	for n := 1; ; n++ {
		pipe := db.Client.Pipeline()
		fill(pipe)
		if pipe.Len() == 0 {
			return nil
		}
		commands, err := pipe.Exec(ctx)
		if err == redis.Nil {
			err = firstError(commands)
		}
		if n == attempts || !redis.HasErrorPrefix(err, "NOSCRIPT") {
			return Explain(err)
		}
		if err := db.teach(ctx); err != nil {
			return err
		}
	}
}

// Atomically sends what fill queues in one round trip, to be answered as of one
// moment. It queues no script, and nothing that writes. A Redis that is out of memory is read in three, see [DB.Whole].
func (db *DB) Atomically(ctx context.Context, fill func(redis.Pipeliner)) error {
	ctx, cancel := db.Within(ctx)
	defer cancel()
	return db.Whole(ctx, func(ctx context.Context) error {
		commands, err := db.Client.TxPipelined(ctx, func(pipe redis.Pipeliner) error {
			fill(pipe)
			return nil
		})
		if err == redis.Nil {
			return nil
		}
		return Explain(refusal(err, commands))
	}, func(ctx context.Context) error { return db.Pipelined(ctx, fill) })
}

// refusal is the error of a transaction: of one that was discarded, that of the first command that Redis did not
// queue, for EXEC says only that there was one.
func refusal(err error, commands []redis.Cmder) error {
	const discarded = "EXECABORT"
	if !redis.HasErrorPrefix(err, discarded) {
		return err
	}
	for _, c := range commands {
		if cause := c.Err(); cause != nil && !redis.HasErrorPrefix(cause, discarded) {
			return cause
		}
	}
	return err
}

// firstError looks behind a nil reply, which hides the errors after it.
func firstError(commands []redis.Cmder) error {
	for _, c := range commands {
		if err := c.Err(); err != nil && err != redis.Nil {
			return err
		}
	}
	return nil
}

// teach loads the script that reads use; in a cluster on every master that answers, for
// the namespace may be on its way from one to another.
func (db *DB) teach(ctx context.Context) error {
	cluster, ok := db.Client.(*redis.ClusterClient)
	if !ok {
		return Explain(lua.Status.Load(ctx, db.Client).Err())
	}
	return Explain(cluster.ForEachMaster(ctx, func(ctx context.Context, node *redis.Client) error {
		ctx, cancel := context.WithTimeout(ctx, reloadTimeout)
		defer cancel()
		_ = lua.Status.Load(ctx, node).Err() // the read that follows will say
		return nil
	}))
}

// Owner is the server that has the namespace, all of it: where its slot is on the way to
// another there is none. What is asked of one server alone, such as a scan, is not
// redirected by it, so the client's view of the cluster is not enough.
func (db *DB) Owner(ctx context.Context) (redis.UniversalClient, error) {
	cluster, ok := db.Client.(*redis.ClusterClient)
	if !ok {
		return db.Client, nil
	}
	ctx, cancel := db.Within(ctx)
	defer cancel()
	for {
		node, err := cluster.MasterForKey(ctx, db.Keys.Meta())
		if err == nil {
			err = Owns(ctx, node, db.Keys)
		}
		if err == nil || ctx.Err() != nil {
			return node, Explain(err)
		}
		cluster.ReloadState(ctx)
		select {
		case <-time.After(longWait):
		case <-ctx.Done():
			return nil, Explain(err)
		}
	}
}

// Owns fails unless a node has all of the namespace. The second key is never there: a
// slot that moves is refused for it.
func Owns(ctx context.Context, node redis.Cmdable, k schema.Keys) error {
	return node.Exists(ctx, k.Meta(), k.Answer("")).Err()
}

// Master is the server that has the namespace.
func (db *DB) Master(ctx context.Context) (redis.UniversalClient, error) {
	if cluster, ok := db.Client.(*redis.ClusterClient); ok {
		return cluster.MasterForKey(ctx, db.Keys.Meta())
	}
	return db.Client, nil
}
