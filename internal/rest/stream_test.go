package rest

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	"github.com/bosgraph/bosgraph/bos"
	"github.com/bosgraph/bosgraph/internal/auth"
)

// TestEveryListOfComponentsIsCompleteAndInOrder reads a long list in all ways there are: each is read from the
// store in pages, and has everything once and in order.
func TestEveryListOfComponentsIsCompleteAndInOrder(t *testing.T) {
	const n = 2500
	var ids []string
	for i := range n {
		ids = append(ids, fmt.Sprintf("x%05d", n-i-1))
	}
	for _, test := range []struct {
		query       string
		first, last int
		largest     int // page
	}{
		{"", 0, n, 500},
		{"?session=s", 0, n, 500},
		{"?start_after_id=x00099", 100, n, 500},
		{"?start_after_id=x00099&page_size=1234", 100, 1334, 500},
		{"?page_size=500", 0, 500, 500},
		{"?page_size=7", 0, 7, 7},
		{"?page_size=7&status=stable", 0, 7, 500},
		{"?page_size=9999", 0, n, 500},
		{"?ids=" + strings.Join(ids[n-18:], ","), 0, 18, 500},
		{"?page_size=7&start_after_id=x00009&ids=" + strings.Join(ids[n-18:], ","), 10, 17, 500},
	} {
		store := many(n)
		_, w := get(serve(t, store), "GET", "/v2/components"+test.query, "")
		var found []struct{ ID string }
		if err := json.Unmarshal(w.Body.Bytes(), &found); err != nil {
			t.Fatal(err)
		}
		name := test.query[:min(len(test.query), 50)]
		if len(found) != test.last-test.first {
			t.Fatalf("%s: %d components, want %d", name, len(found), test.last-test.first)
		}
		for i, c := range found {
			if want := fmt.Sprintf("x%05d", test.first+i); c.ID != want {
				t.Fatalf("%s: component %d is %s, want %s", name, i, c.ID, want)
			}
		}
		if store.largest != test.largest {
			t.Errorf("%s: read in pages of %d, want %d", name, store.largest, test.largest)
		}
	}
}

// panicking is a store that panics after some pages.
type panicking struct {
	*fake
	pages int
}

func (p *panicking) ListComponents(ctx context.Context, of *bos.MembersOf, f bos.ComponentFilter, page bos.Page,
	detailed, total bool) (*bos.List[*bos.Component], error) {
	if p.pages--; p.pages < 0 {
		panic("a secret of the store")
	}
	return p.fake.ListComponents(ctx, of, f, page, detailed, total)
}

// TestAPanicIsAnInternalError panics before an answer has begun, which is then a problem, and within it, which is then interrupted:
// both are in the log, with the place, and none in the answer.
func TestAPanicIsAnInternalError(t *testing.T) {
	for pages, whole := range []bool{true, false} {
		var log strings.Builder
		api := New(&panicking{many(1000), pages}, Options{Log: slog.New(slog.NewTextHandler(&log, nil))}, nil)
		access, err := auth.Anyone().For("")
		if err != nil {
			t.Fatal(err)
		}
		r := httptest.NewRequest("GET", "/v2/components", nil)
		w := httptest.NewRecorder()
		broken := func() (broken bool) {
			defer func() { broken = recover() == http.ErrAbortHandler }()
			api.ServeHTTP(w, r.WithContext(auth.WithAccess(r.Context(), access)))
			return false
		}()
		if broken == whole || whole && (w.Code != 500 || w.Header().Get("Content-Type") != "application/problem+json") {
			t.Errorf("after %d pages: interrupted %v, %d %q", pages, broken, w.Code, w.Body.String())
		}
		if strings.Contains(w.Body.String(), "secret") || !strings.Contains(log.String(), "secret") || !strings.Contains(log.String(), "stream_test.go") {
			t.Errorf("after %d pages the answer has %q, the log %q", pages, w.Body.String(), log.String())
		}
	}
}

// TestListsOfSessionsLeaveOutDeletedOnes reads more sessions than a page has, with deleted ones among them.
func TestListsOfSessionsLeaveOutDeletedOnes(t *testing.T) {
	f := &fake{}
	for i := range 90 {
		f.sessions = append(f.sessions, &bos.Session{
			SessionKey: bos.SessionKey{Name: fmt.Sprintf("s%d", i)}, Deleted: i%3 == 0 || i < 30, Details: &bos.SessionDetails{},
		})
	}
	_, w := get(serve(t, f), "GET", "/v2/sessions", "")
	var found []struct{ Name string }
	if err := json.Unmarshal(w.Body.Bytes(), &found); err != nil {
		t.Fatal(err)
	}
	if len(found) != 40 || found[0].Name != "s31" || found[39].Name != "s89" {
		t.Errorf("%d sessions: %v", len(found), found)
	}
}

// completing is a store whose first sessions are completed between the list and the reads of what it names.
type completing struct{ *fake }

func (c completing) ReadSessions(ctx context.Context, reads []bos.SessionRead) ([]*bos.Session, error) {
	for _, s := range c.sessions[:5] {
		s.State = bos.StateComplete
	}
	return c.fake.ReadSessions(ctx, reads)
}

// TestListsOfSessionsLeaveOutThoseThatPassNoMore completes sessions while the running ones are listed.
func TestListsOfSessionsLeaveOutThoseThatPassNoMore(t *testing.T) {
	f := &fake{}
	for i := range 30 {
		f.sessions = append(f.sessions, &bos.Session{
			SessionKey: bos.SessionKey{Name: fmt.Sprintf("s%d", i)}, State: bos.StateRunning, Details: &bos.SessionDetails{},
		})
	}
	_, w := get(serve(t, completing{f}), "GET", "/v2/sessions?status=running", "")
	var found []struct{ Name string }
	if err := json.Unmarshal(w.Body.Bytes(), &found); err != nil {
		t.Fatal(err)
	}
	if len(found) != 25 || found[0].Name != "s5" {
		t.Errorf("%d sessions: %v", len(found), found)
	}
}

// TestAStatusHasAllItsErrorGroupsReadInPieces shows that a status has all its error groups, however many there are, and that
// they are read in pieces: also where their texts are long, and where the session changes
// faster than they are read.
func TestAStatusHasAllItsErrorGroupsReadInPieces(t *testing.T) {
	const n = 2500
	for _, test := range []struct {
		name     string
		room     int
		changing bool
		reads    int
	}{
		{"in pieces", 0, false, 3},
		{"long texts", 400, false, 7},
		{"changing", 0, true, 2 + 2 + 3}, // twice given up at the second piece
	} {
		t.Run(test.name, func(t *testing.T) {
			f := many(n)
			f.room, f.changing = test.room, test.changing
			for i := range f.components {
				f.components[i].Error = fmt.Sprintf("error %d", i)
			}
			f.sessions = []*bos.Session{{SessionKey: bos.SessionKey{Name: "s"}, State: bos.StateRunning, StartTime: "2026-11-22T09:00:00"}}
			_, w := get(serve(t, f), "GET", "/v2/sessions/s/status", "")
			var found status
			if err := json.Unmarshal(w.Body.Bytes(), &found); err != nil {
				t.Fatal(err)
			}
			if len(found.ErrorSummary) != n || found.ErrorSummary["error 2499"] != (errorGroup{1, "x02499"}) {
				t.Errorf("%d groups", len(found.ErrorSummary))
			}
			if len(f.groups) != test.reads || slices.Max(f.groups) > groupsAtOnce {
				t.Errorf("read %v groups at a time, want %d reads of at most %d", f.groups, test.reads, groupsAtOnce)
			}
		})
	}
}

// TestAStatusWithTooManyErrorTextsIsRefused refuses a status whose texts would fill the server's memory.
func TestAStatusWithTooManyErrorTextsIsRefused(t *testing.T) {
	f := many(1200)
	for i := range f.components {
		f.components[i].Error = fmt.Sprintf("%d %s", i, strings.Repeat("e", 60_000))
	}
	f.sessions = []*bos.Session{{SessionKey: bos.SessionKey{Name: "s"}, State: bos.StateRunning, StartTime: "2026-11-22T09:00:00"}}
	_, w := get(serve(t, f), "GET", "/v2/sessions/s/status", "")
	if w.Code != http.StatusBadRequest || !strings.Contains(w.Body.String(), "query errorSummary") {
		t.Errorf("status %d: %.300s", w.Code, w.Body)
	}
}

// TestAnInterruptedListDoesNotLookComplete shows that a list that can't be read to its end does not look whole.
func TestAnInterruptedListDoesNotLookComplete(t *testing.T) {
	f := many(2500)
	f.pages, f.err = 3, &bos.Error{Code: bos.Unavailable, Message: "Redis does not answer"}
	server := httptest.NewServer(serve(t, f))
	defer server.Close()
	response, err := http.Get(server.URL + "/v2/components")
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if response.StatusCode != http.StatusOK || !errors.Is(err, io.ErrUnexpectedEOF) || json.Valid(body) {
		t.Errorf("status %d, %d bytes, %v", response.StatusCode, len(body), err)
	}
}

// waiting is a store whose second page does not come before the client goes.
type waiting struct {
	*fake
	reads int
}

func (s *waiting) ListComponents(ctx context.Context, of *bos.MembersOf, f bos.ComponentFilter, page bos.Page, detailed, total bool) (*bos.List[*bos.Component], error) {
	if s.reads++; s.reads > 1 {
		<-ctx.Done()
		return nil, ctx.Err()
	}
	return s.fake.ListComponents(ctx, of, f, page, detailed, total)
}

// TestNothingIsReadForAClientThatHasDisconnected shows that nothing more is read for a client that has disconnected.
func TestNothingIsReadForAClientThatHasDisconnected(t *testing.T) {
	s := &waiting{fake: many(2500)}
	ended := make(chan struct{})
	h := serve(t, s)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		defer close(ended)
		h.ServeHTTP(w, r)
	}))
	defer server.Close()
	ctx, leave := context.WithCancel(t.Context())
	defer leave()
	request, err := http.NewRequestWithContext(ctx, "GET", server.URL+"/v2/components", nil)
	if err != nil {
		t.Fatal(err)
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	leave()
	<-ended
	if s.reads > 2 {
		t.Errorf("%d pages were read", s.reads)
	}
}

// TestHEADIsGETWithoutTheBody compares HEAD with GET: the same but for the body.
func TestHEADIsGETWithoutTheBody(t *testing.T) {
	server := httptest.NewServer(serve(t, furnished()))
	defer server.Close()
	for path, status := range map[string]int{"/v2/sessions/night/status": 200, "/v2/components": 200, "/v2/sessions/none": 404} {
		got, err := http.Get(server.URL + path)
		if err != nil {
			t.Fatal(err)
		}
		got.Body.Close()
		head, err := http.Head(server.URL + path)
		if err != nil {
			t.Fatal(err)
		}
		body, err := io.ReadAll(head.Body)
		head.Body.Close()
		if head.StatusCode != status || got.StatusCode != status || err != nil || len(body) > 0 {
			t.Errorf("%s: status %d, %d bytes, %v", path, head.StatusCode, len(body), err)
		}
		if head.ContentLength != got.ContentLength || head.Header.Get("Content-Type") != got.Header.Get("Content-Type") {
			t.Errorf("%s: HEAD has %v, GET %v", path, head.Header, got.Header)
		}
	}
}

// TestPercentagesAreWrittenAsPythonWritesFloats compares floats with Python's.
func TestPercentagesAreWrittenAsPythonWritesFloats(t *testing.T) {
	for value, want := range map[percent]string{0: "0.0", 100: "100.0", 33.33: "33.33", 0.01: "0.01", 99.9: "99.9", 200: "200.0"} {
		if have, err := json.Marshal(value); string(have) != want || err != nil {
			t.Errorf("%s, %v, want %s", have, err, want)
		}
	}
}
