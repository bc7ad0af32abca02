package webhooks

import (
	"slices"
	"testing"
	"time"

	"github.com/bosgraph/bosgraph/bos"
)

func running(name string, progress bos.Progress) *bos.Session {
	s := &bos.Session{Incarnation: "I" + name, SessionKey: bos.SessionKey{Name: name}, State: bos.StateRunning}
	s.Status = &bos.Status{Session: s, Tally: progress[len(progress)-1].Tally, Progress: progress}
	return s
}

func TestASessionIsStalledWhenItsCountsHaveNotChanged(t *testing.T) {
	now := time.Date(2026, 11, 22, 9, 0, 0, 0, time.UTC)
	at := func(ago time.Duration, done int) bos.Point {
		return bos.Point{Time: now.Add(-ago), Tally: bos.Tally{Managed: 10, Successful: done, Active: 10 - done}}
	}
	quiet := running("quiet", bos.Progress{at(2*time.Hour, 0), at(time.Hour, 5), at(0, 5)})
	moving := running("moving", bos.Progress{at(2*time.Hour, 0), at(time.Minute, 5), at(0, 6)})
	late := running("late", bos.Progress{at(2*time.Hour, 0), at(0, 6)})
	late.Status.Earlier = bos.Progress{at(4*time.Hour, 0), at(3*time.Hour, 10)}
	store := &fakeStore{running: []*bos.Session{quiet, moving, late}}
	watch := &stalls{store: store, after: 30 * time.Minute}
	look := func(at time.Time, want ...string) {
		t.Helper()
		store.noted = nil
		if err := watch.look(t.Context(), at); err != nil {
			t.Fatal(err)
		}
		slices.Sort(store.noted)
		if !slices.Equal(store.noted, want) {
			t.Errorf("at %v it notes %q, want %q", at.Sub(now), store.noted, want)
		}
	}
	const tooLong = "late true: it has run for more than 1:30:00, half as long again as the session before it that is like it (1:00:00)"
	// Counts of an hour ago are known from the progress, so a new sender need not wait for them.
	look(now, tooLong, "quiet false: none of its counts has changed for 30m0s")
	quiet.Status.Tally.Failed++
	look(now.Add(29*time.Minute), tooLong)
	look(now.Add(31*time.Minute), "late false: none of its counts has changed for 30m0s", "moving false: none of its counts has changed for 30m0s")

	// One that has ended is forgotten, and one that begins is found by its event.
	store.running = []*bos.Session{running("new", bos.Progress{at(-31*time.Minute, 0)})}
	watch.pass(&bos.Event{Kind: bos.EventStarted, Session: store.running[0]})
	look(now.Add(32 * time.Minute))
	look(now.Add(63*time.Minute), "new false: none of its counts has changed for 30m0s")
	watch.pass(&bos.Event{Kind: bos.EventCompleted, Session: store.running[0]})
	if look(now.Add(64 * time.Minute)); len(watch.running) != 0 {
		t.Errorf("%d sessions are watched, and none runs", len(watch.running))
	}
}

func TestASessionOfABOSThatIsNotReadIsNotStalled(t *testing.T) {
	now := time.Date(2026, 11, 22, 9, 0, 0, 0, time.UTC)
	begun := bos.Progress{{Time: now, Tally: bos.Tally{Managed: 10, Active: 10}}}
	theirs, ours := running("theirs", begun), running("ours", begun)
	theirs.Source, ours.Source = bos.SourceBOS, bos.SourceProducer
	state := bos.SyncState{LastSweep: now, Every: time.Second}
	store := &fakeStore{running: []*bos.Session{theirs, ours}}
	watch := &stalls{store: store, after: 30 * time.Minute, sync: func() bos.SyncState { return state }}
	look := func(after time.Duration, want ...string) {
		t.Helper()
		store.noted = nil
		if err := watch.look(t.Context(), now.Add(after)); err != nil {
			t.Fatal(err)
		}
		slices.Sort(store.noted)
		if !slices.Equal(store.noted, want) {
			t.Errorf("after %v it notes %q, want %q", after, store.noted, want)
		}
	}
	const quiet = " false: none of its counts has changed for 30m0s"
	look(0)
	look(31*time.Minute, "ours"+quiet) // the last sweep was half an hour ago
	look(32*time.Minute, "ours"+quiet)
	state.LastSweep = now.Add(33 * time.Minute)
	look(33*time.Minute, "ours"+quiet)
	state.LastSweep = now.Add(61 * time.Minute)
	look(61*time.Minute, "ours"+quiet)
	state.LastSweep = now.Add(62 * time.Minute)
	look(62*time.Minute, "ours"+quiet, "theirs"+quiet)
}

func TestASyncIsLostWhenItIsStaleForLong(t *testing.T) {
	now := time.Date(2026, 11, 22, 9, 0, 0, 0, time.UTC)
	state := bos.SyncState{LastSweep: now, Every: time.Second}
	store := &fakeStore{}
	watch := &syncWatch{store: store, state: func() bos.SyncState { return state }, after: time.Minute}
	look := func(after time.Duration, want ...string) {
		t.Helper()
		store.noted = nil
		if err := watch.look(t.Context(), now.Add(after)); err != nil || !slices.Equal(store.noted, want) {
			t.Errorf("after %v it notes %q (%v), want %q", after, store.noted, err, want)
		}
	}
	look(0, "") // the store knows whether that is news
	look(time.Second)
	look(10 * time.Second) // stale
	look(69 * time.Second)
	state.Problem = "BOS answers 503"
	look(70*time.Second, "BOS answers 503")
	state.Problem = "BOS answers 502"
	look(2 * time.Minute)
	state.LastSweep = now.Add(2 * time.Minute)
	look(2*time.Minute+time.Second, "")
}
