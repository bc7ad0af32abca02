package load

import (
	"context"
	"strconv"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/bosgraph/bosgraph/bench/live/status"
)

// Components is how many components a session of the benchmark has: the updates
// keep that sum.
const Components = 100

// publisher updates sessions in Redis as bosgraph's own writes do, as far as
// readers can tell: the fields of the hash, the counter of revisions, the notice.
type publisher struct {
	redis    *redis.Client
	sessions []string
	next     int64 // the revision of the next update
}

func newPublisher(ctx context.Context, url string, sessions []string) (*publisher, error) {
	options, err := redis.ParseURL(url)
	if err != nil {
		return nil, err
	}
	p := &publisher{redis: redis.NewClient(options), sessions: sessions}
	last, err := p.redis.HGet(ctx, status.Meta, "rev").Int64()
	p.next = last + 1
	return p, err
}

// publish makes n updates, each of the next session, in one round trip.
func (p *publisher) publish(ctx context.Context, n int) error {
	_, err := p.redis.TxPipelined(ctx, func(tx redis.Pipeliner) error {
		for range n {
			name := p.sessions[p.next%int64(len(p.sessions))]
			successful := p.next % Components // so that one at least is active
			configuring := (Components - successful) / 2
			tx.HSet(ctx, status.Meta, "rev", p.next)
			tx.HSet(ctx, status.Key(name), "r", p.next, "s", successful, "a", Components-successful,
				"c", configuring, "p", Components-successful-configuring)
			tx.Publish(ctx, status.Channel(name), strconv.FormatInt(p.next, 10))
			p.next++
		}
		return nil
	})
	return err
}

// mostAtOnce bounds how many updates are made together when publishing has fallen
// behind.
const mostAtOnce = 200

// offer makes n updates by the schedule of w. One that is late is made as soon as
// possible; its time stays what it was to be, and late counts by how much.
func (p *publisher) offer(ctx context.Context, n int, w *window, late *histogram) error {
	for made := 0; made < n; {
		scheduled := w.at(made)
		time.Sleep(time.Until(scheduled))
		late.add(time.Since(scheduled))
		batch := min(w.due(), n, made+mostAtOnce) - made
		if err := p.publish(ctx, batch); err != nil {
			return err
		}
		made += batch
	}
	return nil
}
