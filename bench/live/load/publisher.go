package load

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/bosgraph/bosgraph/bench/live/status"
)

// Components is how many components a session of the benchmark has, or is said to have by
// updates, which keep that sum.
const Components = 100

// publisher updates sessions in Redis as bosgraph's own writes do, as far as
// readers can notice: the fields of the hash, the counter of revisions, the notice.
type publisher struct {
	redis    *redis.Client
	sessions []string
	next     int64 // the revision of the next update
	api      *api  // of a server that has to be given what it sends; nil for one that reads it
}

// newPublisher continues with the revision after the last that there is: bosgraph drops an
// older one.
func newPublisher(ctx context.Context, c Crowd) (*publisher, error) {
	options, err := redis.ParseURL(c.Redis)
	if err != nil {
		return nil, err
	}
	p := &publisher{redis: redis.NewClient(options), sessions: c.Sessions}
	if c.Protocol == Centrifugo {
		reader, err := status.Open(ctx, c.Redis)
		if err != nil {
			return nil, errors.Join(err, p.redis.Close())
		}
		p.api = &api{address: c.Address, reader: reader}
	}
	last, err := p.redis.HGet(ctx, status.Meta, "rev").Int64()
	p.next = last + 1
	return p, err
}

// publish makes n updates, each of the next session, in one round trip.
func (p *publisher) publish(ctx context.Context, n int) error {
	first := p.next
	// In one transaction, as a write's script is: a reader that follows the notice must not
	// find the state before.
	_, err := p.redis.TxPipelined(ctx, func(tx redis.Pipeliner) error {
		for range n {
			name := p.sessions[p.next%int64(len(p.sessions))]
			successful := p.next % Components // so that one at least is active
			configuring := (Components - successful) / 2
			tx.HSet(ctx, status.Meta, "rev", p.next)
			active := Components - successful
			// In both forms: earlier versions of bosgraph have a field for each counter.
			tx.HSet(ctx, status.Key(name), "r", p.next, "n", fmt.Sprintf("m%ds%da%dc%dp%d", Components, successful, active, configuring, active-configuring),
				"m", Components, "s", successful, "a", active, "c", configuring, "p", active-configuring)
			tx.Publish(ctx, status.Notices, status.Notice(name, p.next))
			tx.Publish(ctx, status.Channel(name), strconv.FormatInt(p.next, 10))
			p.next++
		}
		return nil
	})
	if err != nil || p.api == nil {
		return err
	}
	// One message for each: an update that is late is sent nevertheless, as it was made.
	for i := first; i < p.next; i++ {
		if err := p.api.publish(ctx, p.sessions[i%int64(len(p.sessions))]); err != nil {
			return err
		}
	}
	return nil
}

func (p *publisher) close() error {
	if p.api == nil {
		return p.redis.Close()
	}
	return errors.Join(p.redis.Close(), p.api.reader.Redis.Close())
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
		// Reported beside the latencies: where the load falls behind, they are its own and no
		// server's.
		late.add(time.Since(scheduled))
		batch := min(w.due(), n, made+mostAtOnce) - made
		if err := p.publish(ctx, batch); err != nil {
			return err
		}
		made += batch
	}
	return nil
}
