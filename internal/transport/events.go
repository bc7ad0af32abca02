package transport

import (
	"io"
	"net/http"
	"strconv"
	"sync/atomic"
	"time"

	"github.com/99designs/gqlgen/graphql"
	"github.com/vektah/gqlparser/v2/gqlerror"

	"github.com/bosgraph/bosgraph/bos"
	"github.com/bosgraph/bosgraph/internal/audit"
	"github.com/bosgraph/bosgraph/internal/auth"
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
		"X-Accel-Buffering: no\r\nX-Content-Type-Options: nosniff\r\nCross-Origin-Resource-Policy: same-origin\r\n" +
		"Content-Security-Policy: default-src 'none'; frame-ancestors 'none'\r\nX-Frame-Options: DENY\r\nReferrer-Policy: no-referrer\r\nConnection: close\r\n"
	lastChunk = "0\r\n\r\n"
)

// events is an event stream: one operation, sent over the connection of its request.
type events struct {
	connection
	streams *Streams
	chunked bool // HTTP/1.1 has chunks; elsewhere the end of the connection is that of the stream
	member  atomic.Pointer[fanout.Member]
	failed  atomic.Pointer[gqlerror.List] // why it ends, instead of what the member has
	gone    atomic.Bool
}

func (s *Streams) serveEvents(w http.ResponseWriter, r *http.Request) {
	b, status, err := s.o.HTTP.body(w, r)
	began := time.Now()
	if err != nil {
		s.o.HTTP.answer(w, failure(typeJSON, status, err), began)
		return
	}
	defer b.release()
	switch p := s.o.HTTP.execute(r.Context(), r, b, typeEvents, nil); {
	case p == nil: // the client has disconnected
	case p.subscription != nil:
		p.release()
		s.o.HTTP.observe(p.operation, http.StatusOK, began)
		s.follow(w, r, p.subscription)
	case p.kind != answerType(typeEvents):
		s.o.HTTP.answer(w, p, began)
	default:
		s.o.HTTP.observe(p.operation, p.outcome(), began)
		reportOnce(w, p)
	}
}

// reportOnce answers with a stream of one result.
func reportOnce(w http.ResponseWriter, p *reply) {
	defer p.release()
	w.Header().Set("Content-Type", answerType(typeEvents))
	w.Header().Set("Cache-Control", "no-store")
	w.Header().Set("X-Content-Type-Options", "nosniff")
	_, _ = io.WriteString(w, eventNext) // a client that has disconnected has no use for an error
	p.writeTo(w)
	_, _ = io.WriteString(w, eventEnd+eventComplete)
}

// follow streams a subscription over the connection, taken from the HTTP server.
func (s *Streams) follow(w http.ResponseWriter, r *http.Request, op *graphql.OperationContext) {
	ctx := r.Context()
	address, ok := s.admit(w, r)
	if !ok {
		return
	}
	e := &events{streams: s}
	e.address, e.pinged = address, s.moment(time.Now())
	e.may(auth.GrantOf(ctx))
	if r.ProtoMajor > 1 {
		stream := newStreamConn(w, r)
		defer stream.wait()
		e.Conn = push.New(stream, s.o.WriteDeadline)
	} else if !e.takeOver(w, r) {
		s.expel(address)
		return
	}
	s.enter(e)
	s.done.Go(e.read)
	// The stream's head is out and its client is read before it joins: from the first offer
	// on, messages may come at any time.
	m, err := s.o.Fanout.Join(op, auth.AccessOf(ctx), address, e)
	if err != nil {
		e.fail(s.o.HTTP.refusal(ctx, op, gqlerror.List{gqlerror.Wrap(err)}).Errors)
		return
	}
	e.member.Store(m)
	if e.gone.Load() { // read has not found the member
		m.Leave()
		return
	}
	// What came before the member was known has not been asked for.
	e.Offer(new([]byte))
}

// takeOver takes the connection from the HTTP server, which would keep its goroutine and buffers
// for as long as the stream lasts, and whose writes wait for the client. It sends the head.
func (e *events) takeOver(w http.ResponseWriter, r *http.Request) bool {
	conn, _, err := http.NewResponseController(w).Hijack()
	if err == nil {
		conn, err = takeOver(conn)
	}
	if err != nil {
		return false
	}
	e.Conn, e.chunked = push.New(conn, e.streams.o.WriteDeadline), r.ProtoAtLeast(1, 1)
	head := eventsHead
	if id := audit.RequestOf(r.Context()).ID; id != "" {
		head += audit.RequestHeader + ": " + id + "\r\n"
	}
	if e.chunked {
		head += "Transfer-Encoding: chunked\r\n"
	}
	_, _ = e.Write([]byte(head + "\r\n"))
	return true
}

// mostUnasked is how many bytes a client may still send that follows a stream. It has nothing more to say; to read on
// without end would cost the server more than the client.
const mostUnasked = 1 << 10

// read waits for the client to go, one byte at a time: no buffer waits with it.
func (e *events) read() {
	var b [1]byte
	var err error
	for n := 0; n < mostUnasked && err == nil; n++ {
		_, err = e.Conn.Read(b[:])
	}
	if err == nil {
		_ = e.Close()
	}
	e.streams.leave(e)
	// First gone, then the member; follow does it the other way round. So one of the two always
	// sees what the other has set, and a member whose client has disconnected is never left over.
	e.gone.Store(true)
	if m := e.member.Load(); m != nil {
		m.Leave()
	}
}

func (e *events) pingAgain() {} // there is one way

func (e *events) ping() { _, _ = e.Write(e.chunk(nil, eventPing, nil, "")) }

// expire ends the stream with an error as its last result: a client that came back at once
// would be refused, and has to be given another token first.
func (e *events) expire(reason string) {
	e.fail(gqlerror.List{shown(bos.Errorf(bos.Unauthenticated, "%s", reason))})
}

// fail ends the stream with errors, for a client that is slow to take them, too.
func (e *events) fail(errs gqlerror.List) {
	e.failed.Store(&errs)
	e.Offer(new([]byte))
	e.leaveSoon()
}

// failure appends errors, a list as JSON. The protocol has no event for them: they are a result without data.
func (e *events) failure(to []byte, errs string) []byte {
	return e.chunk(to, eventNext+`{"errors":`, []byte(errs), "}"+eventEnd)
}

// end appends the end of the stream.
func (e *events) end(to []byte) []byte {
	to = e.chunk(to, eventComplete, nil, "")
	if e.chunked {
		to = append(to, lastChunk...)
	}
	e.leaveSoon()
	return to
}

// leaveSoon bounds how long the client may stay: it closes what has come to its end, and one that does not is not waited for.
func (e *events) leaveSoon() { _ = e.SetReadDeadline(time.Now().Add(e.streams.o.CompleteWithin)) }

// goAway closes the connection without ending the stream: that is how clients know that they have
// to reconnect. After eventComplete they would stop.
func (e *events) goAway() { _ = e.Close() }

// Offer implements fanout.Sink.
func (e *events) Offer(scratch *[]byte) { e.Conn.Offer(e, scratch) }

// Append implements push.Source.
func (e *events) Append(to []byte) ([]byte, bool) {
	if errs := e.failed.Load(); errs != nil {
		return e.end(e.failure(to, jsonText(*errs))), true
	}
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
		to = e.failure(to, string(message.Payload))
	}
	return e.end(to), true
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
