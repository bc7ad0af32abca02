package transport

import (
	"bytes"
	"errors"
	"io"
	"mime"
	"net/http"
	"strings"
	"sync"

	"github.com/bosgraph/bosgraph/bos"
	"github.com/bosgraph/bosgraph/graph/limits"
	"github.com/bosgraph/bosgraph/internal/auth"
	"github.com/bosgraph/bosgraph/internal/cost"
)

// body is the body of a request, and how much of the memory for large requests it takes:
// only large ones are counted, so that small ones do not meet at one counter.
type body struct {
	raw    []byte
	memory *cost.Pool
	taken  int64

	client string // whose budget it is taken from
	paid   bool   // what it asks for has been
	key    asked  // by which it is known if it is a query; zero if it is not to be

	screened int  // bytes of it that the screen has seen
	commas   int  // in all of it
	listed   bool // no list in it has more items than any document may have
}

// release gives the memory back.
func (b *body) release() {
	b.memory.Give(b.taken)
	b.taken = 0
}

const (
	firstBytes = 512      // a body begins with room for so many, or what it claims,
	smallBody  = 64 << 10 // and is counted if it gets longer than that
	largeBody  = 1 << 20  // from there on it takes its turn as a heavy operation
)

// body reads the body, which a GET has not; a status goes with an error.
func (h HTTP) body(w http.ResponseWriter, r *http.Request) (*body, int, *bos.Error) {
	switch r.Method {
	case http.MethodGet:
		if !deliberate(r) {
			return nil, http.StatusForbidden, bos.Errorf(bos.Forbidden,
				"a web page could make a browser send such a GET: say what you accept, as in Accept: application/json, or use POST")
		}
	case http.MethodPost:
		if err := readable(r); err != nil {
			return nil, http.StatusUnsupportedMediaType, err
		}
	default:
		w.Header().Set("Allow", "GET, POST")
		return nil, http.StatusMethodNotAllowed, bos.Errorf(bos.BadUserInput, "GraphQL is asked by GET or POST")
	}
	// Before anything is read: a client that has spent its budget, and asks again all the same, costs
	// next to nothing. Of a body that is too long no more is paid than is read of it: whatever length it
	// claims is no reason to come back later.
	most := h.MaxBody(r)
	b := &body{memory: h.Bounds.Pool(), client: clientOf(auth.AccessOf(r.Context()), r.RemoteAddr)}
	if err := h.Budget.Spend(b.client, cost.Request+cost.OfBody(int(min(max(0, r.ContentLength), most)))); err != nil {
		return nil, http.StatusTooManyRequests, err
	}
	if r.Method == http.MethodGet {
		return b, 0, nil
	}
	bounded := http.MaxBytesReader(w, r.Body, most)
	var status int
	var err *bos.Error
	// A body that says itself that it is too long is refused before any memory is taken for it. One
	// of unknown length (-1) is cut off by bounded.
	if r.ContentLength > most {
		status, err = http.StatusRequestEntityTooLarge, tooLong(most)
	} else {
		status, err = b.read(bounded, r.ContentLength)
	}
	if err != nil {
		b.release()
		discard(bounded)
		return nil, status, err
	}
	return b, 0, nil
}

// readable says why a body can't be read, by its headers. Nothing but JSON is read: what a form may
// send would come from any web page.
func readable(r *http.Request) *bos.Error {
	coding, contentType := r.Header.Get("Content-Encoding"), r.Header.Get("Content-Type")
	if coding == "" && contentType == typeJSON { // nearly always
		return nil
	}
	kind, parameters, err := mime.ParseMediaType(contentType)
	charset, given := parameters["charset"]
	switch {
	case err != nil || kind != typeJSON:
		return bos.Errorf(bos.BadUserInput, "send the request as Content-Type: application/json")
	case given && !utf8Name(charset):
		return bos.Errorf(bos.BadUserInput, "send the request in UTF-8")
	case coding != "" && !strings.EqualFold(coding, "identity"):
		return bos.Errorf(bos.BadUserInput, "send the request without a Content-Encoding")
	}
	return nil
}

// discard takes what still comes of a body that is refused, as much as may come of one: a
// client that is not yet through with sending would not read the answer.
func discard(from io.Reader) {
	buffer := discarded.Get().(*[]byte)
	defer discarded.Put(buffer)
	for {
		if _, err := from.Read(*buffer); err != nil {
			return
		}
	}
}

var discarded = sync.Pool{New: func() any { return new(make([]byte, smallBody)) }}

func tooLong(most int64) *bos.Error {
	return bos.Errorf(bos.BadUserInput, "the request is larger than %d bytes: send it in parts", most)
}

// read reads a body of that length, -1 for an unknown one. It grows with what has come,
// whatever length was claimed, and is looked at meanwhile.
func (b *body) read(from io.Reader, length int64) (int, *bos.Error) {
	first := firstBytes
	if 0 < length && length < firstBytes {
		first = int(length) + 1 // to find the end
	}
	b.raw = make([]byte, 0, first)
	var screen screen
	for {
		if len(b.raw) == cap(b.raw) && !b.grow(length) {
			return http.StatusServiceUnavailable, bos.Errorf(bos.Unavailable,
				"as many large requests are under way as may be at a time (--max-response-memory): try again in a moment")
		}
		n, err := from.Read(b.raw[len(b.raw):cap(b.raw)])
		fresh := b.raw[len(b.raw) : len(b.raw)+n]
		b.raw = b.raw[:len(b.raw)+n]
		if status, refused := b.screen(&screen, fresh); refused != nil {
			return status, refused
		}
		var tooLarge *http.MaxBytesError
		switch {
		case errors.Is(err, io.EOF):
			b.listed = !screen.long
			return 0, nil
		case errors.As(err, &tooLarge):
			return http.StatusRequestEntityTooLarge, tooLong(tooLarge.Limit)
		case err != nil:
			return http.StatusBadRequest, bos.Errorf(bos.BadUserInput, "the request ended early: send it again")
		}
	}
}

// screening is held while a piece of a large body is screened: the pieces of fifty bodies
// at once would keep every processor busy, and others would wait a time slice for each.
// Nobody waits for a client meanwhile, as a piece has arrived already.
var screening sync.Mutex

// screen has what has come screened once it can be too much: a document of too many tokens
// has as many bytes, and after the document a list that is too long has as many commas. So
// neither a query nor a usual batch of patches is looked at.
func (b *body) screen(s *screen, fresh []byte) (int, *bos.Error) {
	b.commas += bytes.Count(fresh, comma)
	if len(b.raw) <= limits.Tokens || s.seen && b.commas < maxList {
		return 0, nil
	}
	if len(b.raw) > largeBody {
		screening.Lock()
		defer screening.Unlock()
	}
	piece := b.raw[b.screened:]
	b.screened = len(b.raw)
	return s.see(piece)
}

var comma = []byte{','}

// grow makes room, up to what was claimed: four times as much as has come, or twice where
// nothing was claimed.
func (b *body) grow(length int64) bool {
	size := 2 * cap(b.raw)
	if length > int64(size) {
		size *= 2
	}
	if claimed := int(length) + 1; length > 0 && size > claimed && claimed > cap(b.raw) {
		size = claimed // and one to find the end
	}
	if more := int64(size) - b.taken; size > smallBody {
		// Refused at once, and not made to wait: the requests that hold the memory may need more of it
		// to get any further.
		if !b.memory.Take(more) {
			return false
		}
		b.taken += more
	}
	b.raw = append(make([]byte, 0, size), b.raw...)
	return true
}
