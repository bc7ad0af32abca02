package client

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/bosgraph/bosgraph/bos"
)

// server stands for a server: what it does at each request, the last for all that follow.
type server struct {
	t     *testing.T
	turns []func(body map[string]any, ended <-chan struct{}) (*http.Response, error)
	asked []map[string]any // the variables of each request
}

func (s *server) RoundTrip(r *http.Request) (*http.Response, error) {
	var body struct{ Variables map[string]any }
	if err := json.NewDecoder(r.Body).Decode(&body); err != nil {
		s.t.Error(err)
	}
	turn := s.turns[min(len(s.asked), len(s.turns)-1)]
	s.asked = append(s.asked, body.Variables)
	return turn(body.Variables, r.Context().Done())
}

type turn = func(map[string]any, <-chan struct{}) (*http.Response, error)

// of returns a client of it.
func (s *server) client(patience time.Duration) *Client {
	c, err := New(Options{Server: "http://server/base", Patience: patience})
	if err != nil {
		s.t.Fatal(err)
	}
	c.http.Transport = s
	return c
}

var errRefused = errors.New("connection refused")

func down(map[string]any, <-chan struct{}) (*http.Response, error) { return nil, errRefused }

// answer is a turn that answers at once.
func answer(status int, kind, body string) turn {
	return func(map[string]any, <-chan struct{}) (*http.Response, error) {
		return response(status, kind, strings.NewReader(body)), nil
	}
}

func response(status int, kind string, body io.Reader) *http.Response {
	return &http.Response{
		StatusCode: status, Status: fmt.Sprint(status, " ", http.StatusText(status)),
		Header: http.Header{"Content-Type": {kind}}, Body: io.NopCloser(body),
	}
}

// stream is a turn that streams: parts one after the other; a pause where a part is a
// duration; at the end it is interrupted, unless the last part is open.
func stream(parts ...any) turn {
	return func(_ map[string]any, gone <-chan struct{}) (*http.Response, error) {
		r, w := io.Pipe()
		go func() {
			for _, part := range parts {
				switch part := part.(type) {
				case time.Duration:
					time.Sleep(part) // in the time of testing/synctest
				case string:
					_, _ = io.WriteString(w, part)
				case open:
					<-gone
				}
			}
			w.CloseWithError(io.ErrUnexpectedEOF)
		}()
		return response(200, "text/event-stream; charset=utf-8", r), nil
	}
}

type open struct{}

const (
	comment  = ":\n\n"
	complete = "event: complete\ndata:\n\n"
)

// status is the event of a status.
func status(state string, revision int) string {
	return fmt.Sprintf("event: next\ndata: {\"data\":{\"sessionStatusUpdated\":{\"status\":%q,\"revision\":%d,\"epoch\":\"e\"}}}\n\n", state, revision)
}

// failure is the event of an error.
func failure(code bos.Code) string {
	return fmt.Sprintf("event: next\ndata: {\"errors\":[{\"message\":\"no, %s\",\"extensions\":{\"code\":%q}}]}\n\n", code, code)
}

// tale is what a follower has received, and when.
func tale(start time.Time, e Event, err error) string {
	at := time.Since(start).Round(10 * time.Millisecond)
	switch {
	case err != nil:
		return fmt.Sprintf("%v end: %v", at, err)
	case e.Status != nil:
		return fmt.Sprintf("%v %s %d", at, e.Status.Status, e.Status.Revision)
	case e.Lost != nil:
		return fmt.Sprintf("%v lost: %v", at, e.Lost)
	}
	return fmt.Sprintf("%v back", at)
}
