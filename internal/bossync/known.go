package bossync

import "slices"

// KnowsTenant says whether the tenants' source has a tenant of that name, whatever it
// owns. It is as new as the last sweep of the process that follows BOS.
func (s *Sync) KnowsTenant(name string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Contains(s.tenants, name)
}
