package cache

import (
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/bosgraph/bosgraph/bos"
	"github.com/bosgraph/bosgraph/cache/internal/redisdb"
)

// failOver makes the data look as if another server had written them last, as they do
// on a replica that was promoted.
func (s *suite) failOver() {
	s.Helper()
	s.must(s.store.db.Client.HSet(s.ctx, s.store.db.Keys.Meta(), "history", "of another server").Err())
}

// stored are the epoch and the revision that are stored, proven or not.
func (s *suite) stored() redisdb.Position {
	s.Helper()
	meta, err := s.store.db.Client.HMGet(s.ctx, s.store.db.Keys.Meta(), "epoch", "rev").Result()
	s.must(err)
	return redisdb.Position{Epoch: redisdb.Text(meta[0]), Revision: redisdb.ParseRevision(redisdb.Text(meta[1]))}
}

// Whichever call comes first on a server that is not proven to have everything, another epoch
// begins before it writes or answers.
func TestTheFirstCallBeginsTheEpoch(t *testing.T) {
	conform(t, func(s *suite) {
		s.create("a")
		s.put(component("x1", "a"))
		lease := s.store.NewLease(time.Minute)
		s.hold(lease, "")
		for what, first := range map[string]func() string{
			"a write of components": func() string {
				s.put(failing("x1", "a", "after a failover"))
				return s.stored().Epoch
			},
			"a write of a session": func() string {
				s.create("b")
				return s.stored().Epoch
			},
			"a read of the epoch": func() string {
				epoch, err := s.store.Epoch(s.ctx)
				s.must(err)
				return epoch
			},
			"the lease": func() string { return s.hold(lease, "").Epoch },
		} {
			before := s.stored()
			s.failOver()
			epoch := first()
			if after := s.stored(); epoch == before.Epoch || after.Epoch != epoch || after.Revision < before.Revision {
				s.Errorf("%s: before %+v, answered %q, then %+v", what, before, epoch, after)
			}
			if again, err := s.store.Epoch(s.ctx); again != epoch || err != nil {
				s.Errorf("%s: the epoch is %q and then %q, %v", what, epoch, again, err)
			}
		}
	})
}

// Without the epoch that is read with records their versions would be worth nothing.
func TestTheEpochOfRecordsIsLost(t *testing.T) {
	conform(t, func(s *suite) {
		s.put(component("x1", "a"))
		before := s.stored()
		s.must(s.store.db.Client.Del(s.ctx, s.store.db.Keys.Epoch()).Err())
		s.store.recent.doubt() // what it remembers is of a known epoch
		s.put(failing("x1", "a", "written all the same"))
		if after := s.stored(); after.Epoch == before.Epoch || s.store.db.Client.Get(s.ctx, s.store.db.Keys.Epoch()).Val() != after.Epoch {
			s.Errorf("before %+v, after %+v", before, after)
		}
	})
}

// A version that was read before a failover may be that of another record afterwards:
// revisions are given out again.
func TestVersionsOfAnotherEpochAreNoMatch(t *testing.T) {
	conform(t, func(s *suite) {
		s.create("a")
		s.put(component("x1", "a"))
		tries := 0
		// Between reading and writing, the last write is lost and others, up to the same
		// revision, are made in another epoch.
		lose := func() {
			if tries++; tries > 1 {
				return
			}
			version := s.stored().Revision
			s.put(failing("x1", "a", "lost and made again"))
			key := s.store.db.Keys.Component("x1")
			_, body, _ := strings.Cut(s.store.db.Client.Get(s.ctx, key).Val(), " ")
			s.must(s.store.db.Client.Set(s.ctx, key, fmt.Sprint(version, " ", body), 0).Err())
			s.failOver()
		}
		s.must(s.store.update(s.ctx, []string{"x1"}, false, func(old []record) ([]record, error) {
			lose()
			next := append([]record{}, old...)
			next[0].component.Session = "b"
			return next, nil
		}))
		if c, err := s.store.ReadComponents(s.ctx, []string{"x1"}, true); err != nil || c[0].Error != "lost and made again" || c[0].Session != "b" {
			s.Errorf("%+v, %v: what others wrote meanwhile is lost", c[0], err)
		}
		if tries != 2 {
			s.Errorf("decided %d times, want twice", tries)
		}
	})
}

// SCRIPT FLUSH, which operators run by habit, loses nothing but scripts: no call fails,
// and the epoch stays.
func TestAScriptFlushBeginsNoEpoch(t *testing.T) {
	conform(t, func(s *suite) {
		s.create("a")
		s.put(component("x1", "a"))
		before := s.stored()
		lease := s.store.NewLease(time.Minute)
		tenure := s.hold(lease, "")
		done := make(chan struct{})
		var calls sync.WaitGroup
		under := func(call func(store *Store, n int) error) {
			store := s.open(nil)
			calls.Go(func() {
				for n := 0; ; n++ {
					select {
					case <-done:
						return
					default:
					}
					if err := call(store, n); err != nil {
						s.Errorf("call %d: %v", n, err)
						return
					}
				}
			})
		}
		for writer := range 3 {
			under(func(store *Store, n int) error {
				_, err := store.PutComponents(s.ctx, []bos.ComponentPatch{failing(fmt.Sprint("w", writer), "a", fmt.Sprint(n))})
				return err
			})
			under(func(store *Store, _ int) error {
				found, err := store.ReadSessions(s.ctx, []bos.SessionRead{{SessionKey: name("a"), Want: everything}})
				if err == nil && found[0] == nil {
					err = errors.New("the session is not there")
				}
				return err
			})
		}
		under(func(store *Store, _ int) error { return store.Ping(s.ctx) })
		under(func(*Store, int) error {
			_, err := lease.Hold(s.ctx, "")
			return err
		})
		flushes := 20
		if strings.HasSuffix(s.Name(), "/redis") {
			flushes = 60 // the judge
		}
		for range flushes {
			s.must(s.store.db.Client.ScriptFlush(s.ctx).Err())
			s.put(failing("x1", "a", time.Now().String())) // some load between two flushes
		}
		close(done)
		calls.Wait()
		if after := s.stored(); after.Epoch != before.Epoch || after.Revision <= before.Revision {
			s.Errorf("before %+v, after %+v", before, after)
		}
		if now := s.hold(lease, ""); now != tenure {
			s.Errorf("the tenure was %+v and is %+v", tenure, now)
		}
	})
}
