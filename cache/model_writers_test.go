package cache

import (
	"context"
	"fmt"
	mathrand "math/rand/v2"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
	"pgregory.net/rapid"

	"github.com/bosgraph/bosgraph/bos"
	"github.com/bosgraph/bosgraph/cache/internal/schema"
)

// TestWriters has several replicas make random calls at once, while another reads
// and a subscriber listens. Afterwards all that is stored has to follow from the
// records, whatever came between what.
func TestWriters(t *testing.T) {
	const writers, calls = 6, 150
	rounds := 2
	if long() {
		rounds = 20
	}
	for round := range rounds {
		t.Run(strconv.Itoa(round), func(t *testing.T) {
			ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
			var all sync.WaitGroup
			defer func() {
				cancel()
				all.Wait()
			}()
			s := &suite{T: t, ctx: ctx, options: Options{URL: backends[1].url(t), Namespace: fmt.Sprint("writers", mathrand.Int()), Timeout: 20 * time.Second}}
			s.store = s.open(nil)
			s.must(s.store.Ping(ctx))
			received := s.listen()

			for range writers {
				seed := mathrand.Int()
				store, todo := s.open(nil), drawSteps(seed, calls)
				all.Go(func() {
					for _, step := range todo {
						outcome := step.do(ctx, store)
						bad := strings.Contains(outcome, string(bos.Internal)) || strings.Contains(outcome, string(bos.Unavailable))
						if bad && ctx.Err() == nil {
							s.Errorf("the writer of seed %d: %s: %s", seed, step.text, outcome)
						}
					}
				})
			}
			written := make(chan struct{})
			go func() {
				all.Wait()
				close(written)
			}()
			s.watch(written)
			<-written

			s.audit()
			s.noDrift()
			s.checkCompletion()
			s.checkRevisions(received())
			s.sweep()
		})
	}
}

// drawSteps draws calls by the generators of the model test.
func drawSteps(seed, n int) []step {
	names := sortedKeys(steps, always)
	return rapid.SliceOfN(rapid.Custom(func(t *rapid.T) step {
		return steps[rapid.SampledFrom(names).Draw(t, "call")](t)
	}), n, n).Example(seed)
}

// watch reads all sessions again and again until the writers are done: revisions
// do not go back, what is frozen stays as it is, and a recount finds nothing.
func (s *suite) watch(written <-chan struct{}) {
	revisions, snapshots := map[string]int64{}, map[string]string{}
	var reads []bos.SessionRead
	for _, key := range modelScopes() {
		reads = append(reads, bos.SessionRead{SessionKey: key, Want: everything})
	}
	for n := 0; ; n++ {
		found, err := s.store.ReadSessions(s.ctx, reads)
		s.must(err)
		for _, one := range found {
			if one == nil {
				continue
			}
			st := one.Status
			if st.Revision < revisions[one.Incarnation] {
				s.Fatalf("session %s: revision %d follows %d", one.SessionKey, st.Revision, revisions[one.Incarnation])
			}
			revisions[one.Incarnation] = st.Revision
			one.Deleted, one.Removal = false, "" // may yet be deleted
			is, was := fmt.Sprint(describe(one, st.Tally, st.Errors), st.Timing, st.Revision), snapshots[one.Incarnation]
			if was != "" && is != was {
				s.Fatalf("a snapshot changed from\n%s\nto\n%s", was, is)
			}
			if st.FromSnapshot {
				snapshots[one.Incarnation] = is
			}
		}
		if n%10 == 0 {
			s.noDrift()
		}
		select {
		case <-written:
			return
		default:
		}
	}
}

// noDrift recounts while others write: again where sessions kept completing, which
// is all that a recount may ask of its caller.
func (s *suite) noDrift() {
	s.Helper()
	var drift int
	var err error
	for again := true; again; again = bos.CodeOf(err) == bos.Conflict && s.ctx.Err() == nil {
		drift, err = s.store.Recount(s.ctx, RecountOptions{Report: func(f Finding) { s.Errorf("%s %s", f.Key, f.What) }})
	}
	if err != nil || drift != 0 {
		s.Fatalf("drift %d (%v)", drift, err)
	}
}

// checkCompletion wants a producer's session complete if it runs with nothing
// active, and one snapshot a completed session.
func (s *suite) checkCompletion() {
	list, err := s.store.ListSessions(s.ctx, bos.SessionFilter{}, bos.Page{First: bos.MaxPage}, bos.Want{Status: true}, false)
	s.must(err)
	var complete []string
	for _, one := range list.Items {
		if one.SelfCompleting() && one.Status.Tally.Active == 0 {
			s.Errorf("session %s runs with nothing to do: %+v", one.SessionKey, one.Status.Tally)
		}
		if one.Status.FromSnapshot != one.Over() || one.State == bos.StateComplete && one.EndTime == "" { // a producer may give an end beforehand
			s.Errorf("session %s is %s, snapshot %v, end %q", one.SessionKey, one.State, one.Status.FromSnapshot, one.EndTime)
		}
		if one.Over() {
			complete = append(complete, schema.FrozenEntry(one))
		}
	}
	slices.Sort(complete)
	frozen := s.store.db.Client.ZRange(s.ctx, s.store.db.Keys.Frozen(), 0, -1).Val()
	slices.Sort(frozen)
	s.equal(frozen, complete, "snapshots")
}

// listen collects the notices of all scopes, from now on until its result is called.
func (s *suite) listen() (received func() []reported) {
	f, e, _ := s.feed(s.store, rareProbe)
	e.subscribed(0)
	e.alive(0, anyProbe)
	return func() []reported {
		e.probes(f) // which comes behind all that was published before
		return slices.DeleteFunc(e.after(0), func(c reported) bool { return c.scope == "" })
	}
}

// checkRevisions wants those of a scope to grow, each reported once, and the last one
// reported to be the one that is stored.
func (s *suite) checkRevisions(notices []reported) {
	last := map[string]int64{}
	for _, n := range notices {
		if n.revision <= last[n.scope] {
			s.Errorf("%s: notice of revision %d after that of %d", n.scope, n.revision, last[n.scope])
		}
		last[n.scope] = n.revision
	}
	if len(last) < 4 {
		s.Errorf("only %d sessions had notices: %v", len(last), last)
	}
	for scope, revision := range last {
		key := bos.ParseSessionKey(scope)
		if s.read(key) == nil {
			continue
		}
		stored, err := s.store.db.Client.HGet(s.ctx, s.store.db.Keys.Session(schema.ScopeHome(key)), schema.Session.Revision.Name).Int64()
		if err != nil && err != redis.Nil || stored != revision {
			s.Errorf("session %s is at revision %d (%v), the last notice was of %d", scope, stored, err, revision)
		}
	}
}
