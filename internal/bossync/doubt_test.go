package bossync

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/bosgraph/bosgraph/bos"
)

// TestWhichLossesAreDoubted goes along the line between what is removed and what is doubted.
func TestWhichLossesAreDoubted(t *testing.T) {
	for _, test := range []struct {
		missing, known int
		much           bool
	}{
		{0, 0, false}, {0, 10, false}, {1, 2, false}, {19, 20, false}, {19, 25, false}, {1, 1, true}, {8, 8, true},
		{20, 100, false}, {20, 99, true}, {21, 100, true}, {1000, 5000, false}, {1001, 5000, true}, {5000, 5000, true},
	} {
		if got := muchOf(test.missing, test.known); got != test.much {
			t.Errorf("%d of %d are much: %v", test.missing, test.known, got)
		}
	}
}

// TestALossIsBelievedAfterSweepsAndTime lets sweeps show a loss, and time pass between them.
func TestALossIsBelievedAfterSweepsAndTime(t *testing.T) {
	now := time.Unix(0, 0)
	accepted := ""
	f := &follower{
		log: slog.New(slog.DiscardHandler), now: func() time.Time { return now }, trust: Trust{Sweeps: 3, Time: time.Minute},
		accepted: func(context.Context) (string, error) { return accepted, nil }, components: map[string]mirrored{},
	}
	for i := range 100 {
		f.components[fmt.Sprint(i)] = mirrored{}
	}
	lost := func(components int, live ...string) absent {
		a := absent{components: make([]string, components)}
		for _, name := range live {
			a.live = append(a.live, bos.SessionKey{Name: name})
		}
		return a
	}
	var first string
	for i, step := range []struct {
		pass     time.Duration
		lost     absent
		believed bool
		text     string // that the error begins with; empty for no doubt
	}{
		{0, lost(20), true, ""},
		{0, lost(21), false, "BOS lists 21 fewer components (79 instead of 100): nothing is removed before 3 whole sweeps and 0:01:00 have shown the same"},
		{time.Hour, lost(21), false, "BOS lists 21"},
		{time.Second, lost(20), true, ""}, // it is back
		{time.Second, lost(30), false, "BOS lists 30"},
		{time.Second, lost(30), false, "BOS lists 30"},
		{57 * time.Second, lost(40), false, "BOS lists 40"},
		{2 * time.Second, lost(40), true, "BOS lists 40"},
		{0, lost(0), true, ""},
		{time.Second, lost(1, "s"), false, `BOS lists 1 fewer component (99 instead of 100) and 1 fewer running session ("s")`},
		{time.Hour, lost(1, "s"), false, "BOS lists 1"},
		{time.Second, lost(1, "s", "t"), false, `BOS lists 1 fewer component (99 instead of 100) and 2 fewer running sessions ("s" among them)`},
		{time.Second, lost(1, "s", "t"), false, "BOS lists 1"},   // it began again with the other session
		{59 * time.Second, lost(70, "s"), false, "BOS lists 70"}, // and again with the components
		{time.Second, lost(70, "s"), false, "BOS lists 70"},
		{time.Minute, lost(1, "s"), true, `BOS lists 1 fewer component (99 instead of 100) and 1 fewer running session ("s")`},
	} {
		now = now.Add(step.pass)
		f.sweeps++
		believed, err := f.believes(t.Context(), step.lost)
		text := ""
		if f.doubt != nil {
			text = f.doubt.text
			if first == "" {
				first = f.doubt.id
			}
		}
		if believed != step.believed || err != nil || (step.text == "") != (text == "") || len(text) < len(step.text) || text[:len(step.text)] != step.text {
			t.Errorf("step %d: %v, %v, %q", i, believed, err, text)
		}
	}

	f.doubt = nil
	accepted = first // of an earlier doubt
	if believed, _ := f.believes(t.Context(), lost(100)); believed {
		t.Error("a later loss was taken for the one that was accepted")
	}
	accepted = f.doubt.id
	if believed, _ := f.believes(t.Context(), lost(100)); !believed {
		t.Error("what was accepted is not believed")
	}
}

// noteboard is a lease that one process holds, with its notes, and where an operator accepts a doubt.
type noteboard struct {
	Lease
	mu       sync.Mutex
	notes    []string
	accepted chan string
}

func (b *noteboard) Hold(_ context.Context, note string) (bos.Tenure, error) {
	b.leave(note)
	return bos.Tenure{Held: true}, nil
}

func (b *noteboard) leave(note string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.notes = append(b.notes, note)
}

func (b *noteboard) SyncNote(context.Context) (string, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if len(b.notes) == 0 {
		return "", nil
	}
	return b.notes[len(b.notes)-1], nil
}

func (b *noteboard) AcceptSync(_ context.Context, doubt string) error {
	b.accepted <- doubt
	return nil
}

// TestTheNoteIsNotBehindADoubt has sweeps between two beats show a loss, another one, and an error: each doubt is in
// the note at once, and in its own words whatever the problem is.
func TestTheNoteIsNotBehindADoubt(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		board := &noteboard{}
		s := New(board, Options{Interval: time.Hour, Log: slog.New(slog.DiscardHandler)})
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		go s.keepLease(ctx, bos.Tenure{Held: true})
		f := &follower{tenants: &tenants{}}
		for _, step := range []struct {
			doubt *doubt
			err   error
			less  string
		}{
			{&doubt{id: "1", less: "one"}, nil, "one"}, {&doubt{id: "2", less: "two"}, errors.New("no"), "two"}, {nil, nil, ""},
		} {
			f.doubt = step.doubt
			if f.problem = ""; step.doubt != nil {
				f.problem = step.doubt.less + ": wait"
			}
			s.report(f, time.Now(), time.Hour, step.err)
			synctest.Wait() // without time that passes
			n, err := doubtful(ctx, board)
			id := ""
			if step.doubt != nil {
				id = step.doubt.id
			}
			if err != nil || n.Doubt != id || n.Less != step.less {
				t.Errorf("the note says %+v, %v", n, err)
			}
		}
	})
}

// TestAcceptReportsWhatBecameOfTheDoubt has the sync end a doubt that was accepted, replace it, or do nothing.
func TestAcceptReportsWhatBecameOfTheDoubt(t *testing.T) {
	for name, test := range map[string]struct {
		then     string // the note after that; empty for the same
		accepted bool
		says     string
	}{
		"removed": {`{"every":1}`, true, "Confirmed: BOS lists 200 fewer components\n"},
		"more lost": {`{"doubt":"2","less":"BOS lists 100 fewer components","problem":"no"}`, false,
			"More has been lost since: BOS lists 100 fewer components: look at it and run it again\n"},
		"no sweep": {"", false, "No sweep has removed it within 30s: look at serverInfo.sync, and whether a server follows BOS. To be removed: BOS lists 200 fewer components\n"},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				board := &noteboard{accepted: make(chan string, 1), notes: []string{
					`{"doubt":"1","less":"BOS lists 200 fewer components","problem":"BOS does not answer","every":10000000000}`}}
				out := &bytes.Buffer{}
				type result struct {
					accepted bool
					err      error
				}
				done := make(chan result)
				go func() {
					accepted, err := Accept(t.Context(), board, out)
					done <- result{accepted, err}
				}()
				if id := <-board.accepted; id != "1" {
					t.Errorf("accepted was %q", id)
				}
				if test.then != "" {
					board.leave(test.then)
				}
				if r := <-done; r.accepted != test.accepted || r.err != nil || out.String() != test.says {
					t.Errorf("%v, %v: it says %s", r.accepted, r.err, out)
				}
			})
		})
	}
}

func TestSpreadTakesFromAllOverAList(t *testing.T) {
	all := []int{0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10}
	for most, want := range map[int][]int{2: {0, 10}, 3: {0, 5, 10}, 11: all, 20: all} {
		if got := spread(all, most); !slices.Equal(got, want) {
			t.Errorf("%d of them are %v", most, got)
		}
	}
}
