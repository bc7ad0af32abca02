// Package limits refuses documents that would cost too much, before any of them is
// executed. Small documents can ask for a lot: fragments that spread fragments
// double with every level, and pages within pages multiply.
//
// What an operation would cost is counted once it is valid, in time proportional to the
// document, whatever it expands to. Before that, parsing is bounded by [Tokens], and
// a document that would keep validation busy is refused unvalidated.
package limits

import (
	"context"
	"errors"

	"github.com/99designs/gqlgen/graphql"
	"github.com/vektah/gqlparser/v2/gqlerror"

	"github.com/bosgraph/bosgraph/bos"
)

// Tokens is the longest document that may be parsed: set it as the executor's parser
// token limit as well. All other bounds rest on it: on how deep a document can nest, how
// many fragments it can have, how many fields can be compared with each other. GraphiQL's
// introspection query has less than a quarter of it.
const Tokens = 1000

// Limits is what one operation may ask for, with its fragments expanded wherever they
// are spread. Fields that @skip or @include may leave out count all the same.
type Limits struct {
	Depth   int // fields within fields
	Aliases int // fields under another name: one field asked for many times
	Spreads int // uses of fragments
	Cost    int // see measure
}

// costName is under which the cost of an operation is kept with it.
const costName = "cost"

// CostOf is what an operation costs that has passed the limits.
func CostOf(op *graphql.OperationContext) int {
	cost, _ := op.Stats.GetExtension(costName).(int)
	return cost
}

var _ interface {
	graphql.HandlerExtension
	graphql.OperationParameterMutator
	graphql.OperationContextMutator
	graphql.ResponseInterceptor
} = Limits{}

// Default returns limits that no sensible use reaches, with a bound of the cost that is an option
// of the server. GraphiQL's introspection is 15 deep.
func Default(cost int) Limits {
	return Limits{Depth: 20, Aliases: 100, Spreads: 100, Cost: cost}
}

// ExtensionName implements graphql.HandlerExtension.
func (Limits) ExtensionName() string { return "Limits" }

// Validate implements graphql.HandlerExtension. A limit that was forgotten is 0 and
// would refuse everything.
func (l Limits) Validate(graphql.ExecutableSchema) error {
	if min(l.Depth, l.Aliases, l.Spreads, l.Cost) < 1 {
		return errors.New("limits: every limit must be at least 1")
	}
	return nil
}

// MutateOperationContext implements graphql.OperationContextMutator: it notes the cost, and
// refuses what goes beyond a limit, or could not be executed.
func (l Limits) MutateOperationContext(_ context.Context, op *graphql.OperationContext) *gqlerror.Error {
	if v := forbiddenNull(op.Operation, op.Variables); v != nil {
		return badInput(gqlerror.ErrorPosf(v.Position, "$%s is null, but a value of the type %s is needed where it is used: give one, or leave the variable out for its default",
			v.Raw, v.ExpectedType))
	}
	t := measure(op.Operation, op.Variables)
	switch {
	case t.depth > l.Depth:
		return refuse("the fields lie %d deep, but at most %d levels are allowed: leave out the innermost ones", t.depth, l.Depth)
	case t.aliases > l.Aliases:
		return refuse("there are %d aliases, fragments expanded, but at most %d are allowed: send several requests", t.aliases, l.Aliases)
	case t.spreads > l.Spreads:
		return refuse("there are %d fragment spreads, those within fragments counted each time, but at most %d are allowed: "+
			"write fields out, or send several requests", t.spreads, l.Spreads)
	case t.cost > l.Cost:
		return tooExpensive(t.cost, l.Cost)
	}
	op.Stats.SetExtension(costName, t.cost)
	return nil
}

// tooExpensive refuses an operation with what programs need to ask for less: its cost, and how much
// it may cost.
func tooExpensive(cost, most int) *gqlerror.Error {
	err := refuse("this costs %d (1 a field and 6 an item, times the page size first of every field it lies under), but at most %d is allowed (--max-cost): "+
		"ask for smaller pages or fewer fields", cost, most)
	err.Extensions["cost"], err.Extensions["maxCost"] = cost, most
	return err
}

func refuse(format string, value, limit int) *gqlerror.Error {
	return badInput(gqlerror.Errorf(format, value, limit))
}

func badInput(err *gqlerror.Error) *gqlerror.Error {
	err.Extensions = map[string]any{"code": string(bos.BadUserInput)}
	return err
}
