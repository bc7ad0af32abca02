package webhooks

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/bosgraph/bosgraph/bos"
)

// fakeDeliveries has one event that was given up for each target, unless nothing was.
type fakeDeliveries struct {
	notes   map[string]string
	clean   bool // nothing was given up
	retried []string
}

func (f *fakeDeliveries) Targets(context.Context) (map[string]string, error) { return f.notes, nil }

func (f *fakeDeliveries) QueueLengths(_ context.Context, targets []string) (outbox int, queued, dead []int, err error) {
	queued = make([]int, len(targets))
	for i := range queued {
		queued[i] = i + 1
	}
	return 7, queued, make([]int, len(targets)), nil
}

func (f *fakeDeliveries) GivenUp(context.Context, string, int) ([]bos.Delivery, error) {
	if f.clean {
		return nil, nil
	}
	return []bos.Delivery{{Event: bos.Event{ID: "id", Kind: bos.EventSyncLost, Time: time.Date(2026, 11, 20, 7, 0, 0, 0, time.UTC)}, Attempts: 9, Reason: "500"}}, nil
}

func (f *fakeDeliveries) Retry(_ context.Context, target string) (n int, err error) {
	f.retried = append(f.retried, target)
	if f.clean {
		return 0, nil
	}
	return 1, nil
}

// TestARetryIsRefusedForTargetsThatGetNothing has events stay given up, with the reason that they have, if nobody would send them.
func TestARetryIsRefusedForTargetsThatGetNothing(t *testing.T) {
	notes := map[string]string{
		"bad": `{"disabled": "2026-11-20T08:00:00Z", "reason": "410 Gone"}`, "left": `{"failing": "2026-11-20T08:00:00Z", "removed": "2026-11-21T08:00:00Z"}`, "ops": `{}`,
	}
	const (
		bad  = "bad: nothing queued again: disabled since 2026-11-20T08:00:00Z (410 Gone): change its configuration, or a file that it names, to enable it first\n"
		left = "left: nothing queued again: not in the configuration of the servers since 2026-11-21T08:00:00Z: add it there first\n"
		ops  = "ops: 1 events queued again\n"
	)
	for _, test := range []struct {
		target, want string
		done         bool
		retried      []string
	}{
		{"", bad + left + ops, false, []string{"ops"}}, {"bad", bad, false, nil}, {"left", left, false, nil}, {"ops", ops, true, []string{"ops"}},
	} {
		store := &fakeDeliveries{notes: notes}
		var out strings.Builder
		done, err := Retry(t.Context(), store, test.target, &out)
		if err != nil || done != test.done || out.String() != test.want || !slices.Equal(store.retried, test.retried) {
			t.Errorf("%q: %v, %v, queued %q:\n%s", test.target, done, err, store.retried, &out)
		}
	}
	const nothing = ": 0 events queued again\n"
	var out strings.Builder
	if done, err := Retry(t.Context(), &fakeDeliveries{notes: notes, clean: true}, "", &out); err != nil || done || out.String() != "bad"+nothing+"left"+nothing+"ops"+nothing {
		t.Errorf("where nothing was given up: %v, %v:\n%s", done, err, &out)
	}
	if l, err := list(t.Context(), &fakeDeliveries{notes: notes}); err != nil || l.Targets[1].State != stateRemoved {
		t.Errorf("listed are %+v, %v", l.Targets, err)
	}
	if _, err := Retry(t.Context(), &fakeDeliveries{notes: notes}, "none", &strings.Builder{}); err == nil || !strings.Contains(err.Error(), "bad, left, ops") {
		t.Errorf("a target that is not there: %v", err)
	}
}

// TestAListSaysWhetherAllIsWell prints targets in each state. Scripts rely on what it says.
func TestAListSaysWhetherAllIsWell(t *testing.T) {
	const since = `"2026-11-20T08:00:00Z"`
	states := map[string]string{"ok": `{}`, "removed": `{"removed": ` + since + `}`, "failing": `{"failing": ` + since + `, "reason": "503"}`, "disabled": `{"disabled": ` + since + `}`}
	for _, test := range []struct {
		targets []string
		clean   bool
		well    bool
	}{
		{nil, true, true}, {[]string{"ok", "removed"}, true, true}, {[]string{"ok"}, false, false},
		{[]string{"failing", "ok"}, true, false}, {[]string{"disabled", "ok"}, true, false},
	} {
		store := &fakeDeliveries{clean: test.clean, notes: map[string]string{}}
		for _, name := range test.targets {
			store.notes[name] = states[name]
		}
		for _, asJSON := range []bool{true, false} {
			if well, err := List(t.Context(), store, asJSON, &strings.Builder{}); err != nil || well != test.well {
				t.Errorf("%v, nothing given up %v: well %v, %v", test.targets, test.clean, well, err)
			}
		}
	}
	var out strings.Builder
	if _, err := List(t.Context(), &fakeDeliveries{notes: map[string]string{"failing": states["failing"]}}, false, &out); err != nil {
		t.Fatal(err)
	}
	const want = `TARGET   STATE                               PENDING  GIVEN UP  REASON
failing  failing since 2026-11-20T08:00:00Z  1        1         503
Not given to targets yet: 7

Given up for failing:
2026-11-20T07:00:00Z  sync.lost    9 attempts  500  id
`
	if out.String() != want {
		t.Errorf("it prints\n%s", &out)
	}
}

// TestATestGoesToTheTargetsThatAreNamed has one of two targets that accepts it.
func TestATestGoesToTheTargetsThatAreNamed(t *testing.T) {
	var got []string
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		got = append(got, r.URL.Path)
		if !strings.HasPrefix(r.Header.Get("webhook-id"), "test.") {
			t.Errorf("its id is %q", r.Header.Get("webhook-id"))
		}
		if r.URL.Path == "/bad" {
			w.WriteHeader(http.StatusInternalServerError)
		}
	}))
	defer server.Close()
	file := written(t, `{"targets": [{"name": "bad", "url": "`+server.URL+`/bad", "secretFile": "secret"}, {"name": "good", "url": "`+server.URL+`/good", "secretFile": "secret"}]}`)
	const bad, good = "bad: it answered 500 Internal Server Error\n", "good: accepted\n"
	for _, test := range []struct {
		target, want string
		accepted     bool
		got          []string
	}{{"", bad + good, false, []string{"/bad", "/good"}}, {"bad", bad, false, []string{"/bad"}}, {"good", good, true, []string{"/good"}}} {
		got = nil
		var out strings.Builder
		accepted, err := Test(t.Context(), file, test.target, &out)
		if err != nil || accepted != test.accepted || out.String() != test.want || !slices.Equal(got, test.got) {
			t.Errorf("%q: %v, %v, to %q:\n%s", test.target, accepted, err, got, &out)
		}
	}
	if _, err := Test(t.Context(), file, "none", &strings.Builder{}); !errors.As(err, new(*ConfigError)) {
		t.Errorf("a target that is not there: %v", err)
	}
}

// TestARetryWithoutTargetsSaysSo has no server send webhooks: a command that prints nothing seems to have done its work.
func TestARetryWithoutTargetsSaysSo(t *testing.T) {
	for _, target := range []string{"", "ops"} {
		var out strings.Builder
		if done, err := Retry(t.Context(), &fakeDeliveries{}, target, &out); done || err != nil || out.String() != noTargets+"\n" {
			t.Errorf("%q: %v, %v:\n%s", target, done, err, &out)
		}
	}
}
