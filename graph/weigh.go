package graph

import (
	"cmp"
	"context"
	"fmt"
	"unsafe"

	"github.com/99designs/gqlgen/graphql"
	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/gqlerror"

	"github.com/bosgraph/bosgraph/bos"
	"github.com/bosgraph/bosgraph/internal/cost"
)

// weigher computes how many bytes of an answer an object will have at most, before any of
// its fields is resolved: what is selected is looked at once for a list, and of each item
// only the texts that are selected.
type weigher[T any] struct {
	fields int         // that are selected
	fixed  int         // bytes of all but the texts
	texts  []textOf[T] // those that are selected
	last   textAt      // the long text that was measured last: many items share one
	bytes  int

	// inner measures the lists without pages that an item has: so many bytes more, and so
	// many fields. nil where none is selected.
	inner func(*T) (bytes int64, fields int)
}

type textOf[T any] struct {
	of    func(*T) string
	times int
}

// textsOf are the texts of a type by their path of field names. What is not among them is
// short.
type textsOf[T any] map[string]func(*T) string

// around is what a value has around it: a name's quotes, a colon and a comma, or braces.
const around = 4

// valueBytes are the most that values of a type take; those of enums and others that are
// not named here take less than otherBytes.
var valueBytes = map[string]int{"Boolean": 5, "Int": 11, "Float": 24, "DateTime": 37, "Duration": 24, "Revision": 20, "String": 2, "ID": 2}

const (
	otherBytes = 32
	itemBytes  = 8   // what is around an item of a list
	edgeBytes  = 200 // and the edge of a connection, with its cursor
)

// newWeigher looks at what is selected of objects of a type. within is the path of a
// field that leads to the same object again; empty for none.
func newWeigher[T any](op *graphql.OperationContext, sets []ast.SelectionSet, types []string, texts textsOf[T], within string) *weigher[T] {
	w, times := &weigher[T]{}, map[string]int{}
	var walk func(set ast.SelectionSet, path string)
	walk = func(set ast.SelectionSet, path string) {
		for _, f := range graphql.CollectFields(op, set, types) {
			w.fields++
			w.fixed += len(f.Alias) + around
			at := path + f.Name
			switch {
			case texts[at] != nil:
				w.fixed += len(`""`)
				times[at]++
			case len(f.Selections) == 0:
				w.fixed += cmp.Or(valueBytes[f.Definition.Type.Name()], otherBytes)
			// A status leads back to its session, whose texts are those that were counted
			// before.
			case at == within:
				walk(f.Selections, "")
			default:
				walk(f.Selections, at+".")
			}
		}
	}
	for _, set := range sets {
		w.fixed += itemBytes
		walk(set, "")
	}
	for at, n := range times {
		w.texts = append(w.texts, textOf[T]{texts[at], n})
	}
	return w
}

// of is how many bytes v has at most.
func (w *weigher[T]) of(v *T) int64 {
	n := w.fixed
	for _, t := range w.texts {
		n += t.times * w.text(t.of(v))
	}
	bytes := int64(n)
	if w.inner != nil {
		inner, _ := w.inner(v)
		bytes += inner
	}
	return bytes
}

// memory is about how many bytes v takes until its answer is encoded.
func (w *weigher[T]) memory(v *T) int64 {
	fields := w.fields
	if w.inner != nil && v != nil {
		_, inner := w.inner(v)
		fields += inner
	}
	return int64(fields) * fieldMemory
}

// text is the encoded length of a text. Long ones are measured once where neighbours share
// them.
func (w *weigher[T]) text(s string) int {
	if len(s) < longText {
		return encodedLength(s)
	}
	// Compared by place and not by content: that would be as much work as measuring.
	if at := (textAt{unsafe.StringData(s), len(s)}); at != w.last {
		w.last, w.bytes = at, encodedLength(s)
	}
	return w.bytes
}

// encodedLength is the length of a text in JSON, without its quotes.
func encodedLength(s string) int {
	n := len(s)
	for i := range len(s) {
		switch c := s[i]; {
		case c == '"' || c == '\\':
			n++
		case c < 0x20:
			// As \u00XX, which is six bytes in the place of one.
			n += 5
		}
	}
	return n
}

// fieldMemory is about how many bytes a field takes until its answer is encoded.
const fieldMemory = 280

// fit is how many of the first items the answer has room for. It counts the memory that
// resolving these takes, which may make the operation wait for its turn.
func fit[T any](ctx context.Context, items []*T, w *weigher[T]) (int, error) {
	effort, n := cost.EffortOf(ctx), len(items)
	for i, item := range items {
		if item != nil && !effort.Plan(w.of(item)) {
			n = i
			break
		}
	}
	var memory int64
	// Memory is counted for those that fit only: the others are not resolved.
	for _, item := range items[:n] {
		memory += w.memory(item)
	}
	return n, effort.Hold(ctx, memory)
}

// one says whether the answer has room for a single object. Its own fields are few; only
// those of lists within it are counted as memory.
func one[T any](ctx context.Context, v *T, w *weigher[T]) error {
	if v == nil {
		return nil
	}
	effort := cost.EffortOf(ctx)
	if !effort.Plan(w.of(v)) {
		return cost.TooLarge(effort.Limit())
	}
	if w.inner == nil {
		return nil
	}
	return effort.Hold(ctx, w.memory(v))
}

// oneOf is one for the object that the field being resolved is: where a rough estimate
// fits, which nearly always does, what is selected is not looked at any closer.
func oneOf[T any](ctx context.Context, v *T, texts textsOf[T], weigh func(ctx context.Context, path ...string) *weigher[T]) error {
	if v == nil {
		return nil
	}
	if n, ok := roughly(ctx, v, texts); ok && cost.EffortOf(ctx).Plan(n) {
		return nil
	}
	return one(ctx, v, weigh(ctx))
}

const (
	lightObject = 16 << 10 // bytes up to which an estimate does
	lightText   = 128      // bytes of the texts of such an object
	escapedByte = 6        // bytes that one byte of a text takes at most
	widestValue = 40       // no value but a text takes more
)

// roughly is at least what a weigher computes: every field that is written in the document
// counts as if it were the longest text. There is no estimate beyond lightObject.
func roughly[T any](ctx context.Context, v *T, texts textsOf[T]) (bytes int64, ok bool) {
	longest := 0
	for _, of := range texts {
		if longest = max(longest, len(of(v))); longest > lightText {
			return 0, false
		}
	}
	each := around + widestValue + escapedByte*longest
	total := itemBytes
	var walk func(set ast.SelectionSet)
	walk = func(set ast.SelectionSet) {
		for _, selection := range set {
			if total > lightObject {
				return
			}
			switch s := selection.(type) {
			case *ast.Field:
				total += len(s.Alias) + each
				walk(s.SelectionSet)
			case *ast.InlineFragment:
				walk(s.SelectionSet)
			case *ast.FragmentSpread:
				walk(s.Definition.SelectionSet)
			}
		}
	}
	walk(graphql.GetFieldContext(ctx).Field.Selections)
	return int64(total), total <= lightObject
}

// cutOff is the error of a list of which only the first items are answered.
func cutOff(ctx context.Context, answered int, how string) *gqlerror.Error {
	return &gqlerror.Error{
		Message: fmt.Sprintf("the list is cut off after %d items: all of them would make the answer larger than %d bytes (--max-response); %s",
			answered, cost.EffortOf(ctx).Limit(), how),
		Extensions: map[string]any{"code": string(bos.BadUserInput), "cutOffAfter": answered},
	}
}

const (
	readOn   = "read on from endCursor with after, and ask for fewer at a time with first, or leave out fields with long texts"
	askFewer = "ask for fewer with first, or leave out fields with long texts"
)
