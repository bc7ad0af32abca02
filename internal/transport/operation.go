package transport

import (
	"context"
	"net/http"
	"sync/atomic"
	"time"

	"github.com/99designs/gqlgen/graphql"
	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/gqlerror"

	"github.com/bosgraph/bosgraph/bos"
	"github.com/bosgraph/bosgraph/internal/audit"
	"github.com/bosgraph/bosgraph/internal/auth"
	"github.com/bosgraph/bosgraph/internal/cost"
	"github.com/bosgraph/bosgraph/internal/fanout"
)

// operation is one that a client has asked for over a WebSocket, under an id. What belongs
// to its kind is behind atomic pointers: the goroutine that reads the socket stops it while
// others start it or send what it has.
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

// start starts it, from a message of that size: a subscription is followed, anything else executed.
// A subscription pays once, when it begins: what it is sent later is shared by all who have it.
func (o *operation) start(w *wire, size int, access auth.Access) {
	s, began := o.socket.streams, time.Now()
	ctx := graphql.StartOperationTrace(audit.WithRequest(auth.WithAccess(s.base, access), o.socket.request))
	request, status, err := finish(w, false)
	if err != nil {
		o.refused("", status, began, gqlerror.List{shown(err)})
		return
	}
	client := clientOf(access, o.socket.address)
	if err := s.o.HTTP.Budget.Spend(client, cost.Request+cost.OfBody(size)); err != nil {
		o.refused("", http.StatusTooManyRequests, began, gqlerror.List{shown(err)})
		return
	}
	op, errs := s.o.HTTP.operation(ctx, request)
	if err := s.o.HTTP.pay(ctx, client, op, priceOf(op, errs)); err != nil {
		o.refused(typeOf(op), http.StatusTooManyRequests, began, gqlerror.List{shown(err)})
		return
	}
	switch {
	case errs != nil:
		o.refused(typeOf(op), statusUnexecuted(errs), began, s.o.HTTP.refusal(ctx, op, errs).Errors)
	case op.Operation.Operation != ast.Subscription:
		ctx, cancel := context.WithCancel(ctx)
		o.cancel.Store(&cancel)
		// stop may have looked for it before it was there.
		if o.stopped.Load() {
			cancel()
			return
		}
		s.done.Go(func() { o.execute(ctx, op, began) })
	default:
		o.follow(ctx, op, access, began)
	}
}

// follow joins the group of a subscription. The first offer is made here: what the group
// has to say already was published before there was anybody to offer it to.
func (o *operation) follow(ctx context.Context, op *graphql.OperationContext, access auth.Access, began time.Time) {
	s := o.socket.streams
	m, err := s.o.Fanout.Join(op, access, o.socket.address, o)
	if err != nil {
		o.refused(typeOf(op), statusOf(bos.CodeOf(err)), began, s.o.HTTP.refusal(ctx, op, gqlerror.List{gqlerror.Wrap(err)}).Errors)
		return
	}
	s.o.HTTP.observe(typeOf(op), http.StatusOK, began)
	o.member.Store(m)
	// stop may have looked for a member before there was one; then it is for us to leave.
	if o.stopped.Load() {
		m.Leave()
		return
	}
	o.Offer(new([]byte))
}

// execute answers a query or a mutation.
func (o *operation) execute(ctx context.Context, op *graphql.OperationContext, began time.Time) {
	defer o.socket.recover()
	defer o.stop()
	h := o.socket.streams.o.HTTP
	// Not shared with other requests, as those over HTTP are: a socket is for subscriptions, and
	// those that poll use HTTP.
	p := h.bounded(ctx, typeJSON, 0, o.socket.line(), func(ctx context.Context) *reply { return h.dispatch(ctx, typeJSON, op, h.directly(op)) })
	defer p.release()
	if p == nil {
		return
	}
	h.observe(typeOf(op), p.outcome(), began)
	if o.stopped.Load() {
		return
	}
	const next, end = `next","payload":`, `complete"}`
	head := appendHead(nil, frameText, len(o.head)+len(next)+p.body.Len()+1)
	parts := make([][]byte, 0, len(p.body)+2)
	parts = append(append(parts, append(append(head, o.head...), next...)), p.body...)
	// Before the answer is out: a client that has it may use the id again at once.
	o.socket.forget(o)
	_ = o.socket.Send(append(parts, appendFrame([]byte{'}'}, frameText, o.head, end))...) // an error also reaches the reading goroutine
}

// refused ends it with errors, before anything was executed.
func (o *operation) refused(operation string, status int, began time.Time, errs gqlerror.List) {
	o.socket.streams.o.HTTP.observe(operation, status, began)
	o.fail(errs)
}

// fail ends it with errors.
func (o *operation) fail(errs gqlerror.List) {
	o.socket.forget(o)
	o.socket.say(o.head, `error","payload":`, jsonText(errs), "}")
}

// refuse says why nothing was started. The id is not taken, so there is nothing to forget.
func (o *operation) refuse(message string) {
	o.socket.say(o.head, `error","payload":`, jsonText(gqlerror.List{shown(bos.Errorf(bos.Unavailable, "%s", message))}), "}")
}

// stop ends it without a message, as the client asked for, or because the socket ends. It
// may be called more than once.
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
	// Only a result leaves the operation as it is. After an error or the end its id is free, and the
	// client may use it in the very next message: it is forgotten before this one is sent.
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
