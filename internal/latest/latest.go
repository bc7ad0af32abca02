// Package latest keeps a sequence of values for readers who may be behind: of values with
// the same key only the latest counts, and each reader asks for what follows the number it
// has come to.
package latest

import "sort"

// Log is a sequence of values with ascending numbers. A value replaces the earlier one of
// its key. Adding one, finding the next and dropping the first cost the same however many
// there are: a list of 10,000 sessions must not make each change of one of them as
// expensive as 10,000. The zero value is empty. It is not safe for concurrent use.
type Log[T any] struct {
	slots []slot[T] // ascending by number; those of replaced values stay until they are many
	head  int       // what is before has been dropped
	live  int       // slots that have an entry
	byKey map[string]*entry[T]
	spare *entry[T] // one in, one out allocates nothing
}

// slot is a place in the sequence. It has the number itself, so that searching and
// compacting go through one piece of memory and not through all entries.
type slot[T any] struct {
	number uint64
	entry  *entry[T] // nil if it was replaced or dropped
}

type entry[T any] struct {
	number uint64
	key    string
	value  T
}

// Len is how many values there are.
func (l *Log[T]) Len() int { return l.live }

// Add appends a value under a number above all before. With a key other than the empty one
// it replaces the value of that key, which is returned.
func (l *Log[T]) Add(number uint64, key string, value T) (old T, replaced bool) {
	e := l.byKey[key] // which has none of the empty key
	if replaced = e != nil; replaced {
		old = e.value
		l.slots[l.above(e.number-1)].entry = nil
		l.live--
	} else {
		if e, l.spare = l.spare, nil; e == nil {
			e = new(entry[T])
		}
		if key != "" {
			if l.byKey == nil {
				l.byKey = map[string]*entry[T]{}
			}
			l.byKey[key] = e
		}
	}
	*e = entry[T]{number, key, value}
	l.slots = append(l.slots, slot[T]{number, e})
	l.live++
	l.compact()
	return old, replaced
}

// slack is how many slots without an entry are never worth a copy.
const slack = 32

// compact removes slots without an entry once they are more than those that have one, so
// that the copy costs each Add a constant.
func (l *Log[T]) compact() {
	if len(l.slots)-l.live <= l.live+slack {
		return
	}
	left := l.slots[:0]
	for _, s := range l.slots[l.head:] {
		if s.entry != nil {
			left = append(left, s)
		}
	}
	clear(l.slots[len(left):])
	l.slots, l.head = left, 0
}

// above is the index of the first slot above a number. Readers who keep up find it at the
// end.
func (l *Log[T]) above(number uint64) int {
	last := len(l.slots) - 1
	if last <= l.head || l.slots[last-1].number <= number {
		return last
	}
	return l.head + sort.Search(last-l.head, func(i int) bool { return l.slots[l.head+i].number > number })
}

// After returns the first value above a number, and its number; ok is false if there is
// none.
func (l *Log[T]) After(number uint64) (value T, at uint64, ok bool) {
	if last := len(l.slots) - 1; last < l.head || l.slots[last].number <= number {
		return value, 0, false
	}
	i := l.above(number)
	for l.slots[i].entry == nil { // replaced by a later one, so there is another
		i++
	}
	return l.slots[i].entry.value, l.slots[i].number, true
}

// Drop removes the first value and returns it; ok is false if there is none.
func (l *Log[T]) Drop() (value T, number uint64, ok bool) {
	for l.head < len(l.slots) {
		e := l.slots[l.head].entry
		l.slots[l.head].entry = nil
		l.head++
		if e == nil {
			continue
		}
		delete(l.byKey, e.key)
		value, number = e.value, e.number
		*e = entry[T]{}
		l.spare = e
		if l.live--; l.live == 0 {
			l.slots, l.head = l.slots[:0], 0
		}
		return value, number, true
	}
	return value, 0, false
}
