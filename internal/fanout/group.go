package fanout

import (
	"context"
	"sync/atomic"
	"time"

	"github.com/bosgraph/bosgraph/graph"
	"github.com/bosgraph/bosgraph/internal/auth"
)

// group is one subscription and those who follow it. Its driver and its members are
// under the lock of its Fanout; its log and its shards are replaced as a whole and read
// without a lock, because that happens once a message and member.
type group struct {
	fanout *Fanout
	key    key
	ctx    context.Context
	cancel context.CancelFunc
	log    atomic.Pointer[log]
	shards atomic.Pointer[[]*shard]

	driver    graph.Driver // nil until the subscription's resolver has run
	members   int
	execution *execution

	query    int    // so many bytes of the key's text are the query
	address  string // that began it
	weight   int    // as so many distinct subscriptions it counts
	retained int64  // bytes of results, taken of the memory for them; of its execution alone
}

func newGroup(f *Fanout, k key, access auth.Access) *group {
	g := &group{fanout: f, key: k}
	g.ctx, g.cancel = context.WithCancel(auth.WithAccess(f.ctx, access))
	g.log.Store(&log{firsts: true})
	g.shards.Store(&[]*shard{})
	return g
}

// place puts a member into the first shard with room: those that leave make room for those
// that come, so that shards stay full and few.
func (g *group) place(m *Member) {
	g.members++
	shards := *g.shards.Load()
	for _, s := range shards {
		if s.add(m) {
			return
		}
	}
	s := &shard{}
	s.add(m)
	shards = append(shards[:len(shards):len(shards)], s)
	g.shards.Store(&shards)
}

// remove removes a member; without any, the execution ends. It is forgotten first, so that
// nobody joins a group that is ending.
func (g *group) remove(m *Member) {
	if !m.shard.remove(m) {
		return
	}
	if g.members--; g.members == 0 {
		g.fanout.forget(g)
		g.cancel()
		g.execution.wake()
	}
}

// publish publishes what there is to say. The last shard is swept here and now: with
// few members that is all of them.
func (g *group) publish(l *log) {
	// Not again for what only counts as of a later read.
	if published := g.fanout.o.Published; published != nil && l.whole != nil && l.seq > g.log.Load().seq {
		began := time.Now()
		defer func() { published(l.whole.Revision, began, time.Now()) }()
	}
	g.log.Store(l)
	shards := *g.shards.Load()
	for i, s := range shards {
		if i < len(shards)-1 {
			s.kick()
		} else if s.sweeps.begin() {
			s.sweep()
		}
	}
}

// end ends the group: the next who joins begins another. It is forgotten before the end is
// published, or one who comes back at once would join it again.
func (g *group) end(how Message) {
	g.fanout.mu.Lock()
	g.fanout.forget(g)
	g.fanout.mu.Unlock()
	g.publish(g.log.Load().ended(how))
}

// keep takes what the results that are retained come to out of the memory for them, and
// says whether there is enough. Small ones are what a group may have in any case, so that
// most groups never touch the pool, which all share.
func (g *group) keep(bytes int64) bool {
	const small = 16 << 10
	if bytes <= small {
		bytes = 0
	}
	if more := bytes - g.retained; more > 0 && !g.fanout.o.Memory.Take(more) {
		return false
	} else if more < 0 {
		g.fanout.o.Memory.Give(-more)
	}
	g.retained = bytes
	return true
}
