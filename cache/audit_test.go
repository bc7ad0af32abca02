package cache

import (
	"context"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/redis/go-redis/v9"

	"github.com/bosgraph/bosgraph/bos"
)

// allKeys lists the keys of the namespace, all of which are on one node.
func (s *suite) allKeys() []string {
	s.Helper()
	node, ok := s.store.client.(*redis.Client)
	if c, cluster := s.store.client.(*redis.ClusterClient); cluster {
		var err error
		node, err = c.MasterForKey(s.ctx, s.store.keys.meta())
		s.must(err)
	} else if !ok {
		s.Fatalf("unknown client %T", s.store.client)
	}
	keys, err := node.Keys(s.ctx, "{"+s.options.Namespace+"}:*").Result()
	s.must(err)
	slices.Sort(keys)
	return keys
}

// value reads any key as a text that is equal when its content is.
func (s *suite) value(key string) string {
	s.Helper()
	c, ctx := s.store.client, s.ctx
	switch kind := c.Type(ctx, key).Val(); kind {
	case "string":
		return c.Get(ctx, key).Val()
	case "hash":
		return pairs(c.HGetAll(ctx, key).Val())
	case "zset":
		out := map[string]string{}
		for _, z := range c.ZRangeWithScores(ctx, key, 0, -1).Val() {
			out[z.Member.(string)] = strconv.FormatFloat(z.Score, 'f', -1, 64)
		}
		return pairs(out)
	case "list":
		return strings.Join(c.LRange(ctx, key, 0, -1).Val(), "\n")
	default:
		s.Fatalf("key %q has the type %q", key, kind)
		return ""
	}
}

func z(member string) redis.Z { return redis.Z{Member: member} }

func pairs(m map[string]string) string {
	var out []string
	for _, k := range slices.Sorted(maps.Keys(m)) {
		out = append(out, strconv.Quote(k)+"="+strconv.Quote(m[k]))
	}
	return strings.Join(out, " ")
}

// audit computes from the records alone what every derived key has to hold, and
// compares: counters, members, error groups, indexes and references to texts.
func (s *suite) audit() {
	s.Helper()
	s.ctx = context.WithoutCancel(s.ctx)
	k := s.store.keys
	want := map[string]map[string]string{}
	add := func(key, member string, by int) {
		if want[key] == nil {
			want[key] = map[string]string{}
		}
		n, _ := strconv.Atoi(want[key][member])
		want[key][member] = strconv.Itoa(n + by)
	}
	var ids []string
	for _, key := range s.allKeys() {
		if id, ok := strings.CutPrefix(key, string(k)+"c:"); ok {
			ids = append(ids, id)
		}
	}
	var records []record
	for part := range slices.Chunk(ids, 1000) {
		more, err := s.store.readRecords(s.ctx, part, true)
		s.must(err)
		records = append(records, more...)
	}
	tallies := map[home]*bos.Tally{}
	for i := range records {
		r := &records[i]
		id := r.component.ID
		for _, t := range r.owners {
			add(k.tenant(t), id, 0)
		}
		if !r.present {
			continue
		}
		add(k.ids(), id, 0)
		if e := r.component.Error; e != "" {
			add(k.errorIndex(), string(bos.DigestOf(e))+" "+id, 0)
			if longError(e) {
				add(string(k)+"tr", string(bos.DigestOf(e)), 1)
			}
		}
		counting := r.component.Counting()
		counting.Scopes(r.owners, func(scope bos.SessionKey) {
			h := scopeHome(scope)
			if tallies[h] == nil {
				tallies[h] = &bos.Tally{}
			}
			tallies[h].Add(counting, scope.Name, 1)
			if counting.Session == scope.Name {
				add(k.members(h), id, 0)
				if r.component.Enabled {
					since, _ := strconv.Atoi(r.since)
					add(k.active(h), id, since)
				}
				if counting.Group != "" {
					add(k.groups(h), counting.Group, -1)
					digest, _, _ := bos.ParseGroupKey(counting.Group)
					add(k.errors(h), string(digest)+" "+id, 0)
				}
			}
			if counting.Staged == scope.Name {
				add(k.staged(h), id, 0)
			}
		})
	}
	have := s.dump()
	s.auditReferences(add, have)
	for key, members := range want {
		if got := have[key]; got != pairs(members) {
			s.Errorf("%s holds\n  %s\nand the records make\n  %s", key, got, pairs(members))
		}
	}
	for key := range have {
		kind, rest, _ := strings.Cut(strings.TrimPrefix(key, string(k)), ":")
		switch kind {
		case "ids", "ei", "tr", "tn", "m", "a", "st", "g", "e":
			if want[key] == nil {
				s.Errorf("%s is left over: %s", key, have[key])
			}
		case "co":
			s.auditCourse(key, have[string(k)+"s:"+rest] != "")
		case "s":
			if !strings.HasPrefix(rest, "@") {
				s.auditCounters(home(rest), tallies[home(rest)])
				delete(tallies, home(rest))
			}
		}
	}
	for h, t := range tallies {
		s.Errorf("nothing is counted for %s, want %+v", h, *t)
	}
}

// auditCourse wants a course to be that of a session, in order, and not too long.
func (s *suite) auditCourse(key string, session bool) {
	s.Helper()
	samples := s.store.client.LRange(s.ctx, key, 0, -1).Val()
	course, err := courseOf(samples, &bos.Status{Session: &bos.Session{State: bos.StateRunning}})
	s.must(err)
	if !session || len(samples) >= bos.MaxCourse {
		s.Errorf("%s has %d samples, and it is %v that it is a session's", key, len(samples), session)
	}
	for i := 1; i < len(samples); i++ {
		if gap := course[i].Time.Sub(course[i-1].Time); gap < bos.CourseGap {
			s.Errorf("%s has a sample %v after the one before", key, gap)
		}
	}
}

// auditReferences adds the long texts that frozen groups refer to.
func (s *suite) auditReferences(add func(key, member string, by int), have map[string]string) {
	for key := range have {
		if !strings.HasPrefix(key, string(s.store.keys)+"fg:") {
			continue
		}
		for _, g := range s.store.client.ZRange(s.ctx, key, 0, -1).Val() {
			if digest, _, whole := bos.ParseGroupKey(g); !whole {
				add(string(s.store.keys)+"tr", string(digest), 1)
			}
		}
	}
	texts := s.store.client.HKeys(s.ctx, s.store.keys.texts()).Val()
	references := s.store.client.HKeys(s.ctx, string(s.store.keys)+"tr").Val()
	slices.Sort(texts)
	slices.Sort(references)
	s.equal(texts, references, "texts and references to them")
}

func (s *suite) auditCounters(h home, want *bos.Tally) {
	s.Helper()
	if want == nil {
		want = &bos.Tally{}
	}
	hash := sessionHash(s.store.client.HGetAll(s.ctx, s.store.keys.session(h)).Val())
	for i, n := range counters(want) {
		field := counterFields[i]
		if got := hash.number(hash[field]); got != int64(n) {
			s.Errorf("%s counts %s = %d, the records make %d", h, field, got, n)
		}
	}
}
