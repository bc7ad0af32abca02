package graph

import (
	"context"

	"github.com/99designs/gqlgen/graphql"
	"github.com/vektah/gqlparser/v2/ast"

	"github.com/bosgraph/bosgraph/bos"
	"github.com/bosgraph/bosgraph/loaders"
)

// Direct answers a query of one session of whose selection a plan knows everything: that is what is polled. The session is
// read and its answer is written, with nothing around it: no context of a field, no middleware, no loader. It gives that answer
// or none. Whatever else may come of a query, such as an error, is an execution's to say, and
// needs no second read.
type Direct struct {
	store Store
	read  bos.SessionRead
	plan  *plan[bos.Session]
	head  string // of the answer
}

// directSize is how many bytes an answer may have, about: it is not counted against what an operation may hold.
const directSize = 4 << 10

// Direct makes what answers an operation, which has been validated and may be executed; nil if only an execution can.
func (s Schema) Direct(op *graphql.OperationContext) *Direct {
	if op.Operation.Operation != ast.Query {
		return nil
	}
	fields := graphql.CollectFields(op, op.Operation.SelectionSet, queryImplementors)
	if len(fields) != 1 || fields[0].Name != "session" {
		return nil
	}
	f, ec := fields[0], newExecutionContext(op, s.generated, nil)
	args, err := ec.field_Query_session_args(context.Background(), f.ArgumentMap(op.Variables))
	if err != nil || args["startedAt"].(*bos.Time) != nil { // which takes a read of its own
		return nil
	}
	made := planOf(&planner{planned: s.planned, ec: ec}, s.planned.session, f)
	if made == nil || made.others != nil || made.size > directSize {
		return nil
	}
	read := bos.SessionRead{SessionKey: key(args["tenant"].(*string), args["name"].(string)), Want: wantOf(op, f.Selections)}
	// Which session an estimate compares with takes several reads, one after the other, and these need the time that an
	// operation has.
	if read.Estimate {
		return nil
	}
	return &Direct{store: s.store, plan: made, head: dataPrefix + `{"` + f.Alias + `":`, read: read}
}

// Answer answers the operation. Nil leaves it to an execution with the context that it returns, in which
// what has been read is not read again. A nil Direct answers nothing.
func (d *Direct) Answer(ctx context.Context) (answer Parts, execution context.Context) {
	if execution = ctx; d == nil {
		return nil, ctx
	}
	defer func() {
		if recover() != nil {
			answer = nil // an execution says which field has panicked
		}
	}()
	var session *bos.Session
	found, err := d.store.ReadSessions(ctx, []bos.SessionRead{d.read})
	if err == nil {
		session = found[0]
		if b := d.write(ctx, session); b != nil && len(b) <= directSize {
			return Parts{b}, ctx
		}
	}
	return nil, loaders.WithSession(ctx, d.read, session, err)
}

// write writes the answer of a session, or of none; nil if only an execution can.
func (d *Direct) write(ctx context.Context, session *bos.Session) []byte {
	b := append(make([]byte, 0, len(d.head)+d.plan.size+len("}}")), d.head...)
	if session == nil {
		b = append(b, "null"...)
	} else if b = d.plan.append(ctx, b, nil, session); b == nil {
		return nil
	}
	return append(b, "}}"...)
}
