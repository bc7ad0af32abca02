package bossync

import (
	"fmt"
	"log/slog"
	"testing"
	"time"

	"github.com/bosgraph/bosgraph/bos"
)

// clock is what one machine takes for the time: it runs as all do, and is off.
type clock struct {
	real *time.Time
	off  time.Duration
}

func (c clock) now() time.Time { return c.real.Add(c.off) }

// replica is a sync with a clock of its own that only reads notes.
func replica(c clock) *Sync {
	return New(nil, Options{Interval: 10 * time.Second, Now: c.now, Log: slog.New(slog.DiscardHandler)})
}

// swept is what a leader notes after a sweep that began now and was whole.
func (s *Sync) swept() {
	s.report(&follower{tenants: &tenants{}, epoch: "first"}, s.o.Now(), 10*time.Second, nil)
}

// TestClocksThatAreOffChangeNothing lets each of the three clocks be off by an hour, either way: that of who
// follows BOS, that of who reads of it, and that of Redis, which changes with a failover.
func TestClocksThatAreOffChangeNothing(t *testing.T) {
	for _, leading := range []time.Duration{-time.Hour, 0, time.Hour} {
		for _, reading := range []time.Duration{-time.Hour, 0, time.Hour} {
			for _, jump := range []time.Duration{-time.Hour, 0, time.Hour} {
				t.Run(fmt.Sprint(leading, reading, jump), func(t *testing.T) { testClocks(t, leading, reading, jump) })
			}
		}
	}
}

func testClocks(t *testing.T, leading, reading, jump time.Duration) {
	now := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	leader, other := replica(clock{&now, leading}), replica(clock{&now, reading})
	redis := clock{&now, 0}
	var text string
	var noted time.Time // by Redis' clock
	write := func() { text, noted = leader.note(), redis.now() }
	read := func(s *Sync) {
		age := redis.now().Sub(noted).Truncate(time.Second)
		s.readNote(bos.Tenure{Note: text, NoteAge: max(age, 0)})
	}
	check := func(what string, wantLag time.Duration, wantStale bool) {
		t.Helper()
		for name, s := range map[string]*Sync{"leader": leader, "other": other} {
			st := s.State()
			lag := st.Lag(s.o.Now())
			if lag == nil {
				t.Fatalf("%s: the %s knows no lag", what, name)
			}
			if off := time.Duration(*lag*float64(time.Second)) - wantLag; off < -2*time.Second || off > 2*time.Second {
				t.Errorf("%s: to the %s the lag is %v s, want %v", what, name, *lag, wantLag)
			}
			if stale := st.Stale(s.o.Now()); stale != wantStale {
				t.Errorf("%s: to the %s it is stale: %v", what, name, stale)
			}
		}
	}
	pass := func(seconds int) { // a beat is a second
		for range seconds {
			now = now.Add(time.Second)
			write()
			now = now.Add(100 * time.Millisecond)
			read(other)
		}
	}
	leader.swept()
	pass(5)
	check("after a sweep", 5*time.Second, false)
	if !other.SweptIn("first") || other.SweptIn("second") {
		t.Errorf("the other takes the sweep to be of epoch %q", other.epoch)
	}
	redis.off = jump // another Redis has taken over
	now = now.Add(100 * time.Millisecond)
	read(other)
	check("when Redis has another clock", 5*time.Second, false)
	leader.swept()
	pass(5)
	check("after a sweep on the other Redis", 5*time.Second, false)
	pass(40)
	check("when BOS has not answered for long", 49*time.Second, true)

	// One who starts now reads a note that was left long ago by a leader that has ended.
	now = now.Add(time.Minute)
	late := replica(clock{&now, reading})
	read(late)
	if st := late.State(); !st.Stale(late.o.Now()) {
		t.Errorf("a note of a minute ago is taken for new: %+v", st)
	}
}

// TestANoteWithoutAnAgeProvesNothing checks that a note of which nobody knows how old it is proves nothing.
func TestANoteWithoutAnAgeProvesNothing(t *testing.T) {
	now := time.Now()
	s := replica(clock{&now, 0})
	s.readNote(bos.Tenure{Note: `{"sweep":1,"age":1000,"every":1000000000}`, NoteAge: -1})
	if st := s.State(); !st.LastSweep.IsZero() {
		t.Errorf("the last sweep was at %v", st.LastSweep)
	}
}

// TestSweepsThatAreMoreFrequentThanNotesAreNotStale checks a replica that reads of BOS: it learns of sweeps once a beat, by notes that
// may have lain there for as long.
func TestSweepsThatAreMoreFrequentThanNotesAreNotStale(t *testing.T) {
	const every = 100 * time.Millisecond
	now := time.Now()
	s := replica(clock{&now, 0})
	for sweep := range 5 {
		s.readNote(bos.Tenure{Note: fmt.Sprintf(`{"sweep":%d,"age":%d,"every":%d}`, sweep+1, every, every), NoteAge: beat - 1})
		if now = now.Add(beat); s.State().Stale(now) {
			t.Errorf("with sweep %d read %v ago it is stale", sweep+1, beat)
		}
	}
	if now = now.Add(3 * beat); !s.State().Stale(now) {
		t.Error("without notes it is not stale")
	}
}

// TestAsOfStaysWhileARecordCannotBeStored makes sweeps of which the leader, and another replica with another clock, learn: asOf
// stays at the last sweep before the record, by the clock of each, until a sweep finds none such.
func TestAsOfStaysWhileARecordCannotBeStored(t *testing.T) {
	start := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	now := start
	leader, other := replica(clock{&now, 0}), replica(clock{&now, time.Hour})
	f := &follower{tenants: &tenants{}, epoch: "first"}
	for i, step := range []struct {
		behind bool
		asOf   time.Duration // after the start
	}{
		{true, 0}, {true, 0}, {false, 20 * time.Second}, {false, 30 * time.Second}, {true, 30 * time.Second}, {true, 30 * time.Second}, {false, 60 * time.Second},
	} {
		now = start.Add(time.Duration(i) * 10 * time.Second)
		f.unfit = map[string]unfit{"x1": {why: "no", member: step.behind}}
		leader.report(f, leader.o.Now(), 10*time.Second, nil)
		now = now.Add(time.Second)
		other.readNote(bos.Tenure{Note: leader.note()})
		for name, s := range map[string]*Sync{"leader": leader, "other": other} {
			if at := s.State().AsOf().Sub(start.Add(s.o.Now().Sub(now))); at != step.asOf || s.State().Behind != step.behind {
				t.Errorf("step %d: at the %s asOf is %v after the start, want %v", i, name, at, step.asOf)
			}
		}
	}
}
