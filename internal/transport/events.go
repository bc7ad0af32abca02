package transport

import (
	"net/http"
	"strconv"
	"sync/atomic"
	"time"

	"github.com/99designs/gqlgen/graphql"
	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/gqlerror"

	"github.com/bosgraph/bosgraph/graph"
	"github.com/bosgraph/bosgraph/internal/fanout"
	"github.com/bosgraph/bosgraph/internal/push"
)

// typeEvents is the media type of event streams; see
// https://github.com/enisdenjo/graphql-sse/blob/master/PROTOCOL.md, distinct
// connections mode.
const typeEvents = "text/event-stream"

// What an event stream is made of. The end has no data: clients would take it for a
// result.
const (
	eventNext     = "event: next\ndata: "
	eventEnd      = "\n\n"
	eventComplete = "event: complete\ndata:\n\n"
	eventPing     = ":\n\n"
	eventsHead    = "HTTP/1.1 200 OK\r\nContent-Type: " + typeEvents + "; charset=utf-8\r\nCache-Control: no-store\r\n" +
		"X-Accel-Buffering: no\r\nX-Content-Type-Options: nosniff\r\nConnection: close\r\n"
	lastChunk = "0\r\n\r\n"
)

// events is an event stream: one operation, told over the connection of its request.
type events struct {
	connection
	streams *Streams
	chunked bool // HTTP/1.0 has no chunks: there the end of the connection is that of the stream
	member  atomic.Pointer[fanout.Member]
	gone    atomic.Bool
}

func (s *Streams) serveEvents(w http.ResponseWriter, r *http.Request) {
	request, status, bad := s.o.HTTP.read(w, r)
	if bad != nil {
		failure(typeJSON, status, bad).send(w)
		return
	}
	request.Headers = r.Header
	ctx := graphql.StartOperationTrace(r.Context())
	op, errs := s.o.HTTP.operation(ctx, request)
	switch {
	case errs != nil:
		tellOnce(w, s.o.HTTP.refusal(ctx, op, errs))
	case op.Operation.Operation == ast.Mutation && r.Method == http.MethodGet:
		onlyReads(typeJSON).send(w)
	case op.Operation.Operation != ast.Subscription:
		next, ctx := s.o.HTTP.Executor.DispatchOperation(ctx, op)
		if response := next(ctx); response != nil { // nil: the client has gone
			tellOnce(w, response)
		}
	default:
		s.follow(w, r, op)
	}
}

// tellOnce answers with a stream of one result.
func tellOnce(w http.ResponseWriter, response *graphql.Response) {
	w.Header().Set("Content-Type", typeEvents+"; charset=utf-8")
	w.Header().Set("Cache-Control", "no-store")
	w.Header().Set("X-Content-Type-Options", "nosniff")
	body := append([]byte(eventNext), Encode(response)...)
	_, _ = w.Write(append(append(body, eventEnd...), eventComplete...)) // a client that has gone has no use for an error
}

// follow streams a subscription over the connection, taken from the HTTP server.
func (s *Streams) follow(w http.ResponseWriter, r *http.Request, op *graphql.OperationContext) {
	ctx := r.Context()
	if _, _, err := graph.Shared(op); err != nil {
		tellOnce(w, s.o.HTTP.refusal(ctx, op, gqlerror.List{gqlerror.Wrap(err)}))
		return
	}
	address, ok := s.admit(w, r)
	if !ok {
		return
	}
	conn, _, err := http.NewResponseController(w).Hijack()
	if err == nil {
		err = conn.SetDeadline(time.Time{}) // of the HTTP server
	}
	if err != nil {
		s.expel(address)
		return
	}
	e := &events{streams: s, chunked: r.ProtoAtLeast(1, 1)}
	e.Conn, e.address, e.pinged = push.New(conn, s.o.WriteDeadline), address, time.Now()
	head := eventsHead
	if e.chunked {
		head += "Transfer-Encoding: chunked\r\n"
	}
	_, _ = e.Write([]byte(head + "\r\n"))
	s.enter(e)
	s.done.Go(e.read)
	m, err := s.o.Fanout.Join(op, graph.PrincipalOf(ctx), e)
	if err != nil {
		_ = e.Close() // can't be: it has been checked
		return
	}
	e.member.Store(m)
	if e.gone.Load() {
		m.Leave()
		return
	}
	e.Offer(new([]byte))
}

// read waits for the client to go: it has nothing more to say.
func (e *events) read() {
	var b [1]byte
	for {
		if _, err := e.Conn.Read(b[:]); err != nil {
			break
		}
	}
	e.streams.leave(e)
	e.gone.Store(true)
	if m := e.member.Load(); m != nil {
		m.Leave()
	}
}

func (e *events) ping() { _, _ = e.Write(e.chunk(nil, eventPing, nil, "")) }

// goAway breaks the stream off: without an end the client knows to come back.
func (e *events) goAway() { _ = e.Close() }

// Offer implements fanout.Sink.
func (e *events) Offer(scratch *[]byte) { e.Conn.Offer(e, scratch) }

// Append implements push.Source.
func (e *events) Append(to []byte) ([]byte, bool) {
	m := e.member.Load()
	if m == nil {
		return nil, false
	}
	message, ok := m.Next()
	switch {
	case !ok:
		return nil, false
	case message.Kind == fanout.Next:
		return e.chunk(to, eventNext, message.Payload, eventEnd), false
	case message.Kind == fanout.Error:
		result := append(append([]byte(`{"errors":`), message.Payload...), '}')
		to = e.chunk(to, eventNext, result, eventEnd)
	}
	to = e.chunk(to, eventComplete, nil, "")
	if e.chunked {
		to = append(to, lastChunk...)
	}
	// The client closes what has come to its end; one that does not is not waited for.
	_ = e.SetReadDeadline(time.Now().Add(e.streams.o.CompleteWithin))
	return to, true
}

// chunk appends a part of the stream, as one chunk if there are such.
func (e *events) chunk(to []byte, before string, payload []byte, after string) []byte {
	if e.chunked {
		n := len(before) + len(payload) + len(after)
		to = append(strconv.AppendInt(to, int64(n), 16), "\r\n"...)
	}
	to = append(append(append(to, before...), payload...), after...)
	if e.chunked {
		to = append(to, "\r\n"...)
	}
	return to
}
