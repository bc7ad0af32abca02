package load

import (
	"math/bits"
	"sync/atomic"
	"time"
)

// steps is the binary logarithm of how many buckets there are to a doubling: with
// 32 of them, what is read from the histogram is at most 3 % too low.
const steps = 5

// histogram counts durations in microseconds. Many goroutines may add to it at a
// time.
type histogram [(40 - steps) << steps]atomic.Int64 // up to 2^39 µs, 6 days

func (h *histogram) add(d time.Duration) {
	us := uint64(max(d.Microseconds(), 0))
	h[min(bucket(us), len(h)-1)].Add(1)
}

// bucket is the place of a value: those below 2^steps have one each.
func bucket(us uint64) int {
	if us < 1<<steps {
		return int(us)
	}
	shift := bits.Len64(us) - steps - 1
	return shift<<steps + int(us>>shift)
}

// least is the smallest value that has its place in a bucket.
func least(bucket int) time.Duration {
	us := bucket
	if shift := bucket>>steps - 1; shift > 0 {
		us = (bucket - shift<<steps) << shift
	}
	return time.Duration(us) * time.Microsecond
}

func (h *histogram) count() int {
	var all int64
	for i := range h {
		all += h[i].Load()
	}
	return int(all)
}

// quantile of, for example, 0.5 is the median; 0 of nothing.
func (h *histogram) quantile(q float64) time.Duration {
	rank := int64(q * float64(h.count()-1))
	for i := range h {
		n := h[i].Load()
		if rank < n {
			return least(i)
		}
		rank -= n
	}
	return 0
}
