package watch

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"time"

	"github.com/bosgraph/bosgraph/bos"
	"github.com/bosgraph/bosgraph/internal/client"
)

const (
	waitsInterval = 5 * time.Second // between two questions what a session waits for
	mostWaits     = 20              // more than there are reasons: the screen shows as many as it is wide
)

// sequence gives pictures to a display, one at a time, from whatever changes them.
type sequence struct {
	mu       sync.Mutex
	picture  picture
	pictures chan picture
}

// change changes the picture and shows it, unless there has never been a status.
func (s *sequence) change(how func(picture) picture) picture {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.picture = how(s.picture)
	if !s.picture.came.IsZero() {
		s.pictures <- s.picture
	}
	return s.picture
}

// askWaits asks again and again what the session waits for, until ctx ends. It asks beside the subscription and
// not in it: there, every update would read that again, several times a second, and nothing would come where only time passes. An error
// shows nothing: the subscription has its own to show.
func (s *sequence) askWaits(ctx context.Context, c *client.Client, session bos.SessionKey) {
	tick := time.NewTicker(waitsInterval)
	defer tick.Stop()
	for {
		once, cancel := context.WithTimeout(ctx, waitsInterval)
		groups, _ := c.WaitsFor(once, session, mostWaits)
		cancel()
		if ctx.Err() != nil {
			return
		}
		s.change(func(p picture) picture {
			p.waits = groups
			return p
		})
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}

// waiting says in a line what a running session waits for; empty if that is unknown or nothing.
func (p picture) waiting() string {
	if p.status.Status != client.Running || p.lost != nil || len(p.waits) == 0 {
		return ""
	}
	var parts []string
	for _, g := range p.waits {
		parts = append(parts, fmt.Sprintf("%d %s", g.Count, strings.ToLower(strings.ReplaceAll(clean(g.Reason), "_", " "))))
	}
	return "Waiting for: " + strings.Join(parts, ", ")
}
