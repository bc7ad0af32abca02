package feed

import (
	"context"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/bosgraph/bosgraph/cache/internal/redisdb"
)

// probe sends a probe every interval, and at once on every new connection, until
// ctx ends. It does so also while there is no connection to receive it: that is how
// the client learns of a cluster's new nodes.
func (f *Feed) probe(ctx context.Context) {
	beat := time.NewTicker(f.interval)
	defer beat.Stop()
	for {
		select {
		case <-beat.C:
		case <-f.probeNow:
		case <-ctx.Done():
			return
		}
		_ = f.sendProbe(ctx) // that it does not come back says it all
	}
}

// sendProbe publishes how far the namespace is, to be received by the feed itself.
//
// With that, another epoch begins if the server is not proven to have everything. What
// was seen before the reading can't be ahead of it, either, unless data were lost.
func (f *Feed) sendProbe(ctx context.Context) error {
	at, err := f.db.PositionAfter(ctx, f.last())
	if err != nil {
		return err
	}
	// The key takes it to the node of the namespace: what that node has published before
	// comes before it, wherever in the cluster this feed is connected. Any node takes a
	// message, but between those of two nodes there is no order. To the client the channel is
	// a key as well, for where the two are no transaction.
	return f.db.Atomically(ctx, func(pipe redis.Pipeliner) {
		pipe.Exists(ctx, f.db.Keys.Meta())
		pipe.Publish(ctx, f.probes, at.String()).SetFirstKeyPos(1)
	})
}

// ProbeNow has a feed send a probe at once, and not only with the next interval.
func ProbeNow(f *Feed) {
	select {
	case f.probeNow <- struct{}{}:
	default: // one is due already
	}
}

func (f *Feed) last() redisdb.Position {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.seen
}
