package client

import (
	"context"
	"reflect"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/bosgraph/bosgraph/bos"
)

// TestFollowingThroughFaultsOfServers shows what comes of what servers do, in the time of testing/synctest.
func TestFollowingThroughFaultsOfServers(t *testing.T) {
	const html = "text/html"
	for _, test := range []struct {
		name     string
		patience time.Duration // a minute if 0
		turns    []turn
		want     []string
	}{
		{name: "to the end",
			turns: []turn{stream(status(Pending, 1), 3*time.Second, status(Running, 2), comment, status(Complete, 3), complete, open{})},
			want:  []string{"0s PENDING 1", "3s RUNNING 2", "3s COMPLETE 3"}},
		{name: "cut off behind the last status",
			turns: []turn{stream(status(Complete, 3))},
			want:  []string{"0s COMPLETE 3"}},
		{name: "a frozen status that is replaced",
			turns: []turn{stream(status(Complete, 3), time.Second, status(Complete, 4), complete)},
			want:  []string{"0s COMPLETE 3", "1s COMPLETE 4"}},
		{name: "cut off, and on with another",
			turns: []turn{stream(status(Running, 1)), down, down, stream(status(Running, 2), status(Complete, 3), complete)},
			want: []string{"0s RUNNING 1", "0s lost: the connection has been closed", "250ms lost: connection refused", "750ms lost: connection refused",
				"1.75s RUNNING 2", "1.75s COMPLETE 3"}},
		{name: "cut off, and nothing new since",
			turns: []turn{stream(status(Running, 1)), stream(5*time.Second, status(Complete, 2), complete)},
			want:  []string{"0s RUNNING 1", "0s lost: the connection has been closed", "1.25s back", "5.25s COMPLETE 2"}},
		{name: "a comment says that it works",
			turns: []turn{stream(status(Running, 1)), stream(comment, 5*time.Second, status(Complete, 2), complete)},
			want:  []string{"0s RUNNING 1", "0s lost: the connection has been closed", "250ms back", "5.25s COMPLETE 2"}},
		{name: "an end before its time",
			turns: []turn{stream(status(Running, 1), complete), stream(status(Complete, 2), complete)},
			want:  []string{"0s RUNNING 1", "0s lost: the server has ended the subscription", "250ms COMPLETE 2"}},
		{name: "silence",
			turns: []turn{stream(status(Running, 1), 60*time.Second, comment, open{}), stream(status(Complete, 2), complete)},
			want:  []string{"0s RUNNING 1", "2m5s lost: the server has fallen silent", "2m5.25s COMPLETE 2"}},
		{name: "no status, as while Redis does not answer", patience: 8 * time.Second,
			turns: []turn{stream(3*time.Second, comment, open{})},
			want: []string{"5s lost: the server sends no status: its /readyz says whether Redis answers", "10.25s lost: the server sends no status: its /readyz says whether Redis answers",
				"15.75s end: out of reach for 11s: the server sends no status: its /readyz says whether Redis answers"}},
		{name: "Redis away for a while",
			turns: []turn{stream(failure(bos.Unavailable), complete), stream(failure(bos.Internal), complete), stream(status(Complete, 1), complete)},
			want:  []string{"0s lost: no, UNAVAILABLE", "250ms lost: no, INTERNAL", "750ms COMPLETE 1"}},
		{name: "lines that end as on Windows",
			turns: []turn{stream(strings.ReplaceAll(status(Complete, 1)+complete, "\n", "\r\n"))},
			want:  []string{"0s COMPLETE 1"}},

		{name: "no such session",
			turns: []turn{stream(failure(bos.NotFound), complete), answer(200, typeJSON, `{"data":{"session":null}}`)},
			want:  []string{"0s end: no, NOT_FOUND"}},
		{name: "deleted",
			turns: []turn{stream(status(Running, 1), time.Second, failure(bos.NotFound), complete), answer(200, typeJSON, `{"data":{"session":null}}`)},
			want:  []string{"0s RUNNING 1", "1s end: no, NOT_FOUND"}},
		{name: "deleted at its source while it ran",
			turns: []turn{stream(status(Running, 1), time.Second, failure(bos.NotFound), complete), answer(200, typeJSON,
				`{"data":{"session":{"deleted":true,"status":{"status":"RUNNING","counts":{"managed":8,"complete":5}}}}}`)},
			want: []string{"0s RUNNING 1", `1s end: session "s" was deleted at BOS while RUNNING, with 5 of 8 components complete`}},
		{name: "deleted when it was complete",
			turns: []turn{stream(failure(bos.NotFound), complete), answer(200, typeJSON,
				`{"data":{"session":{"deleted":true,"status":{"status":"COMPLETE","counts":{"managed":8,"complete":8}}}}}`)},
			want: []string{"0s end: no, NOT_FOUND"}},
		{name: "not found, and the reason can't be asked for",
			turns: []turn{stream(failure(bos.NotFound), complete), down},
			want:  []string{"0s end: no, NOT_FOUND"}},
		{name: "not allowed",
			turns: []turn{answer(403, "application/json", `{"errors":[{"message":"not you","extensions":{"code":"FORBIDDEN"}}]}`)},
			want:  []string{"0s end: not you"}},
		{name: "something else that listens there",
			turns: []turn{answer(404, html, "<html>")},
			want:  []string{"0s end: there is no bosgraph at http://server/base: is the base path right?"}},
		{name: "a base path that is not the server's",
			turns: []turn{answer(405, "text/plain", "Method Not Allowed")},
			want:  []string{"0s end: there is no bosgraph at http://server/base: is the base path right?"}},
		{name: "no token",
			turns: []turn{answer(401, typeJSON, `{"errors":[{"message":"log in first: send a token as Authorization: Bearer TOKEN","extensions":{"code":"UNAUTHENTICATED"}}]}`)},
			want:  []string{"0s end: log in first: give --token-file"}},
		{name: "a page instead of a stream",
			turns: []turn{answer(200, html, "<html>")},
			want:  []string{"0s end: the answer is 200 OK, which is not bosgraph's"}},
		{name: "an ingress without a server",
			turns: []turn{stream(status(Running, 1)), answer(503, html, ""), answer(404, html, ""), stream(status(Complete, 2))},
			want: []string{"0s RUNNING 1", "0s lost: the connection has been closed", "250ms lost: the answer is 503 Service Unavailable",
				"750ms lost: there is no bosgraph at http://server/base: is the base path right?", "1.75s COMPLETE 2"}},
		{name: "too many at once",
			turns: []turn{answer(429, html, ""), stream(status(Complete, 2))},
			want:  []string{"0s lost: the answer is 429 Too Many Requests", "250ms COMPLETE 2"}},
		{name: "no status at all",
			turns: []turn{stream("event: next\ndata: {\"data\":null}\n\n"), stream("event: next\ndata: {\n\n"), stream(status(Complete, 1))},
			want: []string{"0s lost: the server has sent a result without data", "250ms lost: unexpected end of JSON input",
				"750ms COMPLETE 1"}},
		{name: "more than any status could be",
			turns: []turn{stream("data: " + strings.Repeat("x", maxPart)), stream(status(Complete, 1))},
			want:  []string{"0s lost: " + errTooLong.Error(), "250ms COMPLETE 1"}},

		{name: "never there", patience: 3 * time.Second,
			turns: []turn{down},
			want: []string{"0s lost: connection refused", "250ms lost: connection refused", "750ms lost: connection refused", "1.75s lost: connection refused",
				"3s end: out of reach for 3s: connection refused"}},
		{name: "no patience", patience: time.Nanosecond,
			turns: []turn{down},
			want:  []string{"0s lost: connection refused", "0s end: out of reach for 0s: connection refused"}},
		{name: "gone for good, after hours", patience: 2 * time.Second,
			turns: []turn{stream(status(Running, 1), 50*time.Second, comment, 50*time.Second, comment, 50*time.Second), down},
			want: []string{"0s RUNNING 1", "2m30s lost: the connection has been closed", "2m30.25s lost: connection refused", "2m30.75s lost: connection refused",
				"2m31.75s lost: connection refused", "2m32s end: out of reach for 2s: connection refused"}},
		{name: "patience begins again", patience: time.Second,
			turns: []turn{down, down, stream(status(Running, 1)), down, down, stream(status(Complete, 2))},
			want: []string{"0s lost: connection refused", "250ms lost: connection refused", "750ms RUNNING 1", "750ms lost: the connection has been closed",
				"1s lost: connection refused", "1.5s lost: connection refused", "1.75s COMPLETE 2"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := &server{t: t, turns: test.turns}
				patience := test.patience
				if patience == 0 {
					patience = time.Minute
				}
				var got []string
				start := time.Now()
				for e, err := range s.client(patience).Follow(t.Context(), bos.SessionKey{Name: "s"}, time.Second) {
					got = append(got, tale(start, e, err))
				}
				if !slices.Equal(got, test.want) {
					t.Errorf("came\n\t%s\nnot\n\t%s", strings.Join(got, "\n\t"), strings.Join(test.want, "\n\t"))
				}
			})
		})
	}
}

// TestFollowingAsksForWhatIsNewer shows what a server is asked for: at first for all, and then for what
// is newer than the last status.
func TestFollowingAsksForWhatIsNewer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &server{t: t, turns: []turn{down, stream(status(Running, 41), status(Running, 42)), stream(status(Complete, 43))}}
		for _, err := range s.client(time.Minute).Follow(t.Context(), bos.SessionKey{Tenant: "blue", Name: "s"}, 1500*time.Millisecond) {
			if err != nil {
				t.Error(err)
			}
		}
		first := map[string]any{"name": "s", "tenant": "blue", "interval": 1500.0, "groups": float64(Groups)}
		again := map[string]any{"name": "s", "tenant": "blue", "interval": 1500.0, "groups": float64(Groups), "revision": 42.0, "epoch": "e"}
		if want := []map[string]any{first, first, again}; !reflect.DeepEqual(s.asked, want) {
			t.Errorf("asked was %v, not %v", s.asked, want)
		}
	})
}

// TestFollowingLeavesNothingBehind ends following in each of its states: no goroutine is left behind, for
// which testing/synctest looks.
func TestFollowingLeavesNothingBehind(t *testing.T) {
	for name, turns := range map[string][]turn{
		"in a stream":         {stream(status(Running, 1), open{})},
		"in a pause":          {stream(status(Running, 1)), down},
		"before anything was": {stream(open{})},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second+time.Millisecond)
				defer cancel()
				s := &server{t: t, turns: turns}
				var last error
				start := time.Now()
				for _, err := range s.client(time.Minute).Follow(ctx, bos.SessionKey{Name: "s"}, time.Second) {
					last = err
				}
				if took := time.Since(start); last != context.DeadlineExceeded || took > 11*time.Second {
					t.Errorf("after %v came %v", took, last)
				}
			})
			synctest.Test(t, func(t *testing.T) {
				s := &server{t: t, turns: append([]turn{down}, turns...)}
				for range s.client(time.Minute).Follow(t.Context(), bos.SessionKey{Name: "s"}, time.Second) {
					break
				}
				if len(s.asked) != 1 {
					t.Errorf("%d requests, for nobody", len(s.asked))
				}
			})
		})
	}
}
