package graph

import (
	"errors"
	"strconv"
	"strings"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/bosgraph/bosgraph/bos"
)

// reader decodes components from JSON that is known to be valid, so that it has to
// look only at what GraphQL asks for: no field that the input does not have, and
// every value of its kind. Texts without escapes are parts of the source.
type reader struct {
	source  string
	at      int
	yes, no bool       // what all pointers to booleans point at
	texts   []string   // where pointers to texts point, some at a time
	times   []bos.Time // the same for times
}

func newReader(source string) *reader { return &reader{source: source, yes: true} }

// next is the first byte of the next token; of valid JSON there is one.
func (r *reader) next() byte {
	for {
		switch c := r.source[r.at]; c {
		// Commas and colons are where they have to be in valid JSON, and say nothing more.
		case ' ', '\t', '\r', '\n', ',', ':':
			r.at++
		default:
			return c
		}
	}
}

// null takes a null, if that is next.
func (r *reader) null() bool {
	if r.next() != 'n' {
		return false
	}
	r.at += len("null")
	return true
}

// object visits the fields of an object. The error of one names it.
func (r *reader) object(kind string, visit func(name string) error) error {
	if r.next() != '{' {
		return r.wrong(kind)
	}
	r.at++
	for r.next() != '}' {
		name := r.text()
		if err := visit(name); err != nil {
			return within(name, err)
		}
	}
	r.at++
	return nil
}

// text takes a string.
func (r *reader) text() string {
	start := r.at + 1
	for i := start; ; i++ {
		switch r.source[i] {
		case '"':
			r.at = i + 1
			// Not a copy: the source is kept alive for as long as a record is, which is until
			// it is stored.
			return r.source[start:i]
		case '\\':
			return r.escapedText(start)
		}
	}
}

// escapedText takes a string that has escapes in it, which is rare, from its start.
func (r *reader) escapedText(start int) string {
	i := start
	for r.source[i] != '"' {
		if r.source[i] == '\\' {
			i++
		}
		i++
	}
	r.at = i + 1
	unquoted, err := jsontext.AppendUnquote(nil, r.source[start-1:r.at])
	if err != nil {
		panic(err) // the source is valid
	}
	return string(unquoted)
}

// pointers to texts and times are handed out from slices that never grow, the first ones short.
const (
	pointersAtFirst = 8
	pointersAtATime = 256
)

// more is how many to make room for after so many.
func more(before int) int { return min(max(4*before, pointersAtFirst), pointersAtATime) }

// string takes a text, or null. Null leaves the pointer as it is: in an input it means "not
// given".
func (r *reader) string(to **string) error {
	if r.null() {
		return nil
	}
	if r.next() != '"' {
		return r.wrong("a String")
	}
	// A new slice, instead of one that grows: growing would move what pointers point at
	// already.
	if len(r.texts) == cap(r.texts) {
		r.texts = make([]string, 0, more(cap(r.texts)))
	}
	r.texts = append(r.texts, r.text())
	*to = &r.texts[len(r.texts)-1]
	return nil
}

// id takes an ID, which may be a whole number, as in [UnmarshalID].
func (r *reader) id(to **string) error {
	if c := r.next(); c == '"' || c == 'n' {
		return r.string(to)
	}
	text, ok := r.number()
	if !ok || strings.ContainsAny(text, ".eE") {
		return bos.Errorf(bos.BadUserInput, "give an ID, a string or a whole number")
	}
	*to = new(text)
	return nil
}

func (r *reader) time(to **bos.Time) error {
	if r.null() {
		return nil
	}
	if r.next() != '"' {
		return r.wrong("a DateTime, which is a string")
	}
	t, err := bos.ParseTime(r.text())
	if err != nil {
		return err
	}
	if len(r.times) == cap(r.times) {
		r.times = make([]bos.Time, 0, more(cap(r.times)))
	}
	r.times = append(r.times, t)
	*to = &r.times[len(r.times)-1]
	return nil
}

func (r *reader) boolean(to **bool) error {
	switch {
	case r.null():
	case r.next() == 't':
		r.at += len("true")
		*to = &r.yes
	case r.next() == 'f':
		r.at += len("false")
		*to = &r.no
	default:
		return r.wrong("a Boolean")
	}
	return nil
}

// int takes an Int. One that is too large is refused by name and not cut off.
func (r *reader) int(to **int) error {
	if r.null() {
		return nil
	}
	text, ok := r.number()
	if !ok {
		return r.wrong("an Int")
	}
	// 1.0 and 1e3 are refused here, too, as an Int of GraphQL has neither fraction nor
	// exponent.
	n, err := strconv.ParseInt(text, 10, 32)
	if err != nil {
		return bos.Errorf(bos.BadUserInput, "give an Int, a whole number of 32 bits")
	}
	*to = new(int(n))
	return nil
}

// number takes a number as it is written; ok is false if none is next.
func (r *reader) number() (text string, ok bool) {
	if c := r.next(); c != '-' && (c < '0' || c > '9') {
		return "", false
	}
	start := r.at
	for strings.IndexByte("+-.0123456789eE", r.source[r.at]) >= 0 {
		r.at++
	}
	return r.source[start:r.at], true
}

// part takes an object that may be null.
func part[T any](r *reader, to **T, visit func(*T, string) error) error {
	if r.null() {
		return nil
	}
	*to = new(T)
	return r.object("an object", func(name string) error { return visit(*to, name) })
}

// wrong is the error of a value that is not of its kind.
func (r *reader) wrong(want string) *bos.Error {
	got := map[byte]string{'n': "null", 't': "a boolean", 'f': "a boolean", '"': "a string", '{': "an object", '[': "a list"}[r.next()]
	if got == "" {
		got = "a number"
	}
	return bos.Errorf(bos.BadUserInput, "give %s, not %s", want, got)
}

// within says in which field an error is.
func within(field string, err error) error {
	var known *bos.Error
	if !errors.As(err, &known) {
		return err
	}
	return known.At(field)
}

// unknownField is without the name: within puts that in front, as it does for every error.
func unknownField() error { return bos.Errorf(bos.BadUserInput, "there is no such field") }
