package sim

import (
	"cmp"
	"container/heap"
	"time"
)

// event is something that happens at a moment of simulated time.
type event struct {
	at  time.Duration
	seq uint64 // events of one moment happen in the order they were planned
	do  func()
}

// queue holds the events to come, the next one first. The exported methods are
// those of [heap.Interface].
type queue struct {
	events  []event
	planned uint64
}

// plan adds an event.
func (q *queue) plan(at time.Duration, do func()) {
	q.planned++
	heap.Push(q, event{at, q.planned, do})
}

// next removes the next event, if it is due by now.
func (q *queue) next(now time.Duration) (event, bool) {
	if len(q.events) == 0 || q.events[0].at > now {
		return event{}, false
	}
	return heap.Pop(q).(event), true
}

func (q *queue) Len() int { return len(q.events) }

func (q *queue) Less(i, j int) bool {
	a, b := &q.events[i], &q.events[j]
	return cmp.Or(cmp.Compare(a.at, b.at), cmp.Compare(a.seq, b.seq)) < 0
}

func (q *queue) Swap(i, j int) { q.events[i], q.events[j] = q.events[j], q.events[i] }

func (q *queue) Push(x any) { q.events = append(q.events, x.(event)) }

func (q *queue) Pop() any {
	last := len(q.events) - 1
	e := q.events[last]
	q.events[last] = event{}
	q.events = q.events[:last]
	return e
}
