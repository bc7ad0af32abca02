package redisdb

import (
	"context"
	"errors"
	"io"
	"math/rand/v2"
	"net"
	"sync/atomic"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/bosgraph/bosgraph/cache/internal/schema"
)

// How the client follows a cluster. Left to itself it reads the topology once a minute
// and when a node redirects it; a node that is down or hangs redirects nobody.
const (
	reloadInterval = 2 * time.Second        // between two readings of the topology while all is well
	reloadTimeout  = 500 * time.Millisecond // for the answer of one node; then the next is asked
	pingTimeout    = 300 * time.Millisecond // for that of a node under suspicion
	pingInterval   = 100 * time.Millisecond
	probation      = 5 * time.Second // after a suspicion
	firstAttempt   = 600 * time.Millisecond
	shortWait      = 5 * time.Millisecond // before another attempt; doubled with each
	longWait       = 50 * time.Millisecond
	closedAttempts = 3
)

// newClient makes the client of a Redis of any kind, for one namespace.
func newClient(u *redis.UniversalOptions, k schema.Keys) (redis.UniversalClient, *persistence) {
	if !u.IsClusterMode {
		return redis.NewUniversalClient(u), nil
	}
	o := u.Cluster()
	o.ClusterStateReloadInterval = reloadInterval
	// It is for persistence to try again: with every layer doing so by itself, one
	// exchange with a node that is down would be 60 dials.
	o.MaxRetries, o.DialerRetries = -1, 1
	client := redis.NewClusterClient(o)
	client.OnNewNode(func(node *redis.Client) { node.AddHook(deadlines{}) })
	p := &persistence{cluster: client, key: k.Meta()}
	client.AddHook(p)
	return client, p
}

// persistence tries again what a cluster could not serve at that moment, until it is
// served or the time of the exchange is over: while a replica takes the place of its
// master, and while the slot of the namespace moves to another node. All that this
// package sends may be sent again: reads, and writes that know themselves by their id.
//
// When a node could not be reached, or did not answer in time, it is under suspicion
// until it, or whichever has taken its place, answers a ping. All else waits for that:
// so nothing is spent on a node that hangs while another is there already, and a
// Redis that is only slow does not get more to do.
type persistence struct {
	cluster *redis.ClusterClient
	key     string                        // of the slot that matters
	suspect atomic.Pointer[chan struct{}] // nil for no suspicion, else closed when it ends
	ended   atomic.Pointer[time.Time]     // when the last one did
}

func (p *persistence) DialHook(next redis.DialHook) redis.DialHook { return next }

func (p *persistence) ProcessHook(next redis.ProcessHook) redis.ProcessHook {
	return func(ctx context.Context, cmd redis.Cmder) error {
		err := p.persist(ctx, writes(cmd), func(ctx context.Context) (verdict, result error) {
			err := next(ctx, cmd)
			return err, err
		})
		if err != nil {
			cmd.SetErr(err)
		}
		return err
	}
}

func (p *persistence) ProcessPipelineHook(next redis.ProcessPipelineHook) redis.ProcessPipelineHook {
	return func(ctx context.Context, cmds []redis.Cmder) error {
		return p.persist(ctx, false, func(ctx context.Context) (verdict, result error) {
			err := next(ctx, cmds)
			if behind := firstError(cmds); errors.Is(err, redis.Nil) && behind != nil {
				return behind, err
			}
			return err, err
		})
	}
}

// persist calls try until its verdict is final, and returns its last result. whole is
// for what has to wait until a slot is whole again; reads have another way, see
// [DB.Whole].
func (p *persistence) persist(ctx context.Context, whole bool, try func(context.Context) (verdict, result error)) error {
	if err := p.cleared(ctx); err != nil {
		return err
	}
	var said error // by the cluster itself: says more than that time was up in yet another attempt
	for n := 0; ; n++ {
		verdict, result := p.attempt(ctx, n, try)
		if said != nil && timeWasUp(verdict) {
			if result = said; ctx.Err() != nil {
				return result
			}
		}
		switch {
		case givenUp(ctx, verdict):
			return result
		case errors.Is(verdict, redis.ErrClosed): // a node that has left the cluster, or this client
			if n == closedAttempts {
				return result
			}
			p.cluster.ReloadState(ctx)
		case unreachable(verdict):
			p.suspicion()
		case redis.HasErrorPrefix(verdict, "CLUSTERDOWN"), redis.HasErrorPrefix(verdict, "READONLY"),
			redis.HasErrorPrefix(verdict, "MOVED"), redis.HasErrorPrefix(verdict, "ASK"):
			said = result
			p.cluster.ReloadState(ctx)
		case redis.HasErrorPrefix(verdict, "LOADING"), redis.HasErrorPrefix(verdict, "MASTERDOWN"):
		case whole && redis.HasErrorPrefix(verdict, "TRYAGAIN"):
			said = result
		default:
			return result
		}
		wait := min(shortWait<<min(n, 10), longWait)
		select {
		case <-time.After(wait/2 + rand.N(wait)):
		case <-ctx.Done():
			return result
		}
		if p.cleared(ctx) != nil {
			return result
		}
	}
}

// attempt tries once. What had been asked about the topology during a suspicion may be
// answered late, and lead to the node that hangs once more: so for a while the first
// attempt of an exchange has only part of its time.
func (p *persistence) attempt(ctx context.Context, n int, try func(context.Context) (verdict, result error)) (verdict, result error) {
	if ended := p.ended.Load(); n == 0 && ended != nil && time.Since(*ended) < probation {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, firstAttempt)
		defer cancel()
	}
	return try(ctx)
}

// cleared waits until there is no suspicion. Of a Redis that is no cluster, for which p
// is nil, there never is.
func (p *persistence) cleared(ctx context.Context) error {
	for p != nil {
		over := p.suspect.Load()
		if over == nil {
			return ctx.Err()
		}
		select {
		case <-*over:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	return ctx.Err()
}

// suspicion begins one, unless there is one.
func (p *persistence) suspicion() {
	over := make(chan struct{})
	if !p.suspect.CompareAndSwap(nil, &over) {
		return
	}
	go func() {
		for !p.answers() {
			time.Sleep(pingInterval)
		}
		now := time.Now()
		p.ended.Store(&now)
		p.suspect.Store(nil)
		close(over)
	}()
}

// answers reads the topology and pings the node that has the namespace by that. A client
// that has been closed is under no suspicion.
func (p *persistence) answers() bool {
	ctx := context.Background() // what it asks for has deadlines of its own
	// This is the one way to have the topology read now.
	_ = p.cluster.ForEachMaster(ctx, func(context.Context, *redis.Client) error { return nil })
	node, err := p.cluster.MasterForKey(ctx, p.key)
	if err == nil {
		ctx, cancel := context.WithTimeout(ctx, pingTimeout)
		defer cancel()
		err = node.Ping(ctx).Err()
	}
	return !unreachable(err)
}

// writes says whether a command is a script that may write.
func writes(cmd redis.Cmder) bool { return cmd.Name() == "evalsha" || cmd.Name() == "eval" }

// unreachable says that a node could not be reached, or did not answer in time.
func unreachable(err error) bool {
	var netErr net.Error
	return errors.As(err, &netErr) || errors.Is(err, context.DeadlineExceeded) || errors.Is(err, io.EOF) ||
		errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, net.ErrClosed)
}

// timeWasUp says that an attempt was cut short: by its context, or by the deadline that its connection
// has from that, which may come a moment sooner.
func timeWasUp(err error) bool {
	var netErr net.Error
	return errors.Is(err, context.DeadlineExceeded) || errors.As(err, &netErr) && netErr.Timeout()
}

// deadlines bounds what the client asks nodes of its own accord, such as the topology:
// that has no deadline, and a node that hangs would keep it from asking another.
type deadlines struct{}

func (deadlines) DialHook(next redis.DialHook) redis.DialHook { return next }

func (deadlines) ProcessHook(next redis.ProcessHook) redis.ProcessHook {
	return func(ctx context.Context, cmd redis.Cmder) error {
		if _, bounded := ctx.Deadline(); !bounded {
			var cancel context.CancelFunc
			ctx, cancel = context.WithTimeout(ctx, reloadTimeout)
			defer cancel()
		}
		return next(ctx, cmd)
	}
}

func (deadlines) ProcessPipelineHook(next redis.ProcessPipelineHook) redis.ProcessPipelineHook {
	return next
}
