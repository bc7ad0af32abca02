package rest

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"io"
	"iter"
	"net/http"
	"strconv"
	"strings"
)

// percent is a percentage as Python prints a float: 100.0, not 100. Clients that read the answer
// with a schema may distinguish the two.
type percent float64

// MarshalJSON writes p.
func (p percent) MarshalJSON() ([]byte, error) {
	text := strconv.FormatFloat(float64(p), 'f', -1, 64)
	if !strings.Contains(text, ".") {
		text += ".0"
	}
	return []byte(text), nil
}

// encode writes a value on a line of its own. The keys of all that is answered are
// in alphabetical order. BOS: Flask sorts them.
func encode(w io.Writer, v any) error {
	e := json.NewEncoder(w)
	e.SetEscapeHTML(false)
	return e.Encode(v)
}

// send answers with one value.
func send(w http.ResponseWriter, v any) error {
	b := newBody(w)
	if err := encode(&b.buffer, v); err != nil {
		return err
	}
	b.finish()
	return nil
}

// stream answers with a list, page by page, so that it never is in memory as a whole.
// An error of the first page is returned; a later one closes the connection, because a list that
// just ended would pass for a complete one.
//
// What follows the first part is made by turns with other heavy work; nobody's turn waits for
// a client to take what was made.
func stream[T any](h *handler, w http.ResponseWriter, r *request, pages iter.Seq2[[]T, error]) error {
	next, stop := iter.Pull2(pages)
	defer stop()
	l := list[T]{body: newBody(w), next: next, separator: '['}
	for more, err := l.fill(); more || err != nil; more, err = l.fillInTurn(r.Context(), h) {
		switch {
		case err != nil && l.begun:
			h.abort(r.Context(), err)
		case err != nil:
			return err
		// Outside of the turn that filling has: a client that reads slowly must not keep others from theirs.
		case l.buffer.Len() >= flushAt && l.flush() != nil:
			return nil // the client has disconnected
		}
	}
	if l.separator == '[' {
		l.buffer.WriteByte(l.separator)
	}
	l.buffer.WriteString("]\n")
	l.finish()
	return nil
}

// list is the body of an answer that is a list.
type list[T any] struct {
	*body
	next      func() ([]T, error, bool)
	page      []T  // read, and not encoded yet
	separator byte // in front of the next item
}

// fill encodes as much as is sent at a time: of the page, or of the next one when that is
// used up. A page may become far longer than what was read for it, as its records may share their texts.
func (l *list[T]) fill() (more bool, err error) {
	if len(l.page) == 0 {
		if l.page, err, more = l.next(); err != nil || !more {
			return more, err
		}
	}
	for ; len(l.page) > 0 && l.buffer.Len() < flushAt; l.page = l.page[1:] {
		l.buffer.WriteByte(l.separator)
		l.separator = ','
		if err := encode(&l.buffer, l.page[0]); err != nil {
			return false, err
		}
	}
	return true, nil
}

func (l *list[T]) fillInTurn(ctx context.Context, h *handler) (more bool, err error) {
	done, err := h.turn(ctx)
	if err != nil {
		return false, err
	}
	defer done()
	return l.fill()
}

// turn waits for the turn of a piece of heavy work, which lasts until done is called.
func (h *handler) turn(ctx context.Context) (done func(), err error) {
	if h.Heavy == nil {
		return func() {}, nil
	}
	select {
	case h.Heavy <- struct{}{}:
		return func() { <-h.Heavy }, nil
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// Answered is a response that knows what has been sent of it.
type Answered struct {
	http.ResponseWriter
	status int // 0 before the head is sent
}

// Status is that of the answer: 200 of one that says nothing else.
func (a *Answered) Status() int { return cmp.Or(a.status, http.StatusOK) }

// WriteHeader implements [http.ResponseWriter].
func (a *Answered) WriteHeader(status int) {
	a.status = status
	a.ResponseWriter.WriteHeader(status)
}

// Write implements [http.ResponseWriter].
func (a *Answered) Write(data []byte) (int, error) {
	a.status = a.Status()
	return a.ResponseWriter.Write(data)
}

// Unwrap lets [http.ResponseController] reach the connection.
func (a *Answered) Unwrap() http.ResponseWriter { return a.ResponseWriter }

// flushAt is how many bytes of an answer are kept until they are sent.
const flushAt = 64 << 10

// body is the body of an answer under way.
type body struct {
	w      http.ResponseWriter
	buffer bytes.Buffer // not sent yet
	begun  bool         // some is
}

func newBody(w http.ResponseWriter) *body { return &body{w: w} }

// flush sends what there is. The connection disconnects a client that has stopped reading.
func (b *body) flush() error {
	if !b.begun {
		b.begun = true
		b.w.Header().Set("Content-Type", "application/json")
		b.w.Header().Set("Cache-Control", "no-store")
	}
	_, err := b.buffer.WriteTo(b.w)
	if err == nil {
		err = http.NewResponseController(b.w).Flush()
	}
	return err
}

// finish sends the rest; an answer that was not begun goes out with its length.
// An error is dropped: the client can no longer be answered.
func (b *body) finish() {
	if !b.begun {
		b.w.Header().Set("Content-Length", strconv.Itoa(b.buffer.Len()))
	}
	_ = b.flush()
}
