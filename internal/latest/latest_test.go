package latest

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
)

// plain is what a Log does, in the simplest way.
type plain []value

type value struct {
	number uint64
	key    string
	text   string
}

func (p *plain) add(v value) {
	*p = append(slices.DeleteFunc(*p, func(old value) bool { return v.key != "" && old.key == v.key }), v)
}

func (p plain) after(number uint64) (value, bool) {
	for _, v := range p {
		if v.number > number {
			return v, true
		}
	}
	return value{}, false
}

// TestALogFindsWhatASearchOfAllFinds adds, drops and looks up at random, and compares with
// the plain way at every step.
func TestALogFindsWhatASearchOfAllFinds(t *testing.T) {
	for seed := range uint64(50) {
		dice := rand.New(rand.NewPCG(seed, 0))
		keys := 1 + dice.IntN(200)
		var l Log[string]
		var want plain
		number := uint64(0)
		for step := range 2000 {
			switch n := dice.IntN(10); {
			case n < 6:
				number += 1 + uint64(dice.IntN(2))
				v := value{number, "", fmt.Sprint("value ", step)}
				if dice.IntN(4) > 0 {
					v.key = fmt.Sprint(dice.IntN(keys))
				}
				before := slices.IndexFunc(want, func(old value) bool { return v.key != "" && old.key == v.key })
				old, replaced := l.Add(v.number, v.key, v.text)
				if replaced != (before >= 0) || replaced && old != want[before].text {
					t.Fatalf("seed %d, step %d: replaces %q, %t", seed, step, old, replaced)
				}
				want.add(v)
			case n < 7 || l.Len() > 300:
				text, at, ok := l.Drop()
				if ok != (len(want) > 0) || ok && (text != want[0].text || at != want[0].number) {
					t.Fatalf("seed %d, step %d: drops %q, %d, %t", seed, step, text, at, ok)
				}
				want = want[min(1, len(want)):]
			}
			from := uint64(dice.IntN(int(number) + 2))
			if step%3 == 0 && number > 0 {
				from = number - 1
			}
			text, at, ok := l.After(from)
			if v, found := want.after(from); ok != found || ok && (text != v.text || at != v.number) {
				t.Fatalf("seed %d, step %d: after %d comes %q, %d, %t, want %+v, %t", seed, step, from, text, at, ok, v, found)
			}
			if l.Len() != len(want) || len(l.slots) > 2*l.Len()+2*slack {
				t.Fatalf("seed %d, step %d: %d values in %d entries, want %d", seed, step, l.Len(), len(l.slots), len(want))
			}
		}
	}
}

func TestOneInOneOutAllocatesNothing(t *testing.T) {
	var l Log[int]
	number := uint64(0)
	if n := testing.AllocsPerRun(1000, func() {
		number++
		l.Add(number, "", 7)
		l.Drop()
	}); n > 0 {
		t.Errorf("%v allocations", n)
	}
}

// BenchmarkAdd is the cost of a change that replaces the one before of its key, and of a
// reader who takes it.
func BenchmarkAdd(b *testing.B) {
	for _, keys := range []int{100, 10_000} {
		b.Run(fmt.Sprint("keys=", keys), func(b *testing.B) {
			names := make([]string, keys)
			var l Log[int]
			number := uint64(0)
			for i := range names {
				names[i] = fmt.Sprint("key ", i)
				number++
				l.Add(number, names[i], i)
			}
			b.ReportAllocs()
			for i := 0; b.Loop(); i++ {
				number++
				l.Add(number, names[i%100], i)
				l.After(number - 1)
			}
		})
	}
}
