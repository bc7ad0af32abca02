package app_test

import (
	"fmt"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/bosgraph/bosgraph/internal/apptest"
	"github.com/bosgraph/bosgraph/internal/bossync/bosfake"
	"github.com/bosgraph/bosgraph/internal/redistest"
)

// TestTheClockOfRedisIsAnHourOff runs a boot that a producer writes and one that BOS has, on a Redis whose clock is an hour
// ahead or behind, with a producer whose clock is, too: no duration is negative, and nothing is stale.
func TestTheClockOfRedisIsAnHourOff(t *testing.T) {
	t.Parallel()
	for _, ahead := range []time.Duration{time.Hour, -time.Hour} {
		t.Run(ahead.String(), func(t *testing.T) {
			t.Parallel()
			redis := redistest.New(t)
			redis.SetClock(ahead)
			seconds := redistest.Do(t, redis.Addr(), "EVAL", "return redis.call('TIME')[1]", "0")
			if n, err := strconv.ParseInt(seconds, 10, 64); err != nil || time.Until(time.Unix(n, 0).Add(-ahead)).Abs() > time.Minute {
				t.Fatalf("Redis says it is %q, %v", seconds, err)
			}
			fake := bosfake.New(bosfake.Options{})
			ids := fake.AddComponents(20)
			fake.CreateSession(untenanted("followed"))
			fake.Start(untenanted("followed"), ids...)
			f := followBOS(t, "redis://"+redis.Addr(), fake)
			negative := 0
			check := func(s *apptest.Site, name string) {
				t.Helper()
				r := s.Must(`query($n: String!) { session(name: $n) { status { stale timing { startTime endTime duration } } } }`, apptest.Vars{"n": name})
				if duration, _ := r.At("session.status.timing.duration").(string); strings.Contains(duration, "-") {
					negative++
					t.Errorf("%s: the timing is %v", name, r.At("session.status.timing"))
				}
				if r.At("session.status.stale") != false {
					t.Errorf("%s is stale", name)
				}
			}
			s := apptest.Serve(t, "redis://"+redis.Addr())                  // what follows BOS takes no sessions of producers
			for i, off := range []time.Duration{-time.Hour, 0, time.Hour} { // of the producer
				name, x := fmt.Sprint("produced", i), fmt.Sprint("p", i)
				s.Session(name, "startTime", time.Now().Add(off).UTC().Format(time.RFC3339))
				s.Put(apptest.Powering(x, name))
				s.Update(name, "status", "RUNNING")
				w := apptest.Watch(t, s, apptest.Follow, apptest.Vars{"name": name})
				check(s, name)
				s.Must(apptest.PatchComponents, apptest.Vars{"in": []apptest.Vars{apptest.Finished(x)}})
				apptest.Every(t, "the end", []*apptest.Watcher{w}, func(w *apptest.Watcher) bool { return w.Ended() == "complete" })
				check(s, name)
			}
			f.sweeps(2)
			check(f.Site, "followed")
			if problem := f.sync(); problem != "" {
				t.Errorf("the sync: %s", problem)
			}
			noDrift(t, s)
			noDrift(t, f.Site)
			redistest.Figure(t, "Redis %v off, producers an hour behind, right and ahead: negative durations %d", ahead, negative)
		})
	}
}
