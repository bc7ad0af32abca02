package webhooks

import (
	"context"
	"slices"
	"strings"
	"testing"

	"github.com/bosgraph/bosgraph/bos"
)

// fakeDeliveries has one event that was given up for each target.
type fakeDeliveries struct {
	notes   map[string]string
	retried []string
}

func (f *fakeDeliveries) Targets(context.Context) (map[string]string, error) { return f.notes, nil }

func (f *fakeDeliveries) QueueLengths(_ context.Context, targets []string) (outbox int, queued, dead []int, err error) {
	return 0, make([]int, len(targets)), make([]int, len(targets)), nil
}

func (f *fakeDeliveries) GivenUp(context.Context, string, int) ([]bos.Delivery, error) {
	return []bos.Delivery{{Event: bos.Event{Kind: bos.EventSyncLost}}}, nil
}

func (f *fakeDeliveries) Retry(_ context.Context, target string) (n int, err error) {
	f.retried = append(f.retried, target)
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
	if l, err := list(t.Context(), &fakeDeliveries{notes: notes}); err != nil || l.Targets[1].State != stateRemoved {
		t.Errorf("listed are %+v, %v", l.Targets, err)
	}
	if _, err := Retry(t.Context(), &fakeDeliveries{notes: notes}, "none", &strings.Builder{}); err == nil || !strings.Contains(err.Error(), "bad, left, ops") {
		t.Errorf("a target that is not there: %v", err)
	}
}
