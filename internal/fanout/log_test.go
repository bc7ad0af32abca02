package fanout

import (
	"fmt"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/bosgraph/bosgraph/internal/live"
)

// TestALogFindsWhatComesNext adds results one after the other, and looks what those find who have come
// so far as the number of each step.
func TestALogFindsWhatComesNext(t *testing.T) {
	whole := live.Metadata{Whole: true}
	again := live.Metadata{Whole: true, Again: true}
	change := live.Metadata{}
	keyed := func(key string) live.Metadata { return live.Metadata{Key: key} }
	for _, test := range []struct {
		name  string
		steps []live.Metadata // whose payloads are a, b, c...
		after string          // for sequence numbers from 0: a payload, - for nothing, ! for one who fell behind
	}{
		{"nothing", nil, "-"},
		{"a whole result", []live.Metadata{whole}, "a-"},
		{"the newest whole result replaces all", []live.Metadata{whole, whole, whole}, "ccc-"},
		{"what has not changed is for joiners only", []live.Metadata{whole, again}, "b-"},
		{"what has not changed since the first is new", []live.Metadata{again}, "a-"},
		{"changes one after the other", []live.Metadata{change, change, change}, "abc-"},
		{"changes after a whole result", []live.Metadata{whole, change, change}, "abc-"},
		{"a whole result between changes", []live.Metadata{change, change, whole, change}, "cccd-"},
		{"a beginning for joiners between changes", []live.Metadata{whole, change, again, change}, "cbd-"},
		{"the newest of each key", []live.Metadata{keyed("x"), keyed("y"), keyed("x"), keyed("x")}, "bbdd-"},
		{"keys and changes", []live.Metadata{keyed("x"), change, keyed("x")}, "bbc-"},
	} {
		t.Run(test.name, func(t *testing.T) {
			l := &log{firsts: true}
			for i, s := range test.steps {
				l = l.with([]byte{byte('a' + i)}, s)
			}
			if got := finds(l, len(test.after)-1); got != test.after {
				t.Errorf("found %q, want %q", got, test.after)
			}
		})
	}
}

// finds writes down what those find who have come so far as 0 to n.
func finds(l *log, n int) string {
	var found strings.Builder
	for seq := range n + 1 {
		switch e, fell := l.after(uint64(seq)); {
		case fell:
			found.WriteByte('!')
		case e == nil:
			found.WriteByte('-')
		default:
			found.Write(e.payload)
		}
	}
	return found.String()
}

func TestWhatALogDropsIsNoticed(t *testing.T) {
	for _, test := range []struct {
		name  string
		most  int
		key   func(i int) string
		whole bool // it begins with a whole result
	}{
		{"changes", maxChanges, func(int) string { return "" }, false},
		{"changes after a whole result", maxChanges, func(int) string { return "" }, true},
		{"keys", maxKeyed, func(i int) string { return fmt.Sprint(i) }, false},
	} {
		t.Run(test.name, func(t *testing.T) {
			l := &log{}
			begin := uint64(0)
			if test.whole {
				l, begin = l.with(nil, live.Metadata{Whole: true}), 1
			}
			for i := range test.most {
				l = l.with(nil, live.Metadata{Key: test.key(i)})
			}
			if e, fell := l.after(begin); fell || e == nil || e.seq != begin+1 {
				t.Fatalf("with as many as are kept: %v, %v", e, fell)
			}
			l = l.with(nil, live.Metadata{Key: test.key(test.most)})
			if e, fell := l.after(begin); !fell {
				t.Errorf("one more was dropped, but who needs it finds %v", e)
			}
			if e, fell := l.after(begin + 1); fell || e == nil || e.seq != begin+2 {
				t.Errorf("who has the one that was dropped finds %v, %v", e, fell)
			}
		})
	}
}

// Members read a log while the next is made of it. What later logs add to the changes they
// share is all that one of the earlier may find besides: nothing is lost, and nothing comes
// twice.
func TestALogThatMembersReadStaysGood(t *testing.T) {
	old := (&log{}).with([]byte("a"), live.Metadata{Key: "x"}).with([]byte("b"), live.Metadata{})
	before := finds(old, 2)
	old.asOfAll()
	if got := finds(old, 2); got != before {
		t.Errorf("%q has become %q", before, got)
	}
	next := old.with([]byte("c"), live.Metadata{Key: "x"})
	for _, l := range []*log{old, next} {
		if got := finds(l, 3); got != "bbc-" {
			t.Errorf("found %q", got)
		}
	}
	if old.seq != 2 || next.seq != 3 {
		t.Errorf("they are at %d and %d", old.seq, next.seq)
	}
}

// Members on other processors read while results are added: each finds them in ascending
// order, and ends on the newest of every key.
func TestMembersReadWhileResultsAreAdded(t *testing.T) {
	const keys, results = 50, 5000
	var current atomic.Pointer[log]
	current.Store(&log{})
	var members sync.WaitGroup
	for range 4 {
		members.Go(func() {
			cursor, seen := uint64(0), map[string]uint64{}
			for cursor < results {
				e, fell := current.Load().after(cursor)
				if fell {
					t.Error("one who reads all the time has fallen behind")
					return
				}
				if e == nil {
					runtime.Gosched()
					continue
				}
				if e.seq <= cursor {
					t.Errorf("after %d comes %d", cursor, e.seq)
					return
				}
				cursor, seen[e.Key] = e.seq, e.seq
			}
			for key, seq := range seen {
				if seq <= results-keys {
					t.Errorf("%s ends on %d", key, seq)
				}
			}
			if len(seen) != keys {
				t.Errorf("%d keys are seen", len(seen))
			}
		})
	}
	for i := range results {
		current.Store(current.Load().with([]byte("r"), live.Metadata{Key: fmt.Sprint("key ", i%keys)}))
	}
	members.Wait()
}

// asOfAll makes whatever can be made of a log without another change.
func (l *log) asOfAll() {
	next := l.with([]byte("w"), live.Metadata{Whole: true})
	next.asOf(9)
	next.ended(Message{Kind: Complete})
}

func TestALaterReadOfTheSameState(t *testing.T) {
	l := (&log{}).with([]byte("a"), live.Metadata{Whole: true, Read: 3, Revision: 7, Epoch: "e"})
	later := l.asOf(5)
	if l.whole.Read != 3 || later.whole.Read != 5 || later.whole.Revision != 7 || later.seq != l.seq || finds(later, 1) != "a-" {
		t.Errorf("%+v has become %+v", l.whole, later.whole)
	}
}
