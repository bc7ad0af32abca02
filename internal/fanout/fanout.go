// Package fanout runs each distinct subscription once, however many follow it:
// what it yields is encoded once and handed to all of them.
//
// Subscriptions are the same when their query, variables and rights are, whatever
// their subscribers ask of the delivery. Nothing is queued for a subscriber: the
// group keeps what it has to say, and each member remembers how far it has come.
// One that is slow finds only the newest state when it can take something again.
package fanout

import (
	"context"
	"encoding/json"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/99designs/gqlgen/graphql"
	"github.com/vektah/gqlparser/v2/formatter"
	"github.com/vektah/gqlparser/v2/gqlerror"

	"github.com/bosgraph/bosgraph/bos"
	"github.com/bosgraph/bosgraph/graph"
	"github.com/bosgraph/bosgraph/internal/auth"
	"github.com/bosgraph/bosgraph/internal/cost"
)

// Options say how subscriptions are run.
type Options struct {
	Executor graphql.GraphExecutor
	Bounds   *cost.Limits // of the execution of one result; nil for any
	// Timeout is how long the execution of one result may take; 0 for any time. A subscription with one that takes longer ends.
	Timeout time.Duration
	// Groups and PerAddress are how many distinct subscriptions may run in all, and of
	// those begun from one address; 0 for any number. A long one counts as several.
	Groups, PerAddress int
	// Memory is what results that are kept may take together; nil for any amount.
	Memory *cost.Pool
	// Fresh is how old a result may be for one who joins, if the state has not
	// changed since: times in it advance by themselves.
	Fresh time.Duration
	// Published is called when a whole result of that revision was offered to all who follow a subscription, with when that
	// began and ended; nil for nobody.
	Published func(revision int64, from, to time.Time)
}

// Fanout runs subscriptions. It is safe for concurrent use.
type Fanout struct {
	o       Options
	ctx     context.Context // of all executions
	cancel  context.CancelFunc
	running sync.WaitGroup

	delivered, coalesced atomic.Int64

	mu     sync.Mutex
	groups map[key]*group
	weight int            // of all groups
	from   map[string]int // of these by the address that began them
}

// key is the same for identical subscriptions. Rights are part of it: what one may see must
// never reach another because both asked alike.
type key struct {
	rights string // of [auth.Access.Key]
	text   string // the query without what is about delivery, and its variables
}

// New makes a Fanout; Stop ends what it runs.
func New(o Options) *Fanout {
	ctx, cancel := context.WithCancel(context.Background())
	return &Fanout{o: o, ctx: ctx, cancel: cancel, groups: map[key]*group{}, from: map[string]int{}}
}

// Stop ends all executions. It says nothing to members: their connections end, or
// have ended.
func (f *Fanout) Stop() {
	f.cancel()
	f.mu.Lock()
	for _, g := range f.groups {
		g.execution.wake()
	}
	f.mu.Unlock()
	f.running.Wait()
}

// Join lets a sink follow a subscription that has been validated, for a client at that
// address. There may be something for it at once: it looks with [Member.Next].
func (f *Fanout) Join(op *graphql.OperationContext, access auth.Access, address string, sink Sink) (*Member, error) {
	shared, delivery, err := graph.Shared(op)
	if err != nil {
		return nil, err
	}
	text, query := textOf(shared)
	k := key{access.Key(), text}
	m := &Member{sink: sink, delivery: delivery, lost: true}
	f.mu.Lock()
	defer f.mu.Unlock()
	if g := f.groups[k]; g != nil {
		if g.add(m) {
			return m, nil
		}
		f.forget(g)
	}
	g := newGroup(f, k, access)
	g.query = query
	g.address, g.weight = address, 1+len(k.text)/textWeight
	if err := f.enter(g); err != nil {
		return nil, err
	}
	f.groups[k] = g
	g.add(m)
	g.execute(shared)
	return m, nil
}

// textWeight bounds the memory that long subscriptions take: it is how many bytes of a subscription count as one more.
const textWeight = 4 << 10

// enter counts a group in, unless there are too many. f is locked.
func (f *Fanout) enter(g *group) error {
	switch {
	case f.o.Groups > 0 && f.weight+g.weight > f.o.Groups:
		return bos.Errorf(bos.Unavailable, "this server runs as many distinct subscriptions as it may (--max-distinct-subscriptions): "+
			"use the same query and variables as others do, or try again later")
	case f.o.PerAddress > 0 && f.from[g.address]+g.weight > f.o.PerAddress:
		return bos.Errorf(bos.Unavailable, "your address has begun as many distinct subscriptions as it may (--max-distinct-subscriptions-per-address): "+
			"complete some, or follow a list with sessionsUpdated")
	}
	f.weight += g.weight
	f.from[g.address] += g.weight
	return nil
}

// Executions is how many distinct subscriptions are running.
func (f *Fanout) Executions() int {
	f.mu.Lock()
	defer f.mu.Unlock()
	return len(f.groups)
}

// Subscribers is how many follow a subscription.
func (f *Fanout) Subscribers() (n int) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, g := range f.groups {
		n += g.members
	}
	return n
}

// Results returns how many results were sent since the start, one to each of two members counting
// as two, and how many were left out because a newer one had replaced them before the member could
// take them.
func (f *Fanout) Results() (delivered, coalesced int64) {
	return f.delivered.Load(), f.coalesced.Load()
}

// forget lets the next who joins begin a new group. f is locked.
func (f *Fanout) forget(g *group) {
	if f.groups[g.key] != g {
		return
	}
	delete(f.groups, g.key)
	f.weight -= g.weight
	if f.from[g.address] -= g.weight; f.from[g.address] == 0 {
		delete(f.from, g.address)
	}
}

// textOf writes down all that an execution depends on: the query, which takes that many bytes, and
// the variables. The formatter makes texts equal that differ in layout only.
func textOf(op *graphql.OperationContext) (all string, query int) {
	var text strings.Builder
	formatter.NewFormatter(&text, formatter.WithIndent("")).FormatQueryDocument(op.Doc)
	query = text.Len()
	variables, err := json.Marshal(op.Variables)
	if err != nil {
		panic(err) // they came as JSON
	}
	text.Write(variables)
	return text.String(), query
}

// fellBehind is what is said to one who has missed changes and can't begin again.
func (f *Fanout) fellBehind() []byte {
	return encodeErrors(gqlerror.List{{
		Message:    "too much has changed since you last took a message: subscribe again and read the list",
		Extensions: map[string]any{"code": string(bos.Unavailable)},
	}})
}

// present is an error as users see it: a list, as JSON.
func (f *Fanout) present(ctx context.Context, err error) []byte {
	response := f.o.Executor.DispatchError(ctx, gqlerror.List{gqlerror.Wrap(err)})
	return encodeErrors(response.Errors)
}

func encodeErrors(errs gqlerror.List) []byte {
	text, err := json.Marshal(errs)
	if err != nil {
		panic(err) // texts and numbers of our own making
	}
	return text
}
