package cache

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/redis/go-redis/v9"

	"github.com/bosgraph/bosgraph/bos"
	"github.com/bosgraph/bosgraph/internal/cost"
)

// meanwhile runs a change between two exchanges of a store with Redis.
type meanwhile struct {
	left atomic.Int64 // exchanges until then; none is armed at 0 and below
	do   func()
}

func (b *meanwhile) DialHook(next redis.DialHook) redis.DialHook { return next }

func (b *meanwhile) ProcessHook(next redis.ProcessHook) redis.ProcessHook {
	return func(ctx context.Context, cmd redis.Cmder) error {
		defer b.exchanged()
		return next(ctx, cmd)
	}
}

func (b *meanwhile) ProcessPipelineHook(next redis.ProcessPipelineHook) redis.ProcessPipelineHook {
	return func(ctx context.Context, cmds []redis.Cmder) error {
		defer b.exchanged()
		return next(ctx, cmds)
	}
}

func (b *meanwhile) exchanged() {
	if b.left.Add(-1) == 0 {
		b.do()
	}
}

// after has the suite's store run a change, once, behind so many of its exchanges with Redis from now on. The change is made by another
// store, and the next call disarms what has not run.
func (s *suite) after(exchanges int, do func()) {
	s.Helper()
	if s.meanwhile == nil {
		s.meanwhile = &meanwhile{}
		s.store.db.Client.AddHook(s.meanwhile)
	}
	s.meanwhile.do = do
	s.meanwhile.left.Store(int64(exchanges))
}

// TestWhatIsListedPassesItsFilter changes components so that they pass no more between the reads for a page: all that it would have, or some.
func TestWhatIsListedPassesItsFilter(t *testing.T) {
	conform(t, func(s *suite) {
		writer := s.open(nil)
		long := strings.Repeat("long ", 100)
		var failed []bos.ComponentPatch
		for i := range 6 {
			one := failing(fmt.Sprint("x", i), "a", long)
			one.Status.StatusOverride = new("failed")
			failed = append(failed, one)
		}
		for what, f := range map[string]bos.ComponentFilter{"status": {Status: new(bos.StatusFailed)}, "in a session": {Status: new(bos.StatusFailed), Session: new("a")},
			"by ids": {HasError: new(true), IDs: []string{"x0", "x1", "x2", "x3", "x4", "x5"}}, "error": {Error: &long, Enabled: new(true)}} {
			for n := 1; n < 6; n++ {
				for _, gone := range []int{1, 2} {
					s.put(failed...)
					s.after(n, func() {
						s.applied(gone)(writer.PutComponents(s.ctx, []bos.ComponentPatch{component("x0", "a"), component("x1", "a")}[:gone]))
					})
					seen := map[string]bool{}
					for page := (bos.Page{First: 2}); ; {
						list, err := s.store.ListComponents(s.ctx, nil, f, page, true, false)
						s.must(err)
						for _, c := range list.Items {
							if seen[c.ID] = true; !f.Match(c) {
								s.Errorf("%s: %s is listed with status %s and error %q", what, c.ID, c.Status(), c.Error)
							}
						}
						if !list.More {
							break
						}
						page.After = list.Positions[len(list.Positions)-1]
					}
					for _, id := range []string{"x2", "x3", "x4", "x5"} {
						if !seen[id] {
							s.Errorf("%s: %s is not listed", what, id)
						}
					}
					s.after(0, nil)
				}
			}
		}
	})
}

// TestSessionsThatAreListedPassTheFilter completes sessions between the reads for a page.
func TestSessionsThatAreListedPassTheFilter(t *testing.T) {
	conform(t, func(s *suite) {
		writer := s.open(nil)
		running := bos.StateRunning
		for n := 1; n < 6; n++ {
			var sessions []string // newest first
			for i := range 4 {
				one := fmt.Sprintf("s%d-%d", n, i)
				s.create(one)
				s.put(component("x"+one, one))
				s.state(one, running)
				sessions = append([]string{one}, sessions...)
			}
			s.after(n, func() {
				s.applied(2)(writer.PatchComponents(s.ctx, []bos.ComponentPatch{done("x" + sessions[0]), done("x" + sessions[1])}))
			})
			var names []string
			for page := (bos.Page{First: 2}); ; {
				ctx, effort := (&cost.Limits{Response: 1 << 20}).WithEffort(s.ctx)
				list, err := s.store.ListSessions(ctx, bos.SessionFilter{Status: &running}, page, bos.Want{Initial: true}, false)
				effort.Done()
				s.must(err)
				for _, one := range list.Items {
					if names = append(names, one.Name); one.State != running {
						s.Errorf("%s is listed with state %s", one.Name, one.State)
					}
				}
				if !list.More {
					break
				}
				page.After = list.Positions[len(list.Positions)-1]
			}
			for _, one := range sessions[2:] {
				if !slices.Contains(names, one) {
					s.Errorf("%s is not listed, but %v", one, names)
				}
			}
			s.after(0, nil)
			s.patch(done("x"+sessions[2]), done("x"+sessions[3])) // so that the next round has its own alone
		}
	})
}
