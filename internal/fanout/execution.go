package fanout

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"runtime/debug"
	"slices"
	"strings"
	"time"

	"github.com/99designs/gqlgen/graphql"

	"github.com/bosgraph/bosgraph/bos"
	"github.com/bosgraph/bosgraph/graph"
)

// execution executes the subscription of a group until that ends or nobody follows it any more. It
// has no goroutine while there is nothing to execute: a stack on which something was executed
// is half of what a subscription takes, and stays as large as it was. Where a plan writes the
// results, it keeps nothing of the parsed document either.
type execution struct {
	*group
	activity activity
	driver   graph.Driver
	ctx      context.Context         // of results
	next     graphql.ResponseHandler // nil while a plan writes them
	need     uint64                  // results of earlier reads are of no use
	made     time.Time               // when the newest whole result was
}

// execute lets a subscription be executed.
func (g *group) execute(op *graphql.OperationContext) {
	e := &execution{group: g}
	g.execution = e
	e.activity.begin()
	g.fanout.running.Add(1)
	go e.guard(func() bool { return e.begin(op, true) && e.turns() })
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

// begin has the resolver run. It is false if that has ended the subscription. plan says whether a
// plan may write the results.
func (e *execution) begin(op *graphql.OperationContext, plan bool) bool {
	// gqlgen's own subscription loop would pull the next value by itself. The driver keeps
	// that here: only so can results be skipped that nobody needs, and those recognised that
	// are for joiners alone.
	e.ctx = graphql.WithOperationContext(graphql.StartOperationTrace(e.group.ctx), op)
	ctx, driver := graph.WithDriver(e.ctx, plan)
	next, ctx := e.fanout.o.Executor.DispatchOperation(ctx, op)
	if driver() == nil { // refused
		response := next(ctx)
		e.end(Message{Error, encodeErrors(response.Errors)})
		return false
	}
	if e.driver != nil {
		e.driver.Close()
	}
	e.driver = driver()
	e.ctx, e.next = e.group.ctx, nil
	if !e.driver.Planned() {
		e.ctx, e.next = ctx, next
	}
	e.need = e.lead(e.driver)
	e.driver.Wake(e.wake)
	return true
}

// leavePlan begins again, for what the plan can't write: a text that is very long, or a fault.
func (e *execution) leavePlan() bool {
	ctx := graphql.StartOperationTrace(e.group.ctx)
	query, variables := e.key.text[:e.query], map[string]any{}
	decoder := json.NewDecoder(strings.NewReader(e.key.text[e.query:]))
	decoder.UseNumber()
	if err := decoder.Decode(&variables); err != nil {
		e.fail(err) // can't be: it was written here
		return false
	}
	op, errs := e.fanout.o.Executor.CreateOperationContext(ctx, &graphql.RawParams{Query: query, Variables: variables})
	if errs != nil {
		e.fail(errs)
		return false
	}
	return e.begin(op, false)
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

func (e *execution) fail(err error) {
	ctx := graphql.WithOperationContext(graphql.StartOperationTrace(e.group.ctx), &graphql.OperationContext{})
	e.end(Message{Error, e.fanout.present(ctx, err)})
}

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
		var payload []byte
		if e.next == nil {
			if payload = e.written(turn); payload == nil {
				return e.leavePlan() // and what it reads replaces this turn
			}
		} else if payload = e.executed(turn); payload == nil {
			return false // it has ended, or taken too long
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

// written is the result that the plan writes; nil if it can't.
func (e *execution) written(turn graph.Turn) []byte {
	scratch := scratches.Get().(*[]byte)
	defer scratches.Put(scratch)
	written := turn.Write(e.ctx, (*scratch)[:0])
	if written == nil {
		return nil
	}
	*scratch = written
	return slices.Clone(written) // of its own size, as it is kept until the next one
}

// executed is the result that the execution makes, within the bounds and the time of one operation; nil if
// the context has ended, or that time was not enough: that ends the subscription, for the next update would take as long, and a
// subscriber who comes again pays for it again.
func (e *execution) executed(turn graph.Turn) []byte {
	turn.Accept()
	ctx, effort := e.fanout.o.Bounds.WithEffort(e.ctx)
	defer effort.Done()
	if e.fanout.o.Timeout > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, e.fanout.o.Timeout)
		defer cancel()
	}
	ctx, answer := graph.WithAnswer(ctx)
	response := e.next(ctx)
	whole := response != nil && answer.Err() == nil && len(response.Errors) == 0
	// What failed after the deadline failed because of it.
	if errors.Is(ctx.Err(), context.DeadlineExceeded) && !whole {
		e.fail(bos.Errorf(bos.Unavailable, "an update of this subscription took longer than %v (--operation-timeout) and was stopped: "+
			"select less, or try again later", e.fanout.o.Timeout))
		return nil
	}
	if response == nil {
		return nil
	}
	return slices.Clone(answer.Finish(response).Bytes())
}
