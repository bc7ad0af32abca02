package graph

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"unsafe"

	"github.com/99designs/gqlgen/graphql"
	"github.com/vektah/gqlparser/v2/gqlerror"

	"github.com/bosgraph/bosgraph/bos"
	"github.com/bosgraph/bosgraph/internal/cost"
)

// Answer is the JSON of one response while it is made. Its bytes are counted before they
// are held, against the operation's effort, and a long text that comes again is encoded
// once: the answer is a list of parts, which may be the same.
type Answer struct {
	ctx    context.Context
	limit  int64
	parts  [][]byte // complete
	open   []byte   // the part being written
	size   int64    // of all of them
	texts  map[textAt][]byte
	filled bool // there is data, if only null
	err    error
}

// textAt is where a text is. Equal texts that a read has brought are the same one, so the
// bytes themselves need not be compared.
type textAt struct {
	at     *byte
	length int
}

const (
	dataPrefix = `{"data":`
	firstBytes = 256      // an answer begins with room for so many,
	firstPart  = 1 << 10  // and gets as many if it needs more: a status fits in
	fullPart   = 64 << 10 // from there on parts are not extended, which would copy them
	longText   = 1 << 10  // a text of that many bytes is a part of its own
	maxErrors  = 1000     // in one answer
)

type answerKey struct{}

// WithAnswer returns a context whose next response is written to a new answer.
func WithAnswer(ctx context.Context) (context.Context, *Answer) {
	a := &Answer{}
	ctx = context.WithValue(ctx, answerKey{}, a)
	a.ctx, a.limit = ctx, cost.EffortOf(ctx).Limit()
	return ctx, a
}

// write has the data of a response write itself, in place of what was written before.
func (a *Answer) write(data graphql.Marshaler) {
	a.filled = true
	a.parts, a.open = nil, append(make([]byte, 0, firstBytes), dataPrefix...)
	data.MarshalGQL(a)
}

// fits counts n bytes more, if there may be as many.
func (a *Answer) fits(n int) bool {
	if a.err != nil {
		return false
	}
	if a.size += int64(n); a.size > a.limit {
		a.err = cost.TooLarge(a.limit)
		// At once: what exceeds the limit is not held until everything else has been resolved.
		a.parts, a.open, a.texts = nil, nil, nil
		return false
	}
	return true
}

// room makes room in the open part for n bytes more.
func (a *Answer) room(n int) {
	if len(a.open)+n <= cap(a.open) {
		return
	}
	grown := min(max(2*cap(a.open), firstPart), fullPart)
	// Not copied into a larger part: what is written stays where it is, and a new part begins.
	if len(a.open)+n > grown {
		a.close()
		grown = max(grown, n)
	}
	// Small answers, which nearly all are, do not meet at one counter.
	if grown > firstPart {
		a.hold(grown - cap(a.open))
	}
	a.open = append(make([]byte, 0, grown), a.open...)
}

// hold counts memory that the answer takes. The first failure counts: what follows is a
// consequence.
func (a *Answer) hold(n int) {
	if err := cost.EffortOf(a.ctx).Hold(a.ctx, int64(n)); err != nil && a.err == nil {
		a.err = err
	}
}

// close ends the open part. The next byte begins another.
func (a *Answer) close() {
	if len(a.open) > 0 {
		a.parts, a.open = append(a.parts, a.open), nil
	}
}

// Write implements io.Writer. What exceeds the limit is dropped.
func (a *Answer) Write(p []byte) (int, error) {
	if a.fits(len(p)) {
		a.room(len(p))
		a.open = append(a.open, p...)
	}
	return len(p), nil
}

// WriteString implements io.StringWriter.
func (a *Answer) WriteString(s string) (int, error) {
	if a.fits(len(s)) {
		a.room(len(s))
		a.open = append(a.open, s...)
	}
	return len(s), nil
}

// text writes a long text.
func (a *Answer) text(s string) {
	at := textAt{unsafe.StringData(s), len(s)}
	// A thousand components may share one error of 64 KB: it is encoded and held once, and only
	// counted each time.
	encoded, known := a.texts[at]
	if !known {
		if a.err != nil || !a.fits(len(s)) { // it gets no shorter
			return
		}
		a.size -= int64(len(s))
		a.hold(len(s))
		w := &plainWriter{make([]byte, 0, len(s)+2+len(s)/64)}
		graphql.MarshalString(s).MarshalGQL(w)
		encoded = w.b
		if a.texts == nil {
			a.texts = map[textAt][]byte{}
		}
		a.texts[at] = encoded
	}
	if a.fits(len(encoded)) {
		a.close()
		a.parts = append(a.parts, encoded)
	}
}

// plainWriter is a bytes.Buffer that begins with a size of its own.
type plainWriter struct{ b []byte }

func (w *plainWriter) Write(p []byte) (int, error) { w.b = append(w.b, p...); return len(p), nil }

func (w *plainWriter) WriteString(s string) (int, error) {
	w.b = append(w.b, s...)
	return len(s), nil
}

// longString is a text that an answer may share with others.
type longString string

// MarshalGQL implements graphql.Marshaler.
func (s longString) MarshalGQL(w io.Writer) {
	if a, ok := w.(*Answer); ok {
		a.text(string(s))
		return
	}
	graphql.MarshalString(string(s)).MarshalGQL(w)
}

// Parts is JSON in parts, which are not to be changed: they may be shared.
type Parts [][]byte

// Len is how many bytes they have.
func (p Parts) Len() (n int) {
	for _, part := range p {
		n += len(part)
	}
	return n
}

// Held is how many bytes they take, parts that come again counted once.
func (p Parts) Held() (n int64) {
	var seen map[*byte]bool
	for _, part := range p {
		if len(part) < longText {
			n += int64(len(part))
			continue
		}
		if seen == nil {
			seen = map[*byte]bool{}
		}
		if at := unsafe.SliceData(part); !seen[at] {
			seen[at] = true
			n += int64(len(part))
		}
	}
	return n
}

// Reader reads the parts one after the other.
func (p Parts) Reader() io.Reader {
	readers := make([]io.Reader, len(p))
	for i, part := range p {
		readers[i] = bytes.NewReader(part)
	}
	return io.MultiReader(readers...)
}

// Bytes puts the parts together.
func (p Parts) Bytes() []byte {
	if len(p) == 1 {
		return p[0]
	}
	return slices.Concat(p...)
}

// Finish is the response whose data has been written to the answer. One whose data is
// larger than allowed has an error instead.
func (a *Answer) Finish(response *graphql.Response) Parts {
	errs := response.Errors
	if a.err != nil {
		errs = gqlerror.List{tooLarge(a.err)}
	}
	if n := len(errs) - maxErrors; n > 0 {
		last := *errs[maxErrors-1]
		last.Message = fmt.Sprintf("%s (%d more errors are left out)", last.Message, n)
		// The capacity is cut, so that append copies: the response's own list may be shared.
		errs = append(errs[:maxErrors-1:maxErrors-1], &last)
	}
	plain := len(errs) == 0 && len(response.Extensions) == 0
	switch {
	case a.err != nil:
		return Encode(&graphql.Response{Errors: errs, Extensions: response.Extensions})
	case a.filled:
	case plain: // executed by another schema than ours
		return Parts{[]byte(dataPrefix), response.Data, []byte("}")}
	default:
		return Encode(&graphql.Response{Errors: errs, Data: response.Data, Extensions: response.Extensions})
	}
	if plain {
		_, _ = a.WriteString("}")
		a.close()
		return a.parts
	}
	a.close()
	head := Encode(&graphql.Response{Errors: errs, Extensions: response.Extensions}).Bytes()
	// Errors go first, as the specification recommends: a reader sees them however long the
	// data is.
	head = append(head[:len(head)-1], `,"data":`...)
	a.parts[0] = a.parts[0][len(dataPrefix):]
	return append(append(Parts{head}, a.parts...), []byte("}"))
}

// Err is why the answer has no data; nil if it has.
func (a *Answer) Err() error { return a.err }

// tooLarge is the error in the place of data that was dropped.
func tooLarge(err error) *gqlerror.Error {
	code, message := bos.CodeOf(err), err.Error()
	return &gqlerror.Error{Message: message, Extensions: map[string]any{"code": string(code)}}
}

// Encode writes a response without an answer: a request that was not executed has no
// data, not even null.
func Encode(response *graphql.Response) Parts {
	body, err := json.Marshal(struct {
		Errors     gqlerror.List   `json:"errors,omitempty"`
		Data       json.RawMessage `json:"data,omitempty"`
		Extensions map[string]any  `json:"extensions,omitempty"`
	}{response.Errors, response.Data, response.Extensions})
	if err != nil {
		panic(err) // strings and numbers of our own making
	}
	return Parts{body}
}
