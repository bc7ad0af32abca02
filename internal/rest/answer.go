package rest

import (
	"bytes"
	"encoding/json"
	"io"
	"iter"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// percent is a percentage as Python prints a float: 100.0, not 100.
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
// An error of the first page is returned; a later one breaks the answer off.
func stream[T any](h *handler, w http.ResponseWriter, r *http.Request, pages iter.Seq2[[]T, error]) error {
	b := newBody(w)
	next := byte('[')
	for page, err := range pages {
		for _, item := range page {
			b.buffer.WriteByte(next)
			next = ','
			if err = encode(&b.buffer, item); err != nil {
				break
			}
			if b.buffer.Len() >= flushAt && b.flush() != nil {
				return nil // the client has gone
			}
		}
		switch {
		case err != nil && b.begun:
			h.abort(r.Context(), err)
		case err != nil:
			return err
		}
	}
	if next == '[' {
		b.buffer.WriteByte(next)
	}
	b.buffer.WriteString("]\n")
	b.finish()
	return nil
}

const (
	flushAt     = 64 << 10         // bytes of an answer that are kept until they are sent
	writeWithin = 30 * time.Second // for a client to take them: one that has stopped reading is let go
)

// body is the body of an answer under way.
type body struct {
	w      http.ResponseWriter
	buffer bytes.Buffer // not sent yet
	begun  bool         // some is
}

func newBody(w http.ResponseWriter) *body { return &body{w: w} }

// flush sends what there is. The deadline is lifted afterwards: the next request on
// the connection may be a subscription.
func (b *body) flush() error {
	if !b.begun {
		b.begun = true
		b.w.Header().Set("Content-Type", "application/json")
		b.w.Header().Set("Cache-Control", "no-store")
	}
	control := http.NewResponseController(b.w)
	_ = control.SetWriteDeadline(time.Now().Add(writeWithin)) // not every writer can
	defer func() { _ = control.SetWriteDeadline(time.Time{}) }()
	_, err := b.buffer.WriteTo(b.w)
	if err == nil {
		err = control.Flush()
	}
	return err
}

// finish sends the rest; an answer that was not begun goes out with its length.
// There is nobody to be told of an error any more.
func (b *body) finish() {
	if !b.begun {
		b.w.Header().Set("Content-Length", strconv.Itoa(b.buffer.Len()))
	}
	_ = b.flush()
}
