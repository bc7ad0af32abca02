package fanout

import (
	"slices"
	"sync"
	"sync/atomic"
	"time"
)

// shard is a part of a group's members, which are offered what there is to say one
// after the other. Shards go at the same time: one goroutine for all members would use one
// core, and a goroutine for each costs more than the write that it makes.
type shard struct {
	members atomic.Pointer[[]*Member] // never changed, only replaced
	sweeps  activity

	mu    sync.Mutex // of the timer
	timer *time.Timer
	at    time.Time // when it goes off; zero while it is not set
}

// shardSize is how many members a shard has at most: few enough that the cores are
// kept busy, and that adding one, which copies the rest, is cheap.
const shardSize = 256

// add adds a member, if there is room.
func (s *shard) add(m *Member) bool {
	var members []*Member
	if p := s.members.Load(); p != nil {
		members = *p
	}
	if len(members) == shardSize {
		return false
	}
	m.shard = s
	members = append(members[:len(members):len(members)], m)
	s.members.Store(&members)
	return true
}

func (s *shard) remove(m *Member) bool {
	members := *s.members.Load()
	i := slices.Index(members, m)
	if i < 0 {
		return false
	}
	members = slices.Concat(members[:i], members[i+1:])
	s.members.Store(&members)
	return true
}

// kick lets all members be offered what there is.
func (s *shard) kick() {
	if s.sweeps.begin() {
		go s.sweep()
	}
}

// scratches are the buffers that messages are put together in.
var scratches = sync.Pool{New: func() any { return new([]byte) }}

func (s *shard) sweep() {
	scratch := scratches.Get().(*[]byte)
	defer scratches.Put(scratch)
	for {
		for _, m := range *s.members.Load() {
			m.sink.Offer(scratch)
		}
		if s.sweeps.rest() {
			return
		}
	}
}

// later kicks after a while, for a member that does not want anything before. All members
// are offered then, which is nothing for those that have all: a timer for each member would
// be memory for each.
func (s *shard) later(wait time.Duration) {
	s.mu.Lock()
	defer s.mu.Unlock()
	at := time.Now().Add(wait)
	if !s.at.IsZero() && !at.Before(s.at) {
		return
	}
	s.at = at
	if s.timer == nil {
		s.timer = time.AfterFunc(wait, func() {
			s.mu.Lock()
			s.at = time.Time{}
			s.mu.Unlock()
			s.kick()
		})
	} else {
		s.timer.Reset(wait)
	}
}
