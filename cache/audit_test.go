package cache

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/redis/go-redis/v9"

	"github.com/bosgraph/bosgraph/bos"
	"github.com/bosgraph/bosgraph/cache/internal/schema"
)

// allKeys lists the keys of the namespace, all of which are on one node.
func (s *suite) allKeys() []string {
	s.Helper()
	node, err := s.store.db.Owner(s.ctx)
	s.must(err)
	keys, err := node.Keys(s.ctx, "{"+s.options.Namespace+"}:*").Result()
	s.must(err)
	slices.Sort(keys)
	return keys
}

// value reads any key as a text that is equal when its content is.
func (s *suite) value(key string) string {
	s.Helper()
	c, ctx := s.store.db.Client, s.ctx
	switch kind := c.Type(ctx, key).Val(); kind {
	case "string":
		return c.Get(ctx, key).Val()
	case "hash":
		return pairs(unpacked(c.HGetAll(ctx, key).Val()))
	case "zset":
		out := map[string]string{}
		for _, z := range c.ZRangeWithScores(ctx, key, 0, -1).Val() {
			out[z.Member.(string)] = strconv.FormatFloat(z.Score, 'f', -1, 64)
		}
		return pairs(out)
	case "list":
		return strings.Join(c.LRange(ctx, key, 0, -1).Val(), "\n")
	case "stream":
		return fmt.Sprint(c.XRange(ctx, key, "-", "+").Val())
	default:
		s.Fatalf("key %q has the type %q", key, kind)
		return ""
	}
}

// counters are the fields of packed counters that each session has.
var counters = []string{schema.Session.Counters.Name, schema.Session.Separate.Name, schema.Session.FrozenCounters.Name, schema.Session.FrozenSeparate.Name}

// unpacked has the counters each by itself: their order is that in which they began to count.
func unpacked(hash map[string]string) map[string]string {
	all := map[string]string{}
	for field, value := range hash {
		if _, is := schema.CutCabinet(field); !is && !slices.Contains(counters, field) {
			all[field] = value
			continue
		}
		tally := schema.Tally(value)
		for _, c := range schema.Counters {
			if n := *c.Of(&tally); n != 0 {
				all[field+" "+c.Letter] = strconv.Itoa(n)
			}
		}
	}
	return all
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
	k := s.store.db.Keys
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
	tallies, cabinets := map[schema.Home]*bos.Tally{}, map[schema.Home]map[string]*bos.Tally{}
	for i := range records {
		r := &records[i]
		id := r.component.ID
		for _, t := range r.owners {
			add(k.Tenant(t), id, 0)
			add(k.Tenants(), t, -1)
		}
		if !r.present {
			continue
		}
		add(k.IDs(), id, 0)
		if e := r.component.Error; e != "" {
			add(k.ErrorIndex(), string(bos.DigestOf(e))+" "+id, 0)
			if longError(e) {
				add(string(k)+"tr", string(bos.DigestOf(e)), 1)
			}
		}
		contribution := r.component.Contribution()
		contribution.Scopes(r.owners, func(scope bos.SessionKey) {
			h := schema.ScopeHome(scope)
			if tallies[h] == nil {
				tallies[h], cabinets[h] = &bos.Tally{}, map[string]*bos.Tally{}
			}
			cabinet := bos.CabinetOf(id)
			if cabinets[h][cabinet] == nil {
				cabinets[h][cabinet] = &bos.Tally{}
			}
			cabinets[h][cabinet].Add(contribution, scope.Name, 1)
			tallies[h].Add(contribution, scope.Name, 1)
			if contribution.Session == scope.Name {
				add(k.Members(h), id, 0)
				if contribution.Group != "" {
					add(k.Groups(h), contribution.Group, -1)
					digest, _, _ := bos.ParseGroupKey(contribution.Group)
					add(k.Errors(h), string(digest)+" "+id, 0)
				}
			}
			if contribution.Session == scope.Name && contribution.Marks&bos.MarkFailed != 0 {
				add(k.Failed(h), id, 0)
			}
			if w := contribution.WaitIn(scope.Name); w != "" {
				since, _ := strconv.Atoi(r.since)
				add(k.Waiting(h), id, int(schema.WaitScore(w, int64(since))))
			}
			if contribution.Staged == scope.Name {
				add(k.Staged(h), id, 0)
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
		case "ids", "ei", "tr", "tn", "ti", "m", "f", "a", "st", "g", "e":
			if want[key] == nil {
				s.Errorf("%s is left over: %s", key, have[key])
			}
		case "co":
			s.auditProgress(key, have[string(k)+"s:"+rest] != "")
		case "s":
			if !strings.HasPrefix(rest, "@") {
				s.auditCounters(schema.Home(rest), tallies[schema.Home(rest)], cabinets[schema.Home(rest)])
				delete(tallies, schema.Home(rest))
			}
		}
	}
	for h, t := range tallies {
		s.Errorf("nothing is counted for %s, want %+v", h, *t)
	}
}

// auditProgress wants a progress to be that of a session, in order, and not too long.
func (s *suite) auditProgress(key string, session bool) {
	s.Helper()
	samples := s.store.db.Client.LRange(s.ctx, key, 0, -1).Val()
	progress, err := progressOf(samples, &bos.Status{Session: &bos.Session{State: bos.StateRunning}})
	s.must(err)
	if !session || len(samples) >= bos.MaxProgress {
		s.Errorf("%s has %d samples, and it is %v that it is a session's", key, len(samples), session)
	}
	for i := 1; i < len(samples); i++ {
		if gap := progress[i].Time.Sub(progress[i-1].Time); gap < bos.ProgressGap {
			s.Errorf("%s has a sample %v after the one before", key, gap)
		}
	}
}

// auditReferences adds the long texts that frozen groups refer to.
func (s *suite) auditReferences(add func(key, member string, by int), have map[string]string) {
	for key := range have {
		if !strings.HasPrefix(key, string(s.store.db.Keys)+"fg:") {
			continue
		}
		for _, g := range s.store.db.Client.ZRange(s.ctx, key, 0, -1).Val() {
			if digest, _, whole := bos.ParseGroupKey(g); !whole {
				add(string(s.store.db.Keys)+"tr", string(digest), 1)
			}
		}
	}
	texts := s.store.db.Client.HKeys(s.ctx, s.store.db.Keys.Texts()).Val()
	references := s.store.db.Client.HKeys(s.ctx, string(s.store.db.Keys)+"tr").Val()
	slices.Sort(texts)
	slices.Sort(references)
	s.equal(texts, references, "texts and references to them")
}

func (s *suite) auditCounters(h schema.Home, want *bos.Tally, cabinets map[string]*bos.Tally) {
	s.Helper()
	if want == nil {
		want = &bos.Tally{}
	}
	hash := s.store.db.Client.HGetAll(s.ctx, s.store.db.Keys.Session(h)).Val()
	counts := schema.Tally(hash[schema.Session.Counters.Name], hash[schema.Session.Separate.Name])
	for _, counter := range schema.Counters {
		if got, n := *counter.Of(&counts), *counter.Of(want); got != n {
			s.Errorf("%s counts %s = %d, the records make %d", h, counter.Letter, got, n)
		}
	}
	found := cabinetCounters(hash)
	for cabinet, t := range cabinets {
		for _, counter := range schema.CabinetCounters {
			got := schema.Tally(found[cabinet])
			if has, makes := *counter.Of(&got), *counter.Of(t); has != makes {
				s.Errorf("%s counts %s = %d in %s, the records make %d", h, counter.Letter, has, cabinet, makes)
			}
		}
		delete(found, cabinet)
	}
	for cabinet, counts := range found {
		s.Errorf("%s counts %q in %s, and it has nothing there", h, counts, cabinet)
	}
}

// miscount makes a counter of a scope wrong by so much.
func (s *suite) miscount(scope schema.Home, letter string, by int) {
	s.Helper()
	hash := s.store.db.Keys.Session(scope)
	for _, field := range counters[:2] {
		stored := s.store.db.Client.HGet(s.ctx, hash, field).Val()
		tally, packed := schema.Tally(stored), ""
		for _, c := range schema.Counters {
			n := c.Of(&tally)
			if c.Letter == letter && c.Separate == (field == schema.Session.Separate.Name) {
				*n += by
			}
			if *n != 0 {
				packed += c.Letter + strconv.Itoa(*n)
			}
		}
		s.must(s.store.db.Client.HSet(s.ctx, hash, field, packed).Err())
	}
}
