package hub

import (
	"context"
	"fmt"
	"syscall"
	"testing"
	"time"

	"github.com/bosgraph/bosgraph/bos"
)

// Revisions finds what was read last, so that the poll changes nothing.
func (s *instant) Revisions(_ context.Context, scopes []bos.SessionKey) (map[bos.SessionKey]int64, error) {
	found := make(map[bos.SessionKey]int64, len(scopes))
	for _, scope := range scopes {
		found[scope] = 0
	}
	return found, nil
}

// spent is the processor time of this process so far.
func spent(b *testing.B) time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		b.Fatal(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// BenchmarkHundredChangesASecond is the processor time of a running hub for a change, at a
// hundred changes a second and the default tick, with its timers and a goroutine
// for every update. Its ns/op are the pace.
func BenchmarkHundredChangesASecond(b *testing.B) {
	for _, sessions := range []int{1000, 10_000} {
		b.Run(fmt.Sprint("sessions=", sessions), func(b *testing.B) {
			h, store, keys := watching(b, sessions)
			h.o.Tick, h.o.Repair = 100*time.Millisecond, 5*time.Second
			ctx, cancel := context.WithCancel(b.Context())
			defer cancel()
			for _, k := range keys {
				w := h.WatchStatus(k, bos.Want{})
				w.Wake(func() {
					go func() {
						for more := true; more; {
							_, more, _ = w.Next()
						}
					}()
				})
			}
			go h.Run(ctx)
			go func() { // as the feed's probes do
				for ctx.Err() == nil {
					h.Alive("one", 0, false)
					<-time.After(time.Second)
				}
			}()
			pace := time.NewTicker(10 * time.Millisecond)
			defer pace.Stop()
			before, changes := spent(b), 0
			for b.Loop() {
				<-pace.C
				changes++
				h.Changed(notice(keys[changes%len(keys)], store.revision.Add(1)))
			}
			b.ReportMetric(float64((spent(b)-before).Microseconds())/float64(changes), "cpu-µs/change")
		})
	}
}
