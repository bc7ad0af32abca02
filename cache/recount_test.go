package cache

import (
	"context"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/bosgraph/bosgraph/bos"
	"github.com/bosgraph/bosgraph/cache/internal/schema"
)

// recounted runs a recount and returns what it has found.
func (s *suite) recounted(repair bool) []string {
	s.Helper()
	found := []string{}
	drift, err := s.store.Recount(s.ctx, RecountOptions{Repair: repair, Report: func(f Finding) {
		found = append(found, f.Key+" "+f.What)
	}})
	s.must(err)
	if drift != len(found) {
		s.Errorf("drift %d, reported %v", drift, found)
	}
	return found
}

// Invariant 16: a recount finds and repairs what does not agree with the records.

func TestARecountFindsAndRepairsWhatDisagrees(t *testing.T) {
	conform(t, func(s *suite) {
		long := strings.Repeat("long ", 100)
		s.create("a")
		_, err := s.store.PutTenant(s.ctx, "blue", []string{"x1", "x2"})
		s.must(err)
		both := failing("x1", "a", "broken")
		both.StagedState = &bos.StagedStatePatch{Session: new("a")}
		s.put(both, failing("x2", "a", long), failing("x3", "a", "broken"), component("x4", ""))
		s.state("a", bos.StateRunning)
		s.equal(s.recounted(false), []string{}, "found where nothing is wrong")

		k, c, ctx := s.store.db.Keys, s.store.db.Client, s.ctx
		digest := string(bos.DigestOf("broken"))
		for _, d := range []struct {
			what   string
			damage func() error
			found  string
		}{
			{"a counter", func() error { s.miscount("/a", "p", 3); return nil }, "s:/a counts p = 6 instead of 3"},
			{"a tenant's counter", func() error { s.miscount("blue/a", "a", -1); return nil }, "s:blue/a counts a = 2 instead of 3"},
			{"all counters", func() error { return c.Del(ctx, k.Session("blue/a")).Err() }, "s:blue/a counts"},
			{"a missing member", func() error { return c.ZRem(ctx, k.Members("/a"), "x3").Err() }, "m:/a lacks x3"},
			{"a missing staged one", func() error { return c.ZRem(ctx, k.Staged("blue/a"), "x1").Err() }, "st:blue/a lacks x1"},
			{"a stray member", func() error { return c.ZAdd(ctx, k.Members("/a"), z("x4")).Err() }, "m:/a has x4"},
			{"a member that does not exist", func() error { return c.ZAdd(ctx, k.Staged("/b"), z("x9")).Err() }, "st:/b has x9"},
			{"a missing active one", func() error { return c.ZRem(ctx, k.Waiting("blue/a"), "x2").Err() }, "a:blue/a lacks x2 with the score 1"},
			{"one that is active since another time", func() error { return c.ZIncrBy(ctx, k.Waiting("/a"), 1, "x3").Err() }, "a:/a lacks x3 with the score 1"},
			{"one that is not active here", func() error { return c.ZAdd(ctx, k.Waiting("/a"), z("x4")).Err() }, "a:/a has x4"},
			{"one active that does not exist", func() error { return c.ZAdd(ctx, k.Waiting("/b"), z("x9")).Err() }, "a:/b has x9"},
			{"an id", func() error { return c.ZRem(ctx, k.IDs(), "x4").Err() }, "ids lacks x4"},
			{"a stray id", func() error { return c.ZAdd(ctx, k.IDs(), z("x9")).Err() }, "ids has x9"},
			{"the index of errors", func() error { return c.ZRem(ctx, k.ErrorIndex(), digest+" x3").Err() }, "ei lacks x3"},
			{"a stray error", func() error { return c.ZAdd(ctx, k.Errors("/a"), z(digest+" x4")).Err() }, "e:/a has x4"},
			{"what a tenant owns", func() error { return c.ZAdd(ctx, k.Tenant("blue"), z("x3")).Err() }, "tn:blue has x3"},
			{"how much a tenant owns", func() error { return c.ZIncrBy(ctx, k.Tenants(), 5, "blue").Err() }, "ti says that blue owns -3 instead of 2"},
			{"a tenant that is not listed", func() error { return c.ZRem(ctx, k.Tenants(), "blue").Err() }, "ti says that blue owns 0 instead of 2"},
			{"a tenant that owns nothing", func() error { return c.ZIncrBy(ctx, k.Tenants(), -1, "green").Err() }, "ti says that green owns 1 instead of 0"},
			{"the size of a group", func() error { return c.ZIncrBy(ctx, k.Groups("/a"), 1, bos.GroupKey("broken")).Err() }, "g:/a has an error group of 1 instead of 2"},
			{"a group", func() error { return c.ZRem(ctx, k.Groups("blue/a"), bos.GroupKey(long)).Err() }, "g:blue/a has an error group of 0 instead of 1"},
			{"a text of nobody", func() error { return c.HSet(ctx, k.Texts(), string(bos.DigestOf("a")), "a").Err() }, "tx keeps"},
			{"a reference too many", func() error { return c.HIncrBy(ctx, k.References(), string(bos.DigestOf(long)), 2).Err() }, "tr counts 3 references"},
			{"a reference that is missing", func() error { return c.HDel(ctx, k.References(), string(bos.DigestOf(long))).Err() }, "tr counts 0 references"},
			{"references to nothing", func() error { return c.HIncrBy(ctx, k.References(), string(bos.DigestOf("a")), 2).Err() }, "tx keeps"},
			{"a cabinet's counter", func() error { return c.HSet(ctx, k.Session("blue/a"), "/other", "m2").Err() }, `s:blue/a counts "other m" = 2 instead of 3`},
			{"all cabinets", func() error { return c.HDel(ctx, k.Session("/a"), "/other").Err() }, `s:/a counts "other m" = 0 instead of`},
			{"a cabinet without components", func() error { return c.HSet(ctx, k.Session("/b"), "/x3000", "m2p-1").Err() }, `s:/b counts "x3000 m" = 2 instead of 0`},
			{"details of nobody", func() error { return c.Set(ctx, k.Details("x9"), "{}", 0).Err() }, "d:x9 has the details"},
			{"details of one without", func() error { return c.Set(ctx, k.Details("x3"), "{}", 0).Err() }, "c:x3 has details"},
			{"a group too many", func() error { return c.ZIncrBy(ctx, k.Groups("/b"), -2, bos.GroupKey("other")).Err() }, "g:/b has an error group of 2 instead of 0"},
		} {
			s.must(d.damage())
			found := s.recounted(false)
			if len(found) == 0 || !strings.HasPrefix(found[0], d.found) {
				s.Errorf("%s: found %q, want %q", d.what, found, d.found)
			}
			s.recounted(true)
			s.equal(s.recounted(false), []string{}, d.what+", found after the repair")
		}
	})
}

// What is lost can't be made again. The record is left without it, so that the next put
// of the same component, and the sync from BOS, which the epoch notifies, write it.
func TestARecountEmptiesRecordsOfWhatIsLost(t *testing.T) {
	conform(t, func(s *suite) {
		long := strings.Repeat("long ", 100)
		digest := string(bos.DigestOf(long))
		whole := failing("x1", "a", long)
		whole.RetryPolicy, whole.DesiredState = new(3), &bos.DesiredStatePatch{Configuration: new("cfs")}
		k, c, ctx := s.store.db.Keys, s.store.db.Client, s.ctx
		for _, d := range []struct {
			what   string
			damage func() error
			found  string
		}{
			{"details", func() error { return c.Del(ctx, k.Details("x1")).Err() }, "c:x1 has lost its details"},
			{"details of another version", func() error { return c.Set(ctx, k.Details("x1"), "{}", 0).Err() }, "c:x1 has lost its details"},
			{"details that can't be read", func() error { return c.Set(ctx, k.Details("x1"), "{", 0).Err() }, "c:x1 has lost its details"},
			{"a text", func() error { return c.HDel(ctx, k.Texts(), digest).Err() }, "c:x1 has an error whose text is lost"},
			{"all texts", func() error { return c.Del(ctx, k.Texts(), k.References()).Err() }, "c:x1 has an error whose text is lost"},
		} {
			s.put(whole, failing("x2", "a", "short"))
			before, err := s.store.ReadComponents(ctx, []string{"x1"}, true)
			s.must(err)
			epoch, err := s.store.Epoch(ctx)
			s.must(err)
			s.must(d.damage())
			if found := s.recounted(false); len(found) == 0 || !strings.HasPrefix(found[0], d.found) {
				s.Errorf("%s: found %q, want %q", d.what, found, d.found)
			}
			s.recounted(true)
			s.equal(s.recounted(false), []string{}, d.what+", found after the repair")
			if now, err := s.store.Epoch(ctx); err != nil || now == epoch {
				s.Errorf("%s: the epoch is the same after records were emptied (%v)", d.what, err)
			}
			s.put(whole) // what they believe to be stored already
			after, err := s.store.ReadComponents(ctx, []string{"x1"}, true)
			s.must(err)
			after[0].StatusSince = before[0].StatusSince
			if !reflect.DeepEqual(before, after) {
				s.Errorf("%s: put again it is\n%+v, was\n%+v", d.what, after[0], before[0])
			}
		}
	})
}

// A text that only the groups of a complete session have is found to be lost, and stays so.
func TestARecountFindsALostTextOfASnapshot(t *testing.T) {
	conform(t, func(s *suite) {
		long := strings.Repeat("long ", 100)
		s.create("a")
		s.put(failing("x1", "a", long))
		s.state("a", bos.StateRunning)
		s.state("a", bos.StateComplete)
		s.put(component("x1", ""))
		s.equal(s.recounted(false), []string{}, "found where nothing is wrong")
		digest := string(bos.DigestOf(long))
		s.must(s.store.db.Client.HDel(s.ctx, s.store.db.Keys.Texts(), digest).Err())
		lost := "tx has lost " + digest + ", which 0 components and 1 complete sessions refer to"
		s.equal(s.recounted(true), []string{lost}, "found")
		s.equal(s.recounted(false), []string{lost}, "found again")
		s.must(s.store.db.Client.HSet(s.ctx, s.store.db.Keys.Texts(), digest, long).Err())
	})
}

// Writers that add, move and remove components while it runs make no finding.
func TestARecountIsRightWhileOthersWrite(t *testing.T) {
	conform(t, func(s *suite) {
		s.create("a")
		_, err := s.store.PutTenant(s.ctx, "blue", []string{"x001", "x002"})
		s.must(err)
		s.state("a", bos.StateRunning)
		ctx, stop := context.WithCancel(s.ctx)
		var writers sync.WaitGroup
		for w := range 3 {
			writers.Go(func() {
				for n := 0; ctx.Err() == nil; n++ {
					id := fmt.Sprintf("x%d%02d", w, n%50)
					text := strings.Repeat(fmt.Sprint(n%3), 1+300*(n%2))
					_, err := s.store.PutComponents(s.ctx, []bos.ComponentPatch{failing(id, "a", text), component(id+"b", "a")})
					if err == nil {
						_, err = s.store.DeleteComponents(s.ctx, []string{id + "b"})
					}
					if err != nil {
						s.Error(err)
					}
				}
			})
		}
		rounds := 3
		if long() {
			rounds = 30
		}
		for range rounds {
			if found := s.recounted(false); len(found) > 0 {
				s.Errorf("found %q", found)
			}
		}
		stop()
		writers.Wait()
		s.equal(s.recounted(false), []string{}, "found in the end")
	})
}

func TestARecountIsResumed(t *testing.T) {
	conform(t, func(s *suite) {
		var batch []bos.ComponentPatch
		for i := range 3000 {
			batch = append(batch, component(fmt.Sprintf("x%04d", i), "a"))
		}
		s.put(batch...)
		var cursors []uint64
		verified := 0
		_, err := s.store.Recount(s.ctx, RecountOptions{Status: func(p RecountProgress) {
			if p.Stage == "components" {
				cursors, verified = append(cursors, p.Cursor), p.Components
			}
		}})
		s.must(err)
		if verified < len(batch) || cursors[len(cursors)-1] != 0 {
			s.Fatalf("verified %d, cursors %v", verified, cursors)
		}
		if len(cursors) < 2 {
			return // miniredis answers all at once
		}
		rest := 0
		_, err = s.store.Recount(s.ctx, RecountOptions{Resume: cursors[0], Status: func(p RecountProgress) { rest = p.Components }})
		s.must(err)
		if rest == 0 || rest >= verified {
			s.Errorf("resumed after the first of %d chunks it verified %d of %d", len(cursors), rest, verified)
		}
	})
}

// The lists of sessions have those that are there, and no others: of one that is pending, one that is complete, and one whose name was
// taken again after it was deleted.
func TestARecountFindsWhatListsOfSessionsLack(t *testing.T) {
	conform(t, func(s *suite) {
		k, c, ctx := s.store.db.Keys, s.store.db.Client, s.ctx
		past := s.createAs(bos.NewSession{SessionKey: bos.SessionKey{Tenant: "blue", Name: "a"}, Source: bos.SourceBOS})
		s.must(s.store.MarkDeleted(ctx, past.SessionKey))
		s.createAs(bos.NewSession{SessionKey: past.SessionKey, Source: bos.SourceBOS})
		done := s.completed(1)[0]
		s.equal(s.recounted(false), []string{}, "found where nothing is wrong")
		state := func() map[string]string {
			all := s.dump()
			delete(all, k.Meta()) // whose revision every repair increases
			return all
		}
		before := state()
		position, alike := schema.SessionPosition(past), strings.TrimPrefix(k.Alike(past), string(k))
		nobody := strings.Replace(position, past.Incarnation, "none", 1)
		for what, d := range map[string]struct {
			damage func() error
			found  []string
		}{
			"the list of all":                     {func() error { return c.Del(ctx, k.Sessions()).Err() }, []string{"sx lacks session /s000", "sx lacks session blue/a", "sx lacks session blue/a"}},
			"one in it":                           {func() error { return c.ZRem(ctx, k.Sessions(), position).Err() }, []string{"sx lacks session blue/a"}},
			"the list of frozen ones":             {func() error { return c.Del(ctx, k.Frozen()).Err() }, []string{"rx lacks session /s000", "rx lacks session blue/a"}},
			"one in it, of history":               {func() error { return c.ZRem(ctx, k.Frozen(), schema.FrozenEntry(past)).Err() }, []string{"rx lacks session blue/a"}},
			"those of one name":                   {func() error { return c.Del(ctx, k.History("/s000")).Err() }, []string{"h:/s000 lacks session /s000"}},
			"those to compare with":               {func() error { return c.ZRem(ctx, k.Alike(past), position).Err() }, []string{alike + " lacks session blue/a"}},
			"one of nobody in the list of all":    {func() error { return c.ZAdd(ctx, k.Sessions(), z(nobody)).Err() }, []string{"sx has session blue/a, which does not exist"}},
			"one of nobody to compare with":       {func() error { return c.ZAdd(ctx, k.Alike(past), z(nobody)).Err() }, []string{alike + " has session blue/a, which does not exist"}},
			"one of nobody among those of a name": {func() error { return c.ZAdd(ctx, k.History("blue/a"), z("0:none")).Err() }, []string{"h:blue/a has session blue/a, which does not exist"}},
			"one of nobody among frozen ones":     {func() error { return c.ZAdd(ctx, k.Frozen(), z("none:blue/a")).Err() }, []string{"rx has session blue/a, which does not exist"}},
			"one that is not frozen": {func() error {
				return c.ZAdd(ctx, k.Frozen(), z(schema.FrozenEntry(s.readAs(bos.SessionRead{SessionKey: past.SessionKey})))).Err()
			}, []string{"rx has session blue/a, which does not belong there"}},
			"one that can't be read": {func() error { return c.ZAdd(ctx, k.Sessions(), z("?")).Err() }, []string{"sx has session /, which does not exist"}},
		} {
			s.must(d.damage())
			found := s.recounted(true)
			slices.Sort(found)
			s.equal(found, d.found, what+": found")
			s.equal(s.recounted(false), []string{}, what+": found after the repair")
			if after := state(); !maps.Equal(before, after) {
				s.Errorf("%s: repaired it is\n%v, was\n%v", what, after, before)
			}
		}
		// The session itself: all that lists have of it goes.
		s.lose(done)
		if found := s.recounted(true); len(found) != 5 || slices.ContainsFunc(found, func(f string) bool { return !strings.HasSuffix(f, " has session /s000, which does not exist") }) {
			s.Errorf("a lost session: found %q", found)
		}
		if got := s.listed(); got != "2 1" {
			s.Errorf("listed and frozen are %s", got)
		}
	})
}
