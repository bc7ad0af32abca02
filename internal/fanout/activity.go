package fanout

import "sync/atomic"

// activity is something that one goroutine at a time does when there is cause, and that takes
// none while there is not. The zero value rests.
type activity struct{ state atomic.Int32 }

const (
	resting int32 = iota
	active
	activeAgain // something came up meanwhile
)

// begin says whether the caller has to do it. However often it is called meanwhile, it is done
// once more.
func (a *activity) begin() bool {
	for {
		switch {
		case a.state.CompareAndSwap(resting, active):
			return true
		case a.state.CompareAndSwap(active, activeAgain), a.state.Load() == activeAgain:
			return false
		}
	}
}

// rest says whether it may end; otherwise it has to be done once more.
func (a *activity) rest() bool {
	if a.state.CompareAndSwap(active, resting) {
		return true
	}
	a.state.Store(active)
	return false
}
