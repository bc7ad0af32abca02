package hub

import (
	"context"
	"fmt"
	"log/slog"
	"sync/atomic"
	"testing"
	"time"

	"github.com/bosgraph/bosgraph/bos"
)

// instant is a store that answers at once, so that a benchmark measures the hub alone.
type instant struct {
	Store
	revision atomic.Int64
	listed   []*bos.Session
}

func (s *instant) ReadSessions(_ context.Context, reads []bos.SessionRead) ([]*bos.Session, error) {
	found := make([]*bos.Session, len(reads))
	for i, r := range reads {
		session := &bos.Session{SessionKey: r.SessionKey, State: bos.StateRunning}
		session.Status = &bos.Status{Session: session, Revision: s.revision.Load(), Epoch: "one"}
		found[i] = session
	}
	return found, nil
}

func notice(k bos.SessionKey, revision int64) []bos.Notice {
	return []bos.Notice{{Scope: k, Revision: revision}}
}

// watching returns a hub that follows so many sessions and has read them all.
func watching(b *testing.B, sessions int) (*Hub, *instant, []bos.SessionKey) {
	b.Helper()
	store := &instant{}
	store.revision.Store(1)
	h := New(store, Options{Tick: time.Nanosecond, Interval: time.Second, Repair: time.Hour, Log: slog.New(slog.DiscardHandler)})
	h.Subscribed()
	keys := make([]bos.SessionKey, sessions)
	for i := range keys {
		keys[i] = key(fmt.Sprint("session-", i))
		h.WatchStatus(keys[i], bos.Want{}).Fresh()
	}
	for h.readDue(b.Context()) > 0 { // until nothing is due
	}
	return h, store, keys
}

// BenchmarkWakeUp is the cost of one change of one session: its notice, the search for
// what is due, the read and its publication. It must not depend on how many sessions
// are watched.
func BenchmarkWakeUp(b *testing.B) {
	for _, sessions := range []int{1000, 10_000} {
		b.Run(fmt.Sprint("sessions=", sessions), func(b *testing.B) {
			h, store, keys := watching(b, sessions)
			b.ReportAllocs()
			for i := 0; b.Loop(); i++ {
				h.Changed(notice(keys[i%64], store.revision.Add(1))) // few, so that both sizes find them in the processor's cache
				h.readDue(b.Context())
			}
		})
	}
}

// BenchmarkJoin is the cost of one who joins and leaves a session that many others watch
// with other selections.
func BenchmarkJoin(b *testing.B) {
	for _, watches := range []int{10, 2000} {
		b.Run(fmt.Sprint("watches=", watches), func(b *testing.B) {
			h, _, keys := watching(b, 1)
			for i := range watches {
				h.WatchStatus(keys[0], bos.Want{Groups: i % 10})
			}
			b.ReportAllocs()
			for b.Loop() {
				w := h.WatchStatus(keys[0], bos.Want{Groups: 3})
				w.Fresh()
				w.Close()
			}
		})
	}
}

// ListSessions finds all sessions of the benchmark on one page.
func (s *instant) ListSessions(context.Context, bos.SessionFilter, bos.Page, bos.Want, bool) (*bos.List[*bos.Session], error) {
	return &bos.List[*bos.Session]{Items: s.listed}, nil
}

// BenchmarkListEvent is the cost of one change of one session for those who watch the
// list of all: its notice, the read, and what a watch is shown and takes.
func BenchmarkListEvent(b *testing.B) {
	for _, sessions := range []int{100, 10_000} {
		b.Run(fmt.Sprint("sessions=", sessions), func(b *testing.B) {
			h, store, keys := watching(b, 0)
			for i := range sessions {
				keys = append(keys, key(fmt.Sprint("session-", i)))
				store.listed = append(store.listed, &bos.Session{SessionKey: keys[i], State: bos.StateRunning})
			}
			w := h.WatchSessions(bos.SessionFilter{}, bos.Want{Status: true})
			slow := h.WatchSessions(bos.SessionFilter{}, bos.Want{Status: true}) // takes nothing
			h.readDue(b.Context())
			for _, k := range keys {
				h.Changed(notice(k, 1))
			}
			h.readDue(b.Context())
			for range keys {
				if _, err := taken(w); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportAllocs()
			for i := 0; b.Loop(); i++ {
				h.Changed(notice(keys[i%100], store.revision.Add(1)))
				h.readDue(b.Context())
				if _, err := taken(w); err != nil {
					b.Fatal(err)
				}
			}
			slow.Close()
		})
	}
}

// BenchmarkManySelections is the cost of one who joins a session that 2,000 others watch
// with other selections, and of the read that it asks for.
func BenchmarkManySelections(b *testing.B) {
	for _, watches := range []int{20, 2000} {
		b.Run(fmt.Sprint("watches=", watches), func(b *testing.B) {
			h, _, keys := watching(b, 1)
			for i := range watches {
				h.WatchStatus(keys[0], bos.Want{Groups: i % 10}).Fresh()
			}
			h.readDue(b.Context())
			b.ReportAllocs()
			for b.Loop() {
				w := h.WatchStatus(keys[0], bos.Want{})
				w.Fresh()
				h.readDue(b.Context())
				if _, err := taken(w); err != nil {
					b.Fatal(err)
				}
				w.Close()
			}
		})
	}
}
