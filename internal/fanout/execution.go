package fanout

import (
	"context"
	"fmt"
	"runtime/debug"
	"slices"
	"time"

	"github.com/99designs/gqlgen/graphql"

	"github.com/bosgraph/bosgraph/bos"
	"github.com/bosgraph/bosgraph/graph"
)

// execution executes the subscription of a group until that ends or nobody follows it any more. It
// has no goroutine while there is nothing to execute: a stack on which something was executed
// is half of what a subscription takes, and stays as large as it was.
type execution struct {
	*group
	activity activity
	ctx      context.Context
	next     graphql.ResponseHandler
	driver   graph.Driver
	need     uint64    // results of earlier reads are of no use
	made     time.Time // when the newest whole result was
}

// execute lets a subscription be executed.
func (g *group) execute(op *graphql.OperationContext) {
	e := &execution{group: g, ctx: graphql.WithOperationContext(graphql.StartOperationTrace(g.ctx), op)}
	g.execution = e
	e.activity.begin()
	g.fanout.running.Add(1)
	go e.guard(func() bool { return e.begin(op) && e.turns() })
}

// wake lets what is newer be executed, or the end be noticed. It does not wait.
func (e *execution) wake() {
	if e.activity.begin() {
		go e.guard(e.turns)
	}
}

// guard does a part of the execution, and closes it if nothing comes after that.
func (e *execution) guard(part func() (more bool)) {
	more := false
	defer func() {
		if r := recover(); r != nil {
			e.fail(fmt.Errorf("panic: %v\n%s", r, debug.Stack()))
		}
		if !more { // it never rests again
			e.close()
		}
	}()
	more = part()
}

// begin has the resolver run. It is false if that has ended the subscription.
func (e *execution) begin(op *graphql.OperationContext) bool {
	// gqlgen's own subscription loop would pull the next value by itself. The driver keeps
	// that here: only so can results be skipped that nobody needs, and those recognised that
	// are for joiners alone.
	ctx, driver := graph.WithDriver(e.ctx)
	e.next, e.ctx = e.fanout.o.Executor.DispatchOperation(ctx, op)
	if *driver == nil { // refused
		response := e.next(e.ctx)
		e.end(Message{Error, encodeErrors(response.Errors)})
		return false
	}
	e.driver = *driver
	e.need = e.lead(e.driver)
	e.driver.Wake(e.wake)
	return true
}

// turns takes turns while there is something newer. It is false if nothing comes after them.
func (e *execution) turns() bool {
	for {
		turn, ok, err := e.driver.Next()
		switch {
		case e.group.ctx.Err() != nil:
			return false
		case err != nil:
			e.fail(err)
			return false
		case ok:
			if !e.turn(turn) {
				return false
			}
		case e.activity.rest():
			return true
		}
	}
}

func (e *execution) fail(err error) { e.end(Message{Error, e.fanout.present(e.ctx, err)}) }

func (e *execution) close() {
	if e.driver != nil {
		e.driver.Close()
	}
	e.fanout.o.Memory.Give(e.retained)
	e.cancel()
	e.fanout.running.Done()
}

// turn does what an update asks for. It is false if nothing comes after it.
func (e *execution) turn(turn graph.Turn) bool {
	if turn.Read < e.need {
		return true // from a read that began before anybody here had joined
	}
	l := e.log.Load()
	switch {
	case turn.Empty:
	// Nothing has changed, so the result stands, as of a later read. Only its times may
	// not be older than a tick: durations advance by themselves.
	case turn.Again && l.whole != nil && l.whole.seq == l.seq && time.Since(e.made) < e.fanout.o.Fresh:
		e.publish(l.asOf(turn.Read))
	default:
		payload, ok := e.result(turn)
		if !ok {
			return false // the context has ended
		}
		if turn.Whole {
			e.made = time.Now()
		}
		l = l.with(payload, turn.Metadata)
		if !e.keep(l.bytes()) {
			e.fail(bos.Errorf(bos.Unavailable, "this server keeps as many bytes of updates as it may (--max-response-memory): "+
				"select fewer fields with long texts, or try again later"))
			return false
		}
		e.publish(l)
	}
	if turn.Last {
		e.end(Message{Kind: Complete})
	}
	return !turn.Last
}

// result makes the next result, within the bounds of one operation. It is false if the
// context has ended.
func (e *execution) result(turn graph.Turn) ([]byte, bool) {
	scratch := scratches.Get().(*[]byte)
	defer scratches.Put(scratch)
	if written := turn.Write(e.ctx, (*scratch)[:0]); written != nil {
		*scratch = written
		return slices.Clone(written), true
	}
	turn.Accept()
	ctx, effort := e.fanout.o.Bounds.WithEffort(e.ctx)
	defer effort.Done()
	ctx, answer := graph.WithAnswer(ctx)
	response := e.next(ctx)
	if response == nil {
		return nil, false
	}
	// Of its own size, as it is kept until the next one: an answer has room to grow.
	return slices.Clone(answer.Finish(response).Bytes()), true
}
