package transport

import (
	"cmp"
	"context"
	"errors"
	"maps"
	"net/http"
	"strconv"
	"sync/atomic"

	"github.com/99designs/gqlgen/graphql"

	"github.com/bosgraph/bosgraph/bos"
	"github.com/bosgraph/bosgraph/graph"
	"github.com/bosgraph/bosgraph/internal/cost"
)

// reply is a response as it is sent, to one client or many. The memory that it is counted
// with is given back when the last of them has it, and not when it was made: an answer that
// a slow client has not read yet is held like one that is being made.
type reply struct {
	status int
	kind   string      // its Content-Type
	header http.Header // besides those that every answer has; usually nil
	body   graph.Parts
	failed bool // there are errors of fields in it
	became int  // the status of the fault by which fields failed; 0 for the one of the answer

	operation string // the type of what it answers; empty if that was not known

	effort *cost.Effort // what it holds until all have it
	others atomic.Int32 // that are to have it, besides one

	subscription *graphql.OperationContext // that this refuses, in case that it can be followed
}

func answered(mediaType string, status int, body graph.Parts) *reply {
	return &reply{status: status, kind: answerType(mediaType), body: body}
}

// to says what type of operation the reply answers. Nobody has it yet.
func (p *reply) to(operation string) *reply {
	if p != nil {
		p.operation = operation
	}
	return p
}

// outcome is the status that says what became of the request.
func (p *reply) outcome() int { return cmp.Or(p.became, p.status) }

// The headers of every answer that are always the same. What a GET answers is true now.
var (
	noSniffing = []string{"nosniff"}
	noStoring  = []string{"no-store"}
)

// fill writes the headers of the answer. Their names are in canonical form.
func (p *reply) fill(header http.Header) {
	header["Content-Type"] = []string{p.kind}
	header["X-Content-Type-Options"], header["Cache-Control"] = noSniffing, noStoring
	// net/http counts what it has whole in its buffer. With the ninth header, a map takes three
	// times as much time and memory, and it is copied once.
	if n := p.body.Len(); n > countedByServer {
		header["Content-Length"] = []string{strconv.Itoa(n)}
	}
	maps.Copy(header, p.header)
}

// countedByServer is how many bytes an answer may have whose length net/http sets: "a few KB", by
// [http.ResponseWriter].
const countedByServer = 1 << 10

func answerType(mediaType string) string {
	if mediaType == typeJSON { // nearly always
		return typeJSON + charset
	}
	return mediaType + charset
}

const charset = "; charset=utf-8"

// share says that so many clients are to have the reply. It is called once, before any of them
// has it; nobody may be left, if all have disconnected meanwhile.
func (p *reply) share(among int) {
	switch {
	case p == nil:
	case among == 0:
		p.effort.Done()
	default:
		p.others.Store(int32(among - 1))
	}
}

// release says that one of them has it, or needs it no more.
func (p *reply) release() {
	// Below zero, as others does not count one of them: a reply for a single client needs no
	// share.
	if p != nil && p.others.Add(-1) < 0 {
		p.effort.Done()
	}
}

// send writes a reply; nil is for a client that has disconnected.
func (p *reply) send(w http.ResponseWriter) {
	if p == nil {
		return
	}
	defer p.release()
	p.fill(w.Header())
	w.WriteHeader(p.status)
	p.writeTo(w)
}

func (p *reply) writeTo(w http.ResponseWriter) {
	for _, part := range p.body {
		if _, err := w.Write(part); err != nil {
			return // a client that has disconnected has no use for an error
		}
	}
}

// bounded does one operation, whose body has so many bytes, within the server's bounds and
// within its time, and in line with others of its connection if there is one. Nil if ctx has ended.
func (h HTTP) bounded(ctx context.Context, mediaType string, body int, line chan struct{}, do func(context.Context) *reply) (p *reply) {
	within, effort := h.Bounds.WithEffort(ctx)
	effort.Queue(line)
	defer func() {
		if p == nil { // or do has panicked
			effort.Done()
		}
	}()
	if h.Timeout > 0 {
		var cancel context.CancelFunc
		within, cancel = context.WithTimeout(within, h.Timeout)
		defer cancel()
	}
	var done *reply
	if err := turn(within, effort, body); err != nil {
		done = failure(mediaType, http.StatusServiceUnavailable, err)
	} else {
		done = do(within)
	}
	// An answer that was complete in time is sent, even if the deadline has passed since. If fields
	// have failed, their errors are consequences of the deadline, and do not name it.
	if late := errors.Is(within.Err(), context.DeadlineExceeded) && ctx.Err() == nil; late && (done == nil || done.failed) {
		done = failure(mediaType, http.StatusServiceUnavailable, bos.Errorf(bos.Unavailable,
			"the operation took longer than %v (--operation-timeout) and was stopped: ask for less at a time; a change that was sent may have been made", h.Timeout))
	}
	if done == nil {
		return nil
	}
	effort.Executed(done.body.Held())
	done.effort = effort
	return done
}

// turn waits for the turn of a large request, and counts what decoding it takes.
func turn(ctx context.Context, effort *cost.Effort, body int) *bos.Error {
	if body <= largeBody {
		return nil
	}
	err := effort.Heavy(ctx)
	if err == nil {
		err = effort.HoldRequest(ctx, decodedTimes*int64(body))
	}
	var refused *bos.Error
	errors.As(err, &refused)
	return refused
}

// decodedTimes is how much larger a body gets while it is decoded and applied. An estimate: the
// worst requests are measured with it, see TestTheMostExpensiveRequestsAreBounded.
const decodedTimes = 2

// dispatch answers an operation, directly if that can be; nil if ctx has ended.
func (h HTTP) dispatch(ctx context.Context, mediaType string, op *graphql.OperationContext, direct *graph.Direct) *reply {
	made, ctx := direct.Answer(ctx)
	if made != nil {
		return answered(mediaType, http.StatusOK, made)
	}
	ctx, answer := graph.WithAnswer(ctx)
	next, ctx := h.Executor.DispatchOperation(ctx, op)
	response := next(ctx)
	if response == nil {
		return nil
	}
	p := answered(mediaType, http.StatusOK, answer.Finish(response))
	switch err := answer.Err(); {
	case err != nil:
		p.status, p.failed = statusOf(bos.CodeOf(err)), true
	case len(response.Errors) > 0:
		p.status, p.failed, p.became = statusPartial, true, statusFault(response.Errors)
	}
	return p
}
