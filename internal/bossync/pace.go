package bossync

import "time"

// pace says when the next sweep is to begin.
type pace struct {
	interval time.Duration // from one sweep to the next while a session runs
	failures int           // in a row
}

const (
	idleFactor = 5 // how many times as long while no session runs
	mostSpread = 5 // how many times as long after failures, at most
)

// next is how long after the end of a sweep the next one begins, and every the time
// from one to the next that this makes. took is how long it took, busy how much of that BOS
// was at work: it is left alone for at least as long.
func (p *pace) next(took, busy time.Duration, running, failed bool) (pause, every time.Duration) {
	interval := p.interval
	switch {
	case failed:
		p.failures++
		interval *= time.Duration(min(1<<min(p.failures-1, 3), mostSpread))
	case !running:
		interval *= idleFactor
	}
	if !failed {
		p.failures = 0
	}
	pause = max(interval-took, busy)
	return pause, took + pause
}
