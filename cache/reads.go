package cache

import (
	"context"
	"sync"

	"github.com/redis/go-redis/v9"

	"github.com/bosgraph/bosgraph/bos"
)

// homeRead asks for a session at one of its homes.
type homeRead struct {
	bos.SessionRead
	home home
}

// round is one round trip of reads. What several callers want is asked once; each
// makes sessions of its own of the replies, which nobody changes.
type round struct {
	asked   map[homeRead]*sessionReply
	epoch   *redis.StringCmd
	err     error
	done    chan struct{} // closed when all of the above is there
	callers int           // that still wait
}

func newRound(reads []homeRead) *round {
	r := &round{asked: make(map[homeRead]*sessionReply, len(reads)), done: make(chan struct{})}
	r.add(reads)
	return r
}

func (r *round) add(reads []homeRead) {
	for _, one := range reads {
		r.asked[one] = nil
	}
}

// rounds lets concurrent reads share round trips: while some are under way, those
// who come join the next one, which is sent when one of these is back. So no
// answer is older than its request. The fuller the server, the more share: there
// is no waiting for others to come.
type rounds struct {
	mu     sync.Mutex
	flying int
	queue  []*round // not sent yet; only the last may be joined
}

const (
	maxFlying = 1   // round trips under way
	maxRound  = 512 // reads of one
	maxJoin   = 64  // reads of one caller; a longer list is a round trip of its own, which keeps nobody waiting
)

// join adds reads to the next round trip, or returns nil: nothing is under way, and
// the caller is to send them by itself and to call land afterwards.
func (q *rounds) join(reads []homeRead) *round {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.flying < maxFlying {
		q.flying++
		return nil
	}
	if n := len(q.queue); n == 0 || len(q.queue[n-1].asked)+len(reads) > maxRound {
		q.queue = append(q.queue, newRound(reads))
	} else {
		q.queue[n-1].add(reads)
	}
	r := q.queue[len(q.queue)-1]
	r.callers++
	return r
}

// land sends what has come together meanwhile.
func (q *rounds) land(send func(*round)) {
	if r := q.take(); r != nil {
		go func() {
			for ; r != nil; r = q.take() {
				send(r)
				close(r.done)
			}
		}()
	}
}

// leave is for a caller that waits no longer.
func (q *rounds) leave(r *round) {
	q.mu.Lock()
	defer q.mu.Unlock()
	r.callers--
}

// take is the next round to be sent, or nil, which ends the flight. What nobody
// waits for any more is not sent: else a Redis that was away would be asked it all
// when it is back.
func (q *rounds) take() *round {
	q.mu.Lock()
	defer q.mu.Unlock()
	for len(q.queue) > 0 {
		r := q.queue[0]
		q.queue[0] = nil
		q.queue = q.queue[1:]
		if r.callers > 0 {
			return r
		}
	}
	q.flying--
	return nil
}

// together sends reads in a round trip that may be shared. Only its own context
// and the store's timeout end a caller's waiting.
func (s *Store) together(ctx context.Context, reads []homeRead) (*round, error) {
	ctx, cancel := context.WithTimeout(ctx, s.options.Timeout)
	defer cancel()
	if len(reads) <= maxJoin {
		r := s.rounds.join(reads)
		if r == nil {
			defer s.rounds.land(func(r *round) { s.send(context.Background(), r) })
			return s.alone(ctx, reads)
		}
		select {
		case <-r.done:
		case <-ctx.Done():
			s.rounds.leave(r)
			return nil, explain(ctx.Err())
		}
		if r.err == nil || bos.CodeOf(r.err) == bos.Unavailable {
			return r, r.err
		}
		// Somebody's read has failed: whose is seen when each is done alone.
	}
	return s.alone(ctx, reads)
}

func (s *Store) alone(ctx context.Context, reads []homeRead) (*round, error) {
	r := newRound(reads)
	s.send(ctx, r)
	return r, r.err
}

// send asks Redis for all of a round. The epoch comes last: there may be none yet,
// and a nil reply hides errors behind it.
func (s *Store) send(ctx context.Context, r *round) {
	r.err = s.pipelined(ctx, func(pipe redis.Pipeliner) {
		epoch := false
		for one := range r.asked {
			r.asked[one] = s.ask(ctx, pipe, one)
			epoch = epoch || one.Epoch
		}
		if epoch {
			r.epoch = pipe.HGet(ctx, s.keys.meta(), "epoch")
		}
	})
}
