package bos

import "time"

// Tenure is how a process stands to the lease of what one of all is to do. It is here because
// the store gives tenures out and the BOS sync holds them, and neither imports the other.
type Tenure struct {
	Held  bool
	Fence string // random: another one with each holder, after each interruption and in each epoch
	Epoch string // of the namespace: another one whenever Redis is not proven to have all data
	Note  string // what the holder before this call has left

	// NoteAge is how old the note is by Redis' clock; negative if that is not known.
	NoteAge time.Duration
}

// ErrTenureEnded says that nothing was written because the tenure has ended: another
// process holds the lease by now, or another epoch has begun. It is here with [Tenure]: the
// store refuses with it, and the BOS sync has to recognize that.
var ErrTenureEnded = &Error{
	Code:    Unavailable,
	Message: "another process has taken over, or Redis has lost data: everything is compared again",
}

// SyncState is the state of the sync from BOS.
type SyncState struct {
	Source    string        // the base URL of BOS
	Leader    bool          // this process does it
	LastSweep time.Time     // when the last whole sweep began, by this process' clock; zero if there was none
	Every     time.Duration // from one sweep to the next
	Problem   string        // why it does not work, or only in part; empty while it does
	Doubt     bool          // BOS lists much less than it did, and that is not believed yet
	Behind    bool          // what BOS has of something can't be kept: it is shown as it was before

	// BehindSince is the last LastSweep at which that was not so, or the first at which it was; meaningless unless Behind.
	BehindSince time.Time
}

// AsOf is the last moment at which what is shown is known to be what BOS had; zero for none.
func (s SyncState) AsOf() time.Time {
	if s.Behind {
		return s.BehindSince
	}
	return s.LastSweep
}

// Unread says whether BOS has not been read for longer than usual: three sweeps should have
// been made since the last one, or what the last one has shown is not believed.
func (s SyncState) Unread(now time.Time) bool {
	return s.Doubt || s.LastSweep.IsZero() || now.Sub(s.LastSweep) > 3*s.Every
}

// Stale says whether what came from BOS may be behind: BOS is not read, or something that it has
// can't be kept.
func (s SyncState) Stale(now time.Time) bool { return s.Behind || s.Unread(now) }

// Lag is how far what came from BOS is behind at most; nil while that is not known.
func (s SyncState) Lag(now time.Time) *float64 {
	if s.LastSweep.IsZero() {
		return nil
	}
	lag := max(now.Sub(s.LastSweep), 0).Seconds()
	return &lag
}
