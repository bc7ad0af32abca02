package bossync

import (
	"log/slog"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/bosgraph/bosgraph/bos"
)

// TestStaleIsReportedInOrder lets a second goroutine decide otherwise while the first one's
// report is under way: the second report must wait, or the older decision would be the last.
func TestStaleIsReportedInOrder(t *testing.T) {
	now := time.Now()
	var s *Sync
	var mu sync.Mutex
	var reported []bool // in the order in which the reports ended
	second := make(chan struct{})
	first := true
	s = New(nil, Options{
		Interval: 10 * time.Second, Now: func() time.Time { return now }, Log: slog.New(slog.DiscardHandler),
		Stale: func(stale, _ bool) {
			if first {
				first = false
				s.change(func(state *bos.SyncState) { state.Doubt = true })
				go func() {
					defer close(second)
					s.updateStale()
				}()
				select {
				case <-second:
					t.Error("the second report did not wait for the first")
				case <-time.After(100 * time.Millisecond): // it waits
				}
			}
			mu.Lock()
			defer mu.Unlock()
			reported = append(reported, stale)
		},
	})
	s.change(func(state *bos.SyncState) { state.LastSweep, state.Every = now, 10*time.Second })
	s.updateStale() // no longer stale: the first report
	<-second
	if len(reported) != 2 || reported[0] || !reported[1] {
		t.Errorf("reported %v, want [false true]", reported)
	}
}

// TestWhetherBOSIsReadIsReportedWhileARecordCannotBeStored has BOS go away and come back while what came from it is stale all the time.
func TestWhetherBOSIsReadIsReportedWhileARecordCannotBeStored(t *testing.T) {
	now := time.Now()
	var reported []staleness
	s := New(nil, Options{
		Interval: time.Second, Now: func() time.Time { return now }, Log: slog.New(slog.DiscardHandler),
		Stale: func(stale, unread bool) { reported = append(reported, staleness{stale, unread}) },
	})
	s.change(func(state *bos.SyncState) { state.LastSweep, state.Behind = now, true })
	for _, pass := range []time.Duration{0, time.Second, time.Hour, -time.Hour} {
		now = now.Add(pass)
		s.updateStale()
	}
	want := []staleness{{stale: true}, {stale: true, unread: true}, {stale: true}}
	if !slices.Equal(reported, want) {
		t.Errorf("reported %+v, want %+v", reported, want)
	}
}
