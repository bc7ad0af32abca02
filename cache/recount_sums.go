package cache

import (
	"context"
	"fmt"
	"math"
	"slices"

	"github.com/redis/go-redis/v9"

	"github.com/bosgraph/bosgraph/bos"
	"github.com/bosgraph/bosgraph/cache/internal/redisdb"
	"github.com/bosgraph/bosgraph/cache/internal/schema"
)

// sums verifies the counters and error groups of every scope.
func (r *recount) sums(ctx context.Context) error {
	scopes := map[string]bool{}
	// Not of sessions alone: a scope that has lost its hash still has members, and one that
	// should be empty may have groups left. History has frozen counters, which no record can
	// prove.
	for _, of := range []schema.Kind{schema.Kinds.Session, schema.Kinds.Members, schema.Kinds.Staged, schema.Kinds.Groups} {
		if err := r.scan(ctx, of, 0, func(found []string, _ uint64) error {
			for _, scope := range r.idsOf(of, found) {
				if !schema.Home(scope).IsHistory() {
					scopes[scope] = true
				}
			}
			return nil
		}); err != nil {
			return err
		}
	}
	for _, scope := range sortedKeys(scopes, always) {
		if err := r.verifySums(ctx, bos.ParseSessionKey(scope)); err != nil {
			return err
		}
		r.progress("sessions", 0)
	}
	return nil
}

// verifySums compares one scope. What is wrong is an offset that stays the same
// whatever is counted meanwhile, so it is repaired by taking the offset away; two
// repairs at a time would take it away twice, and guard against each other.
func (r *recount) verifySums(ctx context.Context, scope bos.SessionKey) error {
	exclusive, err := r.exclusive(ctx) // before the sums are read: they may lack a repair that another makes from here on
	if err != nil {
		return err
	}
	have, want, err := r.addUp(ctx, scope)
	if err != nil {
		return err
	}
	h := schema.ScopeHome(scope)
	c := r.newChange()
	exclusive(c)
	to := c.scope(scope) // who watches the session is to read it again
	wrong := 0
	for _, counter := range schema.Counters {
		has, wants := *counter.Of(&have.tally), *counter.Of(&want.tally)
		if has != wants {
			wrong++
			r.found(r.db.Keys.Session(h), fmt.Sprintf("counts %s = %d instead of %d", counter.Letter, has, wants))
			*counter.Of(&to.tally) += wants - has
		}
	}
	off := map[string]int{}
	for g, n := range have.groups {
		off[g] -= n
	}
	for g, n := range want.groups {
		off[g] += n
	}
	for _, g := range sortedKeys(off, func(by int) bool { return by != 0 }) {
		wrong++
		r.found(r.db.Keys.Groups(h), fmt.Sprintf("has an error group of %d instead of %d", have.groups[g], want.groups[g]))
	}
	c.regroup(r.db.Keys.Groups(h), off)
	wrong += r.verifyCabinets(to, r.db.Keys.Session(h), have.cabinets, want.cabinets)
	if wrong == 0 {
		return nil
	}
	// A counter that was too high may be all that has kept the session from completing.
	to.check = true
	return r.repair(ctx, c)
}

// exclusive returns what makes a change fail if another repair of sums has been made from
// now on.
func (r *recount) exclusive(ctx context.Context) (func(*change), error) {
	ctx, cancel := r.db.Within(ctx)
	defer cancel()
	meta, err := r.db.Client.HMGet(ctx, r.db.Keys.Meta(), schema.Meta.Repairs.Name, schema.Meta.Epoch.Name).Result()
	if err != nil {
		return nil, redisdb.Explain(err)
	}
	return func(c *change) {
		c.guards = append(c.guards, guard{r.db.Keys.Meta(), schema.Meta.Repairs.Name, redisdb.Text(meta[0])})
		c.within(redisdb.Text(meta[1]))
		c.do("HINCRBY", r.db.Keys.Meta(), schema.Meta.Repairs.Name, "1")
	}, nil
}

// verifyCabinets reports the cabinets whose counters are wrong, adds what repairs them, and returns how
// many they are.
func (r *recount) verifyCabinets(to *scopeChange, key string, have, want map[string]bos.Tally) (wrong int) {
	all := map[string]bool{}
	for name := range have {
		all[name] = true
	}
	for name := range want {
		all[name] = true
	}
	for _, name := range sortedKeys(all, always) {
		has, wants, right := have[name], want[name], true
		for _, c := range schema.CabinetCounters {
			off := *c.Of(&wants) - *c.Of(&has)
			if off != 0 && right {
				right = false
				r.found(key, fmt.Sprintf("counts %q = %d instead of %d", name+" "+c.Letter, *c.Of(&has), *c.Of(&wants)))
			}
			*c.Of(to.cabinets.of(name)) += off
		}
		if !right {
			wrong++
		}
	}
	return wrong
}

// stored is what Redis has of a scope.
type stored struct {
	tally    bos.Tally
	groups   map[string]int
	cabinets map[string]bos.Tally
}

// expected is what the records of its components come to.
type expected struct {
	tally    bos.Tally
	groups   map[string]int
	cabinets map[string]bos.Tally
}

// addUp reads what is stored for a scope, and what its components make, as of one
// moment: a transaction that reads all of it. Which components those are has to be known
// before, so it is done again if one has come meanwhile.
func (r *recount) addUp(ctx context.Context, scope bos.SessionKey) (have stored, want expected, err error) {
	ctx, cancel := r.db.Within(ctx)
	defer cancel()
	// The first round has no ids, and finds them. How often it takes another is bounded by the
	// timeout.
	for ids := []string(nil); ; {
		sum, err := r.readSum(ctx, schema.ScopeHome(scope), ids)
		if err != nil {
			return have, want, err
		}
		// Those that have left meanwhile do no harm: expect leaves them out. One that has come is
		// not among the records that were read.
		all := sum.components()
		if len(without(all, ids)) > 0 {
			ids = all
			continue
		}
		have := sum.stored()
		want, err := r.expect(ctx, scope, ids, without(ids, all), sum, have)
		return have, want, err
	}
}

// sumReply is what adding up a scope has asked Redis for.
type sumReply struct {
	hash            *redis.MapStringStringCmd
	groups          *redis.ZSliceCmd
	members, staged *redis.StringSliceCmd
	records         []*redis.SliceCmd
}

// readSum reads all that adding up takes, as one transaction of plain reads: a script would
// have to parse records, which none does.
func (r *recount) readSum(ctx context.Context, h schema.Home, ids []string) (sum sumReply, err error) {
	err = r.db.Atomically(ctx, func(pipe redis.Pipeliner) {
		sum = sumReply{
			hash:    pipe.HGetAll(ctx, r.db.Keys.Session(h)),
			groups:  pipe.ZRangeWithScores(ctx, r.db.Keys.Groups(h), 0, -1),
			members: pipe.ZRange(ctx, r.db.Keys.Members(h), 0, -1),
			staged:  pipe.ZRange(ctx, r.db.Keys.Staged(h), 0, -1),
		}
		for part := range slices.Chunk(ids, recountChunk) {
			names := make([]string, len(part))
			for i, id := range part {
				names[i] = r.db.Keys.Component(id)
			}
			sum.records = append(sum.records, pipe.MGet(ctx, names...))
		}
	})
	return sum, err
}

// components are the ids of those that count in the scope, each once.
func (sum *sumReply) components() []string {
	all := append(sum.members.Val(), sum.staged.Val()...)
	slices.Sort(all)
	return slices.Compact(all)
}

func (sum *sumReply) stored() stored {
	f, hash := &schema.Session, sum.hash.Val()
	have := stored{tally: schema.Tally(hash[f.Counters.Name], hash[f.Separate.Name]), groups: map[string]int{}, cabinets: map[string]bos.Tally{}}
	for _, z := range sum.groups.Val() {
		have.groups[z.Member.(string)] = int(math.Round(-z.Score))
	}
	for name, counts := range cabinetCounters(hash) {
		have.cabinets[name] = schema.Tally(counts)
	}
	return have
}

// expect adds up what the records make, but for those of components that have left. A long error is a digest in them, and its
// group's key begins with its text: that of a group that is there, or that which is kept.
func (r *recount) expect(ctx context.Context, scope bos.SessionKey, ids, left []string, sum sumReply, have stored) (want expected, err error) {
	want = expected{groups: map[string]int{}}
	var counted scopeChange // as a write would count them all
	long := map[bos.Digest]int{}
	for i, id := range ids {
		if _, gone := slices.BinarySearch(left, id); gone {
			continue
		}
		value := redisdb.Text(sum.records[i/recountChunk].Val()[i%recountChunk])
		var rec record
		digest, err := rec.decode(id, value)
		if err != nil {
			return want, err
		}
		// By what was counted and not by today's rules: records, which comes first, has seen to
		// it that they are the same.
		want.tally.Add(rec.counted, scope.Name, 1)
		counted.cabinets.of(bos.CabinetOf(id)).Add(rec.counted, scope.Name, 1)
		switch {
		case rec.counted.Session != scope.Name:
		case digest != "":
			long[digest]++
		case rec.counted.Group != "":
			want.groups[rec.counted.Group]++
		}
	}
	want.cabinets = map[string]bos.Tally{}
	for _, one := range counted.cabinets {
		want.cabinets[one.name] = one.tally
	}
	for g := range have.groups {
		if digest := bos.GroupDigest(g); long[digest] > 0 {
			want.groups[g] = long[digest]
			delete(long, digest)
		}
	}
	texts, err := r.readTexts(ctx, sortedKeys(long, always))
	for digest, text := range texts {
		want.groups[bos.GroupKey(text)] = long[digest]
	}
	return want, err
}
