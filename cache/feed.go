package cache

import (
	"time"

	"github.com/bosgraph/bosgraph/cache/internal/feed"
)

// A Feed is the one subscription of a process to what changes in the namespace. It says only
// that something has changed; the [Listener] reads.
type (
	Feed     = feed.Feed
	Listener = feed.Listener
)

// NewFeed makes a feed that proves every interval that it works, once it runs. If
// three intervals pass without such proof it connects again.
func (s *Store) NewFeed(l Listener, interval time.Duration) *Feed { return feed.New(s.db, l, interval) }
