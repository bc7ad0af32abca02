package bossync

// staleness is what is reported of what came from BOS.
type staleness struct {
	stale  bool // it may be behind
	unread bool // because BOS is not read
}

// updateStale reports when what came from BOS begins or ceases to be behind, or BOS to be read. It is safe
// for concurrent use: the last call that returns has reported the newest state.
func (s *Sync) updateStale() {
	s.reporting.Lock()
	defer s.reporting.Unlock()
	state, now := s.State(), s.o.Now()
	is := staleness{stale: state.Stale(now), unread: state.Unread(now)}
	if is == s.reported {
		return
	}
	s.reported = is
	if s.o.Stale != nil {
		s.o.Stale(is.stale, is.unread)
	}
}

// reportUnseen reports that nothing has been seen yet, which is how a Sync begins.
func (s *Sync) reportUnseen() {
	s.reporting.Lock()
	defer s.reporting.Unlock()
	if s.o.Stale != nil {
		s.o.Stale(true, true)
	}
}
