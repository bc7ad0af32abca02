package transport

import (
	"context"
	"sync/atomic"

	"github.com/99designs/gqlgen/graphql"
	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/gqlerror"

	"github.com/bosgraph/bosgraph/bos"
	"github.com/bosgraph/bosgraph/graph"
	"github.com/bosgraph/bosgraph/internal/fanout"
)

// operation is one that a client has asked for over a WebSocket, under an id.
type operation struct {
	socket  *socket
	id      string
	head    string                             // of its messages: the id, as JSON
	member  atomic.Pointer[fanout.Member]      // of a subscription, once it has begun
	cancel  atomic.Pointer[context.CancelFunc] // of anything else
	stopped atomic.Bool
}

func newOperation(c *socket, id string) *operation {
	return &operation{socket: c, id: id, head: `{"id":` + jsonText(id) + `,"type":"`}
}

// start starts it: a subscription is followed, anything else executed.
func (o *operation) start(w *wire, principal graph.Principal) {
	s := o.socket.streams
	ctx := graphql.StartOperationTrace(graph.WithPrincipal(s.base, principal))
	request, _, err := finish(w)
	if err != nil {
		o.fail(gqlerror.List{shown(err)})
		return
	}
	op, errs := s.o.HTTP.operation(ctx, request)
	switch {
	case errs != nil:
		o.fail(s.o.HTTP.refusal(ctx, op, errs).Errors)
	case op.Operation.Operation != ast.Subscription:
		ctx, cancel := context.WithCancel(ctx)
		o.cancel.Store(&cancel)
		s.done.Go(func() { o.execute(ctx, op) })
	default:
		o.follow(ctx, op, principal)
	}
}

func (o *operation) follow(ctx context.Context, op *graphql.OperationContext, principal graph.Principal) {
	s := o.socket.streams
	m, err := s.o.Fanout.Join(op, principal, o)
	if err != nil {
		o.fail(s.o.HTTP.refusal(ctx, op, gqlerror.List{gqlerror.Wrap(err)}).Errors)
		return
	}
	o.member.Store(m)
	if o.stopped.Load() { // the connection has ended meanwhile
		m.Leave()
		return
	}
	o.Offer(new([]byte))
}

// execute answers a query or a mutation.
func (o *operation) execute(ctx context.Context, op *graphql.OperationContext) {
	defer o.socket.recover()
	defer o.stop()
	next, ctx := o.socket.streams.o.HTTP.Executor.DispatchOperation(ctx, op)
	response := next(ctx)
	if o.stopped.Load() || response == nil {
		return
	}
	result := appendFrame(nil, frameText, o.head, `next","payload":`, string(Encode(response)), "}")
	o.socket.forget(o)
	_ = o.socket.Send(appendFrame(result, frameText, o.head, `complete"}`)) // whoever reads is told of an error
}

// fail ends it with errors.
func (o *operation) fail(errs gqlerror.List) {
	o.socket.forget(o)
	o.socket.say(o.head, `error","payload":`, jsonText(errs), "}")
}

func (o *operation) refuse(message string) {
	o.socket.say(o.head, `error","payload":`, jsonText(gqlerror.List{shown(bos.Errorf(bos.Unavailable, "%s", message))}), "}")
}

// stop ends it without a word.
func (o *operation) stop() {
	o.stopped.Store(true)
	if cancel := o.cancel.Load(); cancel != nil {
		(*cancel)()
	}
	if m := o.member.Load(); m != nil {
		m.Leave()
	}
}

// Offer implements fanout.Sink.
func (o *operation) Offer(scratch *[]byte) { o.socket.Offer(o, scratch) }

// Append implements push.Source.
func (o *operation) Append(to []byte) ([]byte, bool) {
	m := o.member.Load()
	if m == nil || o.stopped.Load() {
		return nil, false
	}
	message, ok := m.Next()
	if !ok {
		return nil, false
	}
	switch message.Kind {
	case fanout.Next:
		return o.result(to, message.Payload), false
	case fanout.Error:
		to = appendFrame(to, frameText, o.head, `error","payload":`, string(message.Payload), "}")
	default:
		to = appendFrame(to, frameText, o.head, `complete"}`)
	}
	o.socket.forget(o)
	o.stop()
	return to, false
}

// result appends a result. It is what all the rest is for: nothing is allocated
// here, and the payload, which many share, is copied once.
func (o *operation) result(to, payload []byte) []byte {
	const next = `next","payload":`
	to = appendHead(to, frameText, len(o.head)+len(next)+len(payload)+1)
	to = append(append(to, o.head...), next...)
	return append(append(to, payload...), '}')
}

// forget lets the client use the operation's id again.
func (c *socket) forget(o *operation) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.operations[o.id] == o {
		delete(c.operations, o.id)
	}
}
