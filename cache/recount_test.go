package cache

import (
	"fmt"
	"strings"
	"testing"

	"github.com/bosgraph/bosgraph/bos"
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

// Invariant 16: a recount finds and mends what does not agree with the records.

func TestRecount(t *testing.T) {
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

		k, c, ctx := s.store.keys, s.store.client, s.ctx
		digest := string(bos.DigestOf("broken"))
		for _, d := range []struct {
			what   string
			damage func() error
			found  string
		}{
			{"a counter", func() error { return c.HIncrBy(ctx, k.session("/a"), "p", 3).Err() }, "s:/a counts p = 6 instead of 3"},
			{"a tenant's counter", func() error { return c.HIncrBy(ctx, k.session("blue/a"), "a", -1).Err() }, "s:blue/a counts a = 2 instead of 3"},
			{"all counters", func() error { return c.Del(ctx, k.session("blue/a")).Err() }, "s:blue/a counts"},
			{"a member that is gone", func() error { return c.ZRem(ctx, k.members("/a"), "x3").Err() }, "m:/a lacks x3"},
			{"a staged one that is gone", func() error { return c.ZRem(ctx, k.staged("blue/a"), "x1").Err() }, "st:blue/a lacks x1"},
			{"a stray member", func() error { return c.ZAdd(ctx, k.members("/a"), z("x4")).Err() }, "m:/a has x4"},
			{"a member that does not exist", func() error { return c.ZAdd(ctx, k.staged("/b"), z("x9")).Err() }, "st:/b has x9"},
			{"an active one that is gone", func() error { return c.ZRem(ctx, k.active("blue/a"), "x2").Err() }, "a:blue/a lacks x2 since 1"},
			{"one that is active since another time", func() error { return c.ZIncrBy(ctx, k.active("/a"), 1, "x3").Err() }, "a:/a lacks x3 since 1"},
			{"one that is not active here", func() error { return c.ZAdd(ctx, k.active("/a"), z("x4")).Err() }, "a:/a has x4"},
			{"one active that does not exist", func() error { return c.ZAdd(ctx, k.active("/b"), z("x9")).Err() }, "a:/b has x9"},
			{"an id", func() error { return c.ZRem(ctx, k.ids(), "x4").Err() }, "ids lacks x4"},
			{"a stray id", func() error { return c.ZAdd(ctx, k.ids(), z("x9")).Err() }, "ids has x9"},
			{"the index of errors", func() error { return c.ZRem(ctx, k.errorIndex(), digest+" x3").Err() }, "ei lacks x3"},
			{"a stray error", func() error { return c.ZAdd(ctx, k.errors("/a"), z(digest+" x4")).Err() }, "e:/a has x4"},
			{"what a tenant owns", func() error { return c.ZAdd(ctx, k.tenant("blue"), z("x3")).Err() }, "tn:blue has x3"},
			{"the size of a group", func() error { return c.ZIncrBy(ctx, k.groups("/a"), 1, bos.GroupKey("broken")).Err() }, "g:/a has an error group of 1 instead of 2"},
			{"a group", func() error { return c.ZRem(ctx, k.groups("blue/a"), bos.GroupKey(long)).Err() }, "g:blue/a has an error group of 0 instead of 1"},
			{"a group too many", func() error { return c.ZIncrBy(ctx, k.groups("/b"), -2, bos.GroupKey("other")).Err() }, "g:/b has an error group of 2 instead of 0"},
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

func TestRecountIsResumed(t *testing.T) {
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
