package fanout

import (
	"context"
	"fmt"
	"runtime/debug"
	"sync/atomic"
	"time"

	"github.com/99designs/gqlgen/graphql"

	"github.com/bosgraph/bosgraph/graph"
)

// group is one subscription and those who follow it. Its driver and its members are
// under the lock of its Fanout.
type group struct {
	fanout *Fanout
	key    key
	ctx    context.Context
	cancel context.CancelFunc
	log    atomic.Pointer[log]
	shards atomic.Pointer[[]*shard]

	driver  graph.Driver // nil until the subscription's resolver has run
	members int
}

func newGroup(f *Fanout, k key) *group {
	g := &group{fanout: f, key: k}
	g.ctx, g.cancel = context.WithCancel(graph.WithPrincipal(f.ctx, k.principal))
	g.log.Store(&log{firsts: true})
	g.shards.Store(&[]*shard{})
	return g
}

// add adds a member, with what it needs to begin.
func (g *group) add(m *Member) {
	m.group, m.cursor = g, g.log.Load().seq
	if g.driver != nil {
		m.need = g.driver.Fresh()
	}
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

// remove removes a member; without any, the execution ends.
func (g *group) remove(m *Member) {
	if !m.shard.remove(m) {
		return
	}
	if g.members--; g.members == 0 {
		g.fanout.forget(g)
		g.cancel()
	}
}

// tell publishes what there is to say. The last shard is swept here and now: with
// few members that is all of them.
func (g *group) tell(l *log) {
	g.log.Store(l)
	shards := *g.shards.Load()
	for i, s := range shards {
		if i < len(shards)-1 {
			s.kick()
		} else if s.start() {
			s.sweep()
		}
	}
}

// end ends the group: whoever comes now begins another.
func (g *group) end(how Message) {
	g.fanout.mu.Lock()
	g.fanout.forget(g)
	g.fanout.mu.Unlock()
	g.tell(g.log.Load().ended(how))
}

// run executes the subscription until it ends or nobody follows it any more.
func (g *group) run(op *graphql.OperationContext) {
	defer g.cancel()
	ctx := graphql.WithOperationContext(graphql.StartOperationTrace(g.ctx), op)
	fail := func(err error) { g.end(Message{Error, g.fanout.present(ctx, err)}) }
	defer func() {
		if r := recover(); r != nil {
			fail(fmt.Errorf("panic: %v\n%s", r, debug.Stack()))
		}
	}()

	inner, driver := graph.WithDriver(ctx)
	next, inner := g.fanout.o.Executor.DispatchOperation(inner, op)
	if *driver == nil { // refused
		response := next(inner)
		g.end(Message{Error, encodeErrors(response.Errors)})
		return
	}
	defer (*driver).Close()
	begin := g.begin(*driver)
	var made time.Time // when the newest whole result was
	for {
		turn, err := (*driver).Next(inner)
		switch {
		case g.ctx.Err() != nil:
			return
		case err != nil:
			fail(err)
			return
		case turn.Read < begin:
			continue // from a read that began before anybody here had joined
		}
		l := g.log.Load()
		switch {
		case turn.Empty:
		case turn.Again && l.whole != nil && l.whole.seq == l.seq && time.Since(made) < g.fanout.o.Fresh:
			g.tell(l.asOf(turn.Read))
		default:
			turn.Accept()
			response := next(inner)
			if response == nil {
				return // the context has ended
			}
			if turn.Whole {
				made = time.Now()
			}
			g.tell(l.with(g.fanout.o.Encode(response), turn.Standing))
		}
		if turn.Last {
			g.end(Message{Kind: Complete})
			return
		}
	}
}

// begin lets those who join ask the driver for what they need, and returns what
// those who already have need.
func (g *group) begin(driver graph.Driver) (read uint64) {
	g.fanout.mu.Lock()
	defer g.fanout.mu.Unlock()
	g.driver = driver
	read = driver.Fresh()
	if read == 0 {
		g.log.Store(&log{})
	}
	return read
}
