package bossync

import (
	"encoding/json"
	"time"

	"github.com/bosgraph/bosgraph/bos"
)

// note is what the holder of the lease leaves for the others, as JSON. It holds no moment
// that another machine would have to believe: only ages, and a number that distinguishes
// one sweep from another.
type note struct {
	Sweep   int64         `json:"sweep,omitempty"` // of the last whole one; 0 for none
	Epoch   string        `json:"epoch,omitempty"` // of the namespace, as its tenure began
	Age     time.Duration `json:"age,omitempty"`   // since it began, as of this note; nanoseconds
	Every   time.Duration `json:"every"`           // nanoseconds
	Problem string        `json:"problem,omitempty"`
	Doubt   string        `json:"doubt,omitempty"` // the id of what an operator may accept
	Less    string        `json:"less,omitempty"`  // what that is: Problem may be the error of a later sweep
	Behind  bool          `json:"behind,omitempty"`
	Since   time.Duration `json:"since,omitempty"` // from the last sweep before it was Behind to the last of all; nanoseconds
	Tenants []string      `json:"tenants,omitempty"`
}

func (s *Sync) note() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	n := note{Sweep: s.sweep, Epoch: s.epoch, Every: s.state.Every, Problem: s.state.Problem, Doubt: s.doubt, Less: s.less, Behind: s.state.Behind, Tenants: s.tenants}
	if n.Sweep != 0 {
		n.Age, n.Since = s.o.Now().Sub(s.state.LastSweep), s.state.LastSweep.Sub(s.state.AsOf())
	}
	text, _ := json.Marshal(n) // it always can
	return string(text)
}

// readNote takes over what the holder of the lease has left. A sweep that is new here began as
// long ago as the note says and has lain there: by Redis' clock, but not longer than since
// this process last looked, for a clock may be wrong by an hour after a failover.
func (s *Sync) readNote(t bos.Tenure) {
	now := s.o.Now()
	s.mu.Lock()
	defer s.mu.Unlock()
	lain := t.NoteAge
	if !s.looked.IsZero() {
		lain = min(lain, now.Sub(s.looked))
	}
	s.looked = now
	var n note
	if t.Note == "" || json.Unmarshal([]byte(t.Note), &n) != nil {
		return
	}
	// Sweeps become known here once a beat, however short the interval: with less than that, what is current would count as behind.
	s.state.Every = max(n.Every, beat)
	behind := s.state.Behind
	s.state.Problem, s.state.Doubt, s.state.Behind = n.Problem, n.Doubt != "", n.Behind
	s.doubt, s.less, s.tenants = n.Doubt, n.Less, n.Tenants
	s.know(n.Tenants)
	if n.Sweep != 0 && n.Sweep != s.sweep && t.NoteAge >= 0 {
		s.sweep, s.epoch, s.state.LastSweep = n.Sweep, n.Epoch, now.Add(-n.Age-lain)
	}
	if n.Behind && !behind { // once: what the ages add up to is not the same to the second each time
		s.state.BehindSince = s.state.LastSweep.Add(-n.Since)
	}
}

// know remembers tenants that the sync keeps, under the lock.
func (s *Sync) know(tenants []string) {
	for _, name := range tenants {
		s.known[name] = true
	}
}
