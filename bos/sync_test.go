package bos

import (
	"testing"
	"time"
)

// TestARecordThatDoesNotFitMakesStaleAndNotUnread distinguishes the two reasons for which what came from BOS may be behind.
func TestARecordThatDoesNotFitMakesStaleAndNotUnread(t *testing.T) {
	now := time.Unix(1000, 0)
	for what, test := range map[string]struct {
		state         SyncState
		unread, stale bool
	}{
		"all is well":                   {SyncState{LastSweep: now.Add(-3 * time.Second)}, false, false},
		"a record can't be kept":        {SyncState{LastSweep: now, Behind: true}, false, true},
		"no sweep":                      {SyncState{}, true, true},
		"no sweep for long":             {SyncState{LastSweep: now.Add(-4 * time.Second)}, true, true},
		"a sweep that is not believed":  {SyncState{LastSweep: now, Doubt: true}, true, true},
		"no sweep, and a record before": {SyncState{LastSweep: now.Add(-time.Hour), Behind: true}, true, true},
	} {
		test.state.Every = time.Second
		if unread, stale := test.state.Unread(now), test.state.Stale(now); unread != test.unread || stale != test.stale {
			t.Errorf("%s: unread is %v, stale is %v", what, unread, stale)
		}
	}
}
