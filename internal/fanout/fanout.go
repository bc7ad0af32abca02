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
	"time"

	"github.com/99designs/gqlgen/graphql"
	"github.com/vektah/gqlparser/v2/formatter"
	"github.com/vektah/gqlparser/v2/gqlerror"

	"github.com/bosgraph/bosgraph/bos"
	"github.com/bosgraph/bosgraph/graph"
)

// Options say how subscriptions are run.
type Options struct {
	Executor graphql.GraphExecutor
	Encode   func(*graphql.Response) []byte // as results go over the wire
	// Fresh is how old a result may be for one who joins, if the state has not
	// changed since: times in it go on by themselves.
	Fresh time.Duration
}

// Fanout runs subscriptions. It is safe for concurrent use.
type Fanout struct {
	o       Options
	ctx     context.Context // of all executions
	cancel  context.CancelFunc
	running sync.WaitGroup

	mu     sync.Mutex
	groups map[key]*group
}

// key is the same for identical subscriptions.
type key struct {
	principal graph.Principal
	text      string // the query without what is about delivery, and its variables
}

// New makes a Fanout; Stop ends what it runs.
func New(o Options) *Fanout {
	ctx, cancel := context.WithCancel(context.Background())
	return &Fanout{o: o, ctx: ctx, cancel: cancel, groups: map[key]*group{}}
}

// Stop ends all executions. It says nothing to members: their connections end, or
// have ended.
func (f *Fanout) Stop() {
	f.cancel()
	f.running.Wait()
}

// Join lets a sink follow a subscription that has been validated. There may be
// something for it at once: it looks with [Member.Next].
func (f *Fanout) Join(op *graphql.OperationContext, principal graph.Principal, sink Sink) (*Member, error) {
	shared, delivery, err := graph.Shared(op)
	if err != nil {
		return nil, err
	}
	k := key{principal, textOf(shared)}
	m := &Member{sink: sink, delivery: delivery, lost: true}
	f.mu.Lock()
	defer f.mu.Unlock()
	g := f.groups[k]
	if g == nil {
		g = newGroup(f, k)
		f.groups[k] = g
		f.running.Go(func() { g.run(shared) })
	}
	g.add(m)
	return m, nil
}

// Executions is how many distinct subscriptions are running.
func (f *Fanout) Executions() int {
	f.mu.Lock()
	defer f.mu.Unlock()
	return len(f.groups)
}

// forget lets the next who joins begin a new group. f is locked.
func (f *Fanout) forget(g *group) {
	if f.groups[g.key] == g {
		delete(f.groups, g.key)
	}
}

// fresh asks for a whole result for one who has fallen behind.
func (f *Fanout) fresh(g *group) uint64 {
	f.mu.Lock()
	defer f.mu.Unlock()
	return g.driver.Fresh()
}

// textOf writes down all that an execution depends on.
func textOf(op *graphql.OperationContext) string {
	var text strings.Builder
	formatter.NewFormatter(&text, formatter.WithIndent("")).FormatQueryDocument(op.Doc)
	variables, err := json.Marshal(op.Variables)
	if err != nil {
		panic(err) // they came as JSON
	}
	text.Write(variables)
	return text.String()
}

// fellBehind is what is said to one who has missed changes and can't begin anew.
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
