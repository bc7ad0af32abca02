package graph

import (
	"context"
	"io"
	"strconv"

	"github.com/99designs/gqlgen/graphql"
	"github.com/vektah/gqlparser/v2/ast"
)

// This file executes what is selected of a session's status without gqlgen: for it, each
// field is a context, a few closures and an interface, about 2 µs, and what is asked for most
// often is dozens of integers. A plan is made of a selection once, and appends the values of
// an object to a buffer. It knows the fields that are in plan_fields.go; whatever else is selected
// of an object, gqlgen executes, and puts its values between the others.

// appender appends a value of an object, or of its fields, as JSON. Nil leaves the whole
// object to gqlgen: there are values that need its errors, or that are too long to be copied.
type appender[T any] func(ctx context.Context, b []byte, v *T) []byte

// object is what plans know of a type of the schema.
type object[T any] struct {
	name   string
	is     []string // the name and those of interfaces, which fragments may have
	values map[string]appender[T]
	// inner are the fields with a selection of their own.
	inner map[string]inner[T]
	// generated is gqlgen's execution of an object.
	generated func(*executionContext, context.Context, ast.SelectionSet, *T) graphql.Marshaler
}

// inner makes an appender of a selection, and how many bytes it appends, about. It is nil if
// gqlgen has to execute anything of it, because that needs to know where in the answer it is.
type inner[T any] func(*graphql.OperationContext, ast.SelectionSet) (appender[T], int)

// plan is what is selected of an object, in the order of the answer.
type plan[T any] struct {
	of     *object[T]
	fields []plannedField[T]
	others ast.SelectionSet // what gqlgen executes
	size   int              // bytes that the rest takes, about
}

type plannedField[T any] struct {
	key   string      // `"name":`
	value appender[T] // nil for the next of the others
}

// plan makes a plan of a selection; nil if there is none.
func (o *object[T]) plan(op *graphql.OperationContext, set ast.SelectionSet) *plan[T] {
	collected := graphql.CollectFields(op, set, o.is)
	made, written := &plan[T]{of: o, fields: make([]plannedField[T], 0, len(collected))}, map[string]bool{}
	for _, f := range collected {
		switch {
		case len(f.Deferrables) > 0:
			return nil
		case written[f.Alias]: // selected of an interface as well
			continue
		}
		written[f.Alias] = true
		value := o.values[f.Name]
		made.size += len(f.Alias) + valueSize
		if inner := o.inner[f.Name]; inner != nil {
			var size int
			value, size = inner(op, f.Selections)
			made.size += size
		}
		if f.Name == "__typename" {
			value = typename[T](o.name)
		}
		if value == nil {
			field := *f.Field
			field.SelectionSet, field.Directives = f.Selections, nil // which have been looked at
			made.others = append(made.others, &field)
		}
		made.fields = append(made.fields, plannedField[T]{`"` + f.Alias + `":`, value})
	}
	return made
}

func typename[T any](name string) appender[T] {
	return func(_ context.Context, b []byte, _ *T) []byte { return strconv.AppendQuote(b, name) }
}

// valueSize is how many bytes a value takes with what is around it, about.
const valueSize = 16

// inlined is a field that is an object.
func inlined[T, In any](of **object[T], get func(*In) *T) inner[In] {
	return func(op *graphql.OperationContext, set ast.SelectionSet) (appender[In], int) {
		within := (*of).plan(op, set)
		if within == nil || within.others != nil {
			return nil, 0
		}
		return func(ctx context.Context, b []byte, v *In) []byte { return within.append(ctx, b, nil, get(v)) }, within.size
	}
}

// append appends what the plan knows of an object, and to at where in b the others belong. It
// returns nil if gqlgen has to execute all of it.
func (p *plan[T]) append(ctx context.Context, b []byte, at *[]int, v *T) []byte {
	if v == nil {
		return nil
	}
	b = append(b, '{')
	for i := range p.fields {
		f := &p.fields[i]
		if i > 0 {
			b = append(b, ',')
		}
		b = append(b, f.key...)
		if f.value == nil {
			*at = append(*at, len(b))
		} else if b = f.value(ctx, b, v); b == nil {
			return nil
		}
	}
	return append(b, '}')
}

// try is append for a field. Where it panics, gqlgen finds the field within that does, and
// recovers from it alone.
func (p *plan[T]) try(ctx context.Context, b []byte, at *[]int, v *T) (all []byte) {
	defer func() {
		if recover() != nil {
			all = nil
		}
	}()
	return p.append(ctx, b, at, v)
}

// execute executes a plan; nil leaves the object to gqlgen. What is known comes first, so that
// gqlgen executes nothing twice.
func (p *plan[T]) execute(ctx context.Context, ec *executionContext, v *T) graphql.Marshaler {
	r := &result{}
	if r.b = p.try(ctx, make([]byte, 0, p.size), &r.at, v); r.b == nil {
		return nil
	}
	if p.others != nil {
		set, ok := p.of.generated(ec, ctx, p.others, v).(*graphql.FieldSet)
		if !ok {
			return graphql.Null // a value that must not be null is missing
		}
		r.others = set.Values
	}
	return r
}

// result is an object in JSON, with gqlgen's values where they belong.
type result struct {
	b      []byte
	at     []int // where in b the others stand
	others []graphql.Marshaler
}

// MarshalGQL implements graphql.Marshaler.
func (r *result) MarshalGQL(w io.Writer) {
	from := 0
	for i, at := range r.at {
		_, _ = w.Write(r.b[from:at])
		r.others[i].MarshalGQL(w)
		from = at
	}
	_, _ = w.Write(r.b[from:])
}
