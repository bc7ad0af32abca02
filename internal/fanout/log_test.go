package fanout

import (
	"fmt"
	"strings"
	"testing"

	"github.com/bosgraph/bosgraph/bos"
)

// TestLog adds results one after the other, and looks what those find who have come
// so far as the number of each step.
func TestLog(t *testing.T) {
	whole := bos.Standing{Whole: true}
	again := bos.Standing{Whole: true, Again: true}
	change := bos.Standing{}
	keyed := func(key string) bos.Standing { return bos.Standing{Key: key} }
	for _, test := range []struct {
		name  string
		steps []bos.Standing // whose payloads are a, b, c...
		after string         // for sequence numbers from 0: a payload, - for nothing, ! for one who fell behind
	}{
		{"nothing", nil, "-"},
		{"a whole result", []bos.Standing{whole}, "a-"},
		{"the newest whole result replaces all", []bos.Standing{whole, whole, whole}, "ccc-"},
		{"what has not changed is for joiners only", []bos.Standing{whole, again}, "b-"},
		{"what has not changed since the first is new", []bos.Standing{again}, "a-"},
		{"changes one after the other", []bos.Standing{change, change, change}, "abc-"},
		{"changes after a whole result", []bos.Standing{whole, change, change}, "abc-"},
		{"a whole result between changes", []bos.Standing{change, change, whole, change}, "cccd-"},
		{"a beginning for joiners between changes", []bos.Standing{whole, change, again, change}, "cbd-"},
		{"the newest of each key", []bos.Standing{keyed("x"), keyed("y"), keyed("x"), keyed("x")}, "bbdd-"},
		{"keys and changes", []bos.Standing{keyed("x"), change, keyed("x")}, "bbc-"},
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
				l, begin = l.with(nil, bos.Standing{Whole: true}), 1
			}
			for i := range test.most {
				l = l.with(nil, bos.Standing{Key: test.key(i)})
			}
			if e, fell := l.after(begin); fell || e == nil || e.seq != begin+1 {
				t.Fatalf("with as many as are kept: %v, %v", e, fell)
			}
			l = l.with(nil, bos.Standing{Key: test.key(test.most)})
			if e, fell := l.after(begin); !fell {
				t.Errorf("one more was dropped, but who needs it finds %v", e)
			}
			if e, fell := l.after(begin + 1); fell || e == nil || e.seq != begin+2 {
				t.Errorf("who has the one that was dropped finds %v, %v", e, fell)
			}
		})
	}
}

// Members read a log while the next is made of it.
func TestALogNeverChanges(t *testing.T) {
	old := (&log{}).with([]byte("a"), bos.Standing{Key: "x"}).with([]byte("b"), bos.Standing{})
	before := finds(old, 2)
	one := old.with([]byte("c"), bos.Standing{Key: "x"})
	other := old.with([]byte("d"), bos.Standing{})
	one.asOfAll()
	if got := finds(old, 2); got != before {
		t.Errorf("%q has become %q", before, got)
	}
	if a, b := finds(one, 3), finds(other, 3); a != "bbc-" || b != "abd-" {
		t.Errorf("two logs of one: %q and %q", a, b)
	}
}

// asOfAll makes whatever can be made of a log.
func (l *log) asOfAll() {
	next := l.with([]byte("w"), bos.Standing{Whole: true})
	next.asOf(9)
	next.ended(Message{Kind: Complete})
}

func TestALaterReadOfTheSameState(t *testing.T) {
	l := (&log{}).with([]byte("a"), bos.Standing{Whole: true, Read: 3, Revision: 7, Epoch: "e"})
	later := l.asOf(5)
	if l.whole.Read != 3 || later.whole.Read != 5 || later.whole.Revision != 7 || later.seq != l.seq || finds(later, 1) != "a-" {
		t.Errorf("%+v has become %+v", l.whole, later.whole)
	}
}
