package rest

import (
	"bytes"
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
	b := newBody(w)
	next, stop := iter.Pull2(pages)
	defer stop()
	var page []T
	separator := byte('[')
	for first := true; ; first = false {
		more, err := fill(h, r.Context(), b, &page, next, &separator, first)
		switch {
		case err != nil && b.begun:
			h.abort(r.Context(), err)
		case err != nil:
			return err
		}
		if !more {
			break
		}
		// Outside of the turn that fill has: a client that reads slowly must not keep others from theirs.
		if b.buffer.Len() >= flushAt && b.flush() != nil {
			return nil // the client has disconnected
		}
	}
	if separator == '[' {
		b.buffer.WriteByte(separator)
	}
	b.buffer.WriteString("]\n")
	b.finish()
	return nil
}

// fill encodes as much as is sent at a time, in its turn: of the page, or of the next one when that is
// used up. A page may become far longer than what was read for it, as its records may share their texts.
func fill[T any](h *handler, ctx context.Context, b *body, page *[]T, next func() ([]T, error, bool), separator *byte, first bool) (more bool, err error) {
	if h.Heavy != nil && !first {
		select {
		case h.Heavy <- struct{}{}:
			defer func() { <-h.Heavy }()
		case <-ctx.Done():
			return false, ctx.Err()
		}
	}
	if len(*page) == 0 {
		if *page, err, more = next(); err != nil || !more {
			return more, err
		}
	}
	for ; len(*page) > 0 && b.buffer.Len() < flushAt; *page = (*page)[1:] {
		b.buffer.WriteByte(*separator)
		*separator = ','
		if err := encode(&b.buffer, (*page)[0]); err != nil {
			return false, err
		}
	}
	return true, nil
}

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
