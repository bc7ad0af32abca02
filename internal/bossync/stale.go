package bossync

// updateStale reports when what came from BOS begins or ceases to be behind. It is safe for
// concurrent use: the last call that returns has reported the newest state.
func (s *Sync) updateStale() {
	s.reporting.Lock()
	defer s.reporting.Unlock()
	stale := s.State().Stale(s.o.Now())
	if stale == s.stale {
		return
	}
	s.stale = stale
	if s.o.Stale != nil {
		s.o.Stale(stale)
	}
}

// reportUnseen reports that nothing has been seen yet, which is how a Sync begins.
func (s *Sync) reportUnseen() {
	s.reporting.Lock()
	defer s.reporting.Unlock()
	if s.o.Stale != nil {
		s.o.Stale(true)
	}
}
