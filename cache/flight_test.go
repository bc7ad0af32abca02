package cache

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/redis/go-redis/v9"

	"github.com/bosgraph/bosgraph/bos"
	"github.com/bosgraph/bosgraph/cache/lua"
)

// TestConcurrentSmallWritesKeepTheirOwnAnswers lets many callers patch one component each at
// the same time, in runs of the script that they share: of some nothing is there to patch, some
// give up. Each gets what it would get alone, and every write counts once.
func TestConcurrentSmallWritesKeepTheirOwnAnswers(t *testing.T) {
	conform(t, func(s *suite) {
		s.create("a")
		const callers, rounds = 24, 5
		for i := range callers {
			s.put(component(fmt.Sprintf("x%d", i), "a"))
		}
		var all sync.WaitGroup
		for i := range callers {
			all.Go(func() {
				for round := range rounds {
					s.patchOne(i, round)
				}
			})
		}
		s.must(s.store.db.Client.ScriptFlush(s.ctx).Err()) // Redis forgets its scripts meanwhile
		all.Wait()
		for i := 0; i < callers; i += 3 {
			found, err := s.store.ReadComponents(s.ctx, []string{fmt.Sprintf("x%d", i)}, false)
			s.must(err)
			if want := fmt.Sprintf("error %d of %d", rounds-1, i); found[0].Error != want {
				s.Errorf("component %d has %q, want %q", i, found[0].Error, want)
			}
		}
	})
}

// patchOne is one call of one of those callers.
func (s *suite) patchOne(i, round int) {
	ctx, id := s.ctx, fmt.Sprintf("x%d", i)
	switch i % 3 {
	case 1:
		id = fmt.Sprintf("none%d", i)
	case 2:
		var cancel context.CancelFunc
		ctx, cancel = context.WithCancel(ctx)
		go cancel()
	}
	result, err := s.store.PatchComponents(ctx, []bos.ComponentPatch{{ID: id, Error: new(fmt.Sprintf("error %d of %d", round, i))}})
	switch {
	case i%3 == 2 && (err == nil || errors.Is(err, context.Canceled)):
	case err != nil:
		s.Errorf("caller %d: %v", i, err)
	case i%3 == 0 && (result.Applied != 1 || len(result.Refused) > 0):
		s.Errorf("caller %d: %+v", i, result)
	case i%3 == 1 && (result.Applied != 0 || len(result.Refused) != 1 || bos.CodeOf(result.Refused[0].Err) != bos.NotFound):
		s.Errorf("caller %d: %+v", i, result)
	}
}

// barrier lets no run of the script through until it is opened, and counts them. Those behind the first one are refused in place of
// Redis, if it has a refusal.
type barrier struct {
	open    chan struct{}
	runs    atomic.Int64
	refusal error
}

func (b *barrier) DialHook(next redis.DialHook) redis.DialHook { return next }

func (b *barrier) ProcessHook(next redis.ProcessHook) redis.ProcessHook {
	return func(ctx context.Context, cmd redis.Cmder) error {
		if cmd.Name() == "evalsha" && cmd.Args()[1] == lua.Write.Hash() {
			first := b.runs.Add(1) == 1
			<-b.open
			if b.refusal != nil && !first {
				cmd.SetErr(b.refusal)
				return b.refusal
			}
		}
		return next(ctx, cmd)
	}
}

func (b *barrier) ProcessPipelineHook(next redis.ProcessPipelineHook) redis.ProcessPipelineHook {
	return next
}

// together runs changes while another one is under way, so that all of them are one flight, and returns what became of each,
// and how many runs of the script that took.
func (s *suite) together(changes ...*change) (errs []error, runs int64) {
	s.Helper()
	return s.behind(&barrier{open: make(chan struct{})}, changes...)
}

// behind is together with a barrier that may refuse the flight.
func (s *suite) behind(g *barrier, changes ...*change) (errs []error, runs int64) {
	s.Helper()
	s.store.db.Client.AddHook(g)
	var all sync.WaitGroup
	run := func(c *change) *error {
		err := new(error)
		all.Go(func() { *err = s.store.run(s.ctx, c) })
		return err
	}
	first := s.store.newChange()
	first.do("HSET", s.store.db.Keys.Targets(), "first", "1")
	run(first)
	until(func() bool { return g.runs.Load() == 1 })
	var ended []*error
	for i, c := range changes { // one after the other: their order is that of the flight
		ended = append(ended, run(c))
		until(func() bool {
			waiting, _ := s.store.flights.Waiting(struct{}{})
			return waiting == i+1
		})
	}
	close(g.open)
	all.Wait()
	for _, err := range ended {
		errs = append(errs, *err)
	}
	return errs, g.runs.Load() - 1
}

// TestChangesThatComeMeanwhileAreOneRun shows that each change of a flight is decided by itself: one that conflicts, with what was there
// before or with another one of the flight, changes nothing, and takes nothing from the others.
func TestChangesThatComeMeanwhileAreOneRun(t *testing.T) {
	conform(t, func(s *suite) {
		s.create("a")
		s.put(component("x1", "a"), component("x2", "a"))
		k := s.store.db.Keys
		erring := func(id, message string) *change {
			old, err := s.store.readForChange(s.ctx, []string{id}, false)
			s.must(err)
			next := slices.Clone(old)
			next[0].component.Error = message
			c := s.store.newChange()
			s.must(c.replace(old, next))
			return c
		}
		guarded := s.store.newChange()
		guarded.guards = append(guarded.guards, guard{k.Targets(), "none", "but expected"})
		guarded.do("HSET", k.Targets(), "guarded", "1")
		before, err := s.store.db.Position(s.ctx)
		s.must(err)
		stale, both := s.store.newChange(), s.store.newChange()
		stale.within("another epoch")
		stale.do("HSET", k.Targets(), "stale", "1")
		both.within("another epoch")
		both.within(before.Epoch)
		both.do("HSET", k.Targets(), "both", "1")
		errs, runs := s.together(erring("x1", "one"), guarded, erring("x2", "two"), erring("x1", "three"), stale, both)
		s.equal(written(errs), []string{"<nil>", "versions differ", "<nil>", "versions differ", "versions differ", "versions differ"}, "what became of them")
		if runs != 1 {
			s.Errorf("they took %d runs of the script", runs)
		}
		found, err := s.store.ReadComponents(s.ctx, []string{"x1", "x2"}, false)
		s.must(err)
		s.equal([]string{found[0].Error, found[1].Error}, []string{"one", "two"}, "the errors")
		if targets := s.store.db.Client.HGetAll(s.ctx, k.Targets()).Val(); !maps.Equal(targets, map[string]string{"first": "1"}) {
			s.Errorf("changes that conflict have set %v", targets)
		}
		after, err := s.store.db.Position(s.ctx)
		s.must(err)
		if made := after.Revision - before.Revision; made != 3 {
			s.Errorf("three changes were made, and %d revisions", made)
		}
		s.audit()
	})
}

// TestAChangeThatFailsTakesNothingFromOthers lets one change of a flight meet a key of another type: before anything is changed, and
// after.
func TestAChangeThatFailsTakesNothingFromOthers(t *testing.T) {
	conform(t, func(s *suite) {
		k := s.store.db.Keys
		s.must(s.store.db.Client.Set(s.ctx, k.Templates(), "not a hash", 0).Err())
		setting := func(field string) *change {
			c := s.store.newChange()
			c.do("HSET", k.Targets(), field, "1")
			return c
		}
		failing := func() *change {
			c := s.store.newChange()
			c.guards = append(c.guards, guard{k.Templates(), "any", ""})
			return c
		}
		for name, changes := range map[string][]*change{
			"first": {failing(), setting("1"), setting("2")},
			"later": {setting("3"), failing(), setting("4")},
		} {
			errs, _ := s.together(changes...)
			for i, err := range errs {
				if fails := len(changes[i].commands) == 0; fails != (err != nil && strings.Contains(err.Error(), "WRONGTYPE")) {
					s.Errorf("%s: change %d: %v", name, i, err)
				}
			}
		}
		targets := slices.Sorted(maps.Keys(s.store.db.Client.HGetAll(s.ctx, k.Targets()).Val()))
		s.equal(targets, []string{"1", "2", "3", "4", "first"}, "what was set")
		s.must(s.store.db.Client.Del(s.ctx, k.Templates()).Err())
	})
}

// refusal is an error of Redis'.
type refusal string

func (r refusal) Error() string { return string(r) }
func (refusal) RedisError()     {}

// TestWhatRedisRefusesInItsStateItRefusesToAll shows that nobody waits until each change of a flight was tried in a state in which Redis
// takes none.
func TestWhatRedisRefusesInItsStateItRefusesToAll(t *testing.T) {
	conform(t, func(s *suite) {
		s.create("a") // which begins an epoch
		full := &barrier{open: make(chan struct{}), refusal: refusal("OOM command not allowed when used memory > 'maxmemory'.")}
		errs, runs := s.behind(full, s.store.newChange(), s.store.newChange(), s.store.newChange())
		if runs != 1 {
			s.Errorf("they took %d runs of the script", runs)
		}
		for i, err := range errs {
			if reason := bos.ReasonOf(err); reason != bos.RedisOutOfMemory {
				s.Errorf("change %d is refused for %q: %v", i, reason, err)
			}
		}
	})
}

func written(errs []error) (all []string) {
	for _, err := range errs {
		all = append(all, fmt.Sprint(err))
	}
	return all
}

// TestAFlightIsShort shows for how many bytes of changes others wait at most.
func TestAFlightIsShort(t *testing.T) {
	f := &flight{}
	for i := range maxFlight / maxShared {
		if !f.admit(&passenger{size: maxShared}) {
			t.Fatalf("change %d is refused", i)
		}
	}
	if f.admit(&passenger{size: 1}) {
		t.Error("one more is admitted")
	}
}
