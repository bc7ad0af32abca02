package bos

import "time"

// Tenure is how a process stands to the lease of what one of all is to do.
type Tenure struct {
	Held  bool
	Fence string // another one with each holder, and after each interruption
	Epoch string // of the namespace: another one if Redis may have come back with less
	Note  string // what the holder before this call has left
}

// SyncStanding tells how the sync from BOS stands.
type SyncStanding struct {
	Source    string        // the base URL of BOS
	Leader    bool          // this process does it
	LastSweep time.Time     // when the last whole sweep began; zero if there was none
	Every     time.Duration // from one sweep to the next
	Problem   string        // why it does not work, or only in part; empty while it does
}

// Stale says whether what came from BOS may be behind for longer than usual: three
// sweeps should have been made since the last one.
func (s SyncStanding) Stale(now time.Time) bool {
	return s.LastSweep.IsZero() || now.Sub(s.LastSweep) > 3*s.Every
}

// Lag is how far what came from BOS is behind at most; nil while that is not known.
func (s SyncStanding) Lag(now time.Time) *float64 {
	if s.LastSweep.IsZero() {
		return nil
	}
	lag := max(now.Sub(s.LastSweep), 0).Seconds()
	return &lag
}
