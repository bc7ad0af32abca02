package cache

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/bosgraph/bosgraph/bos"
	"github.com/bosgraph/bosgraph/cache/internal/schema"
)

// since reads what has changed after an earlier answer; the first one after nil.
func (s *suite) since(session string, last *bos.Changes) *bos.Changes {
	s.Helper()
	r := bos.ChangesRead{SessionKey: name(session)}
	if last != nil {
		r.After, r.Incarnation, r.Epoch = last.Revision, last.Incarnation, last.Epoch
	}
	found, err := s.store.ReadChanges(s.ctx, []bos.ChangesRead{r})
	s.must(err)
	if found[0] == nil {
		s.Fatalf("there is no session %q", session)
	}
	return found[0]
}

// changed fails unless nothing was missed, and these are what has changed.
func (s *suite) changed(c *bos.Changes, changed, removed []string) {
	s.Helper()
	if c.Missed {
		s.Fatalf("missed: %+v", c)
	}
	s.equal(c.Changed, changed, "changed")
	s.equal(c.Removed, removed, "removed")
}

// missed fails unless the reader has to begin again, and nothing else.
func (s *suite) missed(c *bos.Changes) {
	s.Helper()
	if !c.Missed || len(c.Changed)+len(c.Removed) > 0 {
		s.Fatalf("not missed: %+v", c)
	}
}

func (s *suite) delete(ids ...string) {
	s.Helper()
	s.applied(len(ids))(s.store.DeleteComponents(s.ctx, ids))
}

func TestChangesNameWhatEachWriteTouched(t *testing.T) {
	conform(t, func(s *suite) {
		s.put(component("x0", "a"))
		created := s.create("a")
		first := s.since("a", nil)
		s.missed(first)
		if first.Incarnation != created.Incarnation || first.State != bos.StatePending || first.Epoch == "" {
			s.Errorf("the first read: %+v", first)
		}
		s.changed(s.since("a", first), nil, nil)

		s.put(component("x2", "a"), component("x1", "a"), component("y", "other"))
		s.patch(bos.ComponentPatch{ID: "x2", Error: new("broken")})
		s.delete("x0")
		second := s.since("a", first)
		s.changed(second, []string{"x1", "x2"}, []string{"x0"})
		if second.Revision != s.status("a").Revision {
			s.Errorf("at revision %d, the session at %d", second.Revision, s.status("a").Revision)
		}

		s.put(component("x0", "a"))                                  // is back
		s.patch(bos.ComponentPatch{ID: "x1", Session: new("other")}) // has left
		s.patch(bos.ComponentPatch{ID: "x2", Error: new("broken")})  // as it was
		s.changed(s.since("a", second), []string{"x0"}, []string{"x1"})
		s.changed(s.since("a", first), []string{"x0", "x2"}, []string{"x1"})
	})
}

func TestAChangeOfTheRecordAloneNamesNoComponents(t *testing.T) {
	conform(t, func(s *suite) {
		s.create("a")
		first := s.since("a", nil)
		_, err := s.store.UpdateSession(s.ctx, name("a"), bos.SessionUpdate{InitialComponents: new("x1")})
		s.must(err)
		second := s.since("a", first)
		s.changed(second, nil, nil)
		if second.Revision <= first.Revision {
			s.Errorf("the record has changed, but the revision is %d after %d", second.Revision, first.Revision)
		}
	})
}

func TestChangesOlderThanTheLogAreMissed(t *testing.T) {
	conform(t, func(s *suite) {
		s.create("a")
		reads := []*bos.Changes{s.since("a", nil)}
		for i := range 2*logLength + 10 {
			s.put(failing("x1", "a", fmt.Sprint(i)))
			reads = append(reads, s.since("a", reads[len(reads)-1]))
		}
		s.missed(s.since("a", reads[0]))
		last := len(reads) - 1
		for behind := range logLength {
			c := s.since("a", reads[last-behind])
			if behind == 0 {
				s.changed(c, nil, nil)
			} else {
				s.changed(c, []string{"x1"}, nil)
			}
		}
		for _, c := range reads[1:] {
			s.changed(c, []string{"x1"}, nil)
		}
	})
}

func TestChangesAreKnownUntilTheLogIsTrimmed(t *testing.T) {
	conform(t, func(s *suite) {
		s.create("a")
		first := s.since("a", nil)
		for i := range logLength - 1 {
			s.put(failing("x1", "a", fmt.Sprint(i)))
		}
		s.changed(s.since("a", first), []string{"x1"}, nil)
		s.put(failing("x1", "a", ""))
		s.missed(s.since("a", first)) // it may have been trimmed, for all that the reader knows
	})
}

func TestChangesAreKnownAfterCompletion(t *testing.T) {
	conform(t, func(s *suite) {
		s.put(component("x1", "a"), component("x2", "a"))
		s.create("a")
		s.state("a", bos.StateRunning)
		first := s.since("a", nil)
		s.patch(done("x1"))
		second := s.since("a", first)
		s.changed(second, []string{"x1"}, nil)
		s.patch(done("x2"))
		third := s.since("a", second)
		s.changed(third, []string{"x2"}, nil)
		if third.State != bos.StateComplete {
			s.Errorf("with nothing active left it is %s", third.State)
		}
		s.changed(s.since("a", first), []string{"x1", "x2"}, nil)
		if ttl := s.store.db.Client.PTTL(s.ctx, s.store.db.Keys.Log("/a")).Val(); ttl <= 0 || ttl > schema.LogLife {
			s.Errorf("the log is kept for %s", ttl)
		}

		s.must(s.store.db.Client.PExpireAt(s.ctx, s.store.db.Keys.Log("/a"), time.Unix(1, 0)).Err())
		s.changed(s.since("a", third), nil, nil)
		s.missed(s.since("a", second))
		s.put(failing("x1", "a", "late")) // begins another log
		s.missed(s.since("a", third))
	})
}

func TestChangesOfAnotherIncarnationAreMissed(t *testing.T) {
	conform(t, func(s *suite) {
		s.create("a")
		s.put(component("x1", "a"))
		first := s.since("a", nil)
		_, err := s.store.DeleteSession(s.ctx, name("a"))
		s.must(err)
		found, err := s.store.ReadChanges(s.ctx, []bos.ChangesRead{{SessionKey: name("a")}})
		s.must(err)
		if found[0] != nil {
			s.Fatalf("a deleted session has changes: %+v", found[0])
		}
		s.create("a")
		s.put(failing("x1", "a", "again"))
		second := s.since("a", first)
		s.missed(second)
		s.changed(s.since("a", second), nil, nil)
	})
}

func TestChangesOfAnotherEpochAreMissed(t *testing.T) {
	conform(t, func(s *suite) {
		s.create("a")
		first := s.since("a", nil)
		s.failOver()
		epoch, err := s.store.Epoch(s.ctx)
		s.must(err)
		if again, err := s.open(nil).Epoch(s.ctx); again != epoch || err != nil {
			s.Errorf("another process begins another epoch: %q after %q, %v", again, epoch, err)
		}
		second := s.since("a", first)
		s.missed(second)
		if second.Epoch == first.Epoch {
			s.Errorf("the epoch is still %s", first.Epoch)
		}
		s.changed(s.since("a", second), nil, nil)

		ahead := *second
		ahead.Revision++
		s.missed(s.since("a", &ahead)) // lost data, and nobody has noticed yet
	})
}

func TestMoreChangesThanOneReadBringsAreMissed(t *testing.T) {
	conform(t, func(s *suite) {
		s.create("a")
		first := s.since("a", nil)
		var batch []bos.ComponentPatch
		for i := range maxChanged {
			batch = append(batch, component(fmt.Sprintf("x%04d", i), "a"))
		}
		s.put(batch...)
		if c := s.since("a", first); c.Missed || len(c.Changed) != maxChanged || !slices.IsSorted(c.Changed) {
			s.Fatalf("%d changed, missed %t", len(c.Changed), c.Missed)
		}
		s.put(component("y", "a"))
		s.missed(s.since("a", first))
	})
}

func TestChangesOfManySessionsAreOneRead(t *testing.T) {
	conform(t, func(s *suite) {
		s.create("a")
		s.createAs(bos.NewSession{SessionKey: name("b"), Source: bos.SourceBOS})
		s.put(component("x1", "a"), component("x2", "b"))
		found, err := s.store.ReadChanges(s.ctx, []bos.ChangesRead{
			{SessionKey: name("b")}, {SessionKey: name("none")}, {SessionKey: name("a")},
		})
		s.must(err)
		if found[0] == nil || found[1] != nil || found[2] == nil || found[0].Incarnation == found[2].Incarnation {
			s.Fatalf("found %+v", found)
		}
		if found[0].Source != bos.SourceBOS || found[2].Source != bos.SourceProducer {
			s.Errorf("they are from %q and %q", found[0].Source, found[2].Source)
		}
		if none, err := s.store.ReadChanges(s.ctx, nil); len(none) != 0 || err != nil {
			s.Errorf("of nothing: %v, %v", none, err)
		}
	})
}

func TestRevisionsOfManyScopesAreOneRead(t *testing.T) {
	conform(t, func(s *suite) {
		s.create("a")
		s.create("b")
		s.put(component("x1", "b"), component("x2", "none2"))
		got, err := s.store.Revisions(s.ctx, []bos.SessionKey{name("a"), name("none"), name("b")})
		s.must(err)
		if len(got) != 2 || got[name("a")] != s.status("a").Revision || got[name("b")] != s.status("b").Revision {
			s.Errorf("revisions %v", got)
		}
		if none, err := s.store.Revisions(s.ctx, nil); len(none) != 0 || err != nil {
			s.Errorf("of nothing: %v, %v", none, err)
		}
	})
}
