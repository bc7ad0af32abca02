package cache

import (
	"context"
	"fmt"
	"math"
	"strconv"
	"strings"

	"github.com/redis/go-redis/v9"

	"github.com/bosgraph/bosgraph/bos"
)

// sums verifies the counters and error groups of every scope.
func (r *recount) sums(ctx context.Context) error {
	scopes := map[string]bool{}
	for _, kind := range []string{"s:", "m:", "st:", "g:"} {
		if err := r.scan(ctx, kind+"*", 0, func(found []string, _ uint64) error {
			for _, key := range found {
				if scope := strings.TrimPrefix(key, string(r.keys)+kind); !strings.HasPrefix(scope, "@") {
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
// whatever is counted meanwhile, so it is mended by taking the offset away; two
// repairs at a time would take it away twice, and guard against each other.
func (r *recount) verifySums(ctx context.Context, scope bos.SessionKey) error {
	repairs, err := r.client.HGet(ctx, r.keys.meta(), fieldRepairs).Result()
	if err != nil && err != redis.Nil {
		return explain(err)
	}
	have, want, err := r.addUp(ctx, scope)
	if err != nil {
		return err
	}
	h := scopeHome(scope)
	c := r.newChange()
	c.guards = []guard{{r.keys.meta(), fieldRepairs, repairs}}
	c.do("HINCRBY", r.keys.meta(), fieldRepairs, "1")
	wrong := 0
	for i, n := range counters(&want.tally) {
		field := counterFields[i]
		if off := n - have.counters[field]; off != 0 {
			wrong++
			r.found(r.keys.session(h), fmt.Sprintf("counts %s = %d instead of %d", field, have.counters[field], n))
			c.do("HINCRBY", r.keys.session(h), field, strconv.Itoa(off))
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
		r.found(r.keys.groups(h), fmt.Sprintf("has an error group of %d instead of %d", have.groups[g], want.groups[g]))
	}
	c.regroup(r.keys.groups(h), off)
	if wrong == 0 {
		return nil
	}
	to := c.scope(h) // who watches the session is to read it again
	to.check = true
	return r.mend(ctx, c)
}

// fieldRepairs of meta counts the repairs of sums.
const fieldRepairs = "repairs"

type stored struct {
	counters map[string]int
	groups   map[string]int
}

type expected struct {
	tally  bos.Tally
	groups map[string]int
}

// recountPatience is how much longer than any other exchange adding up a session
// may take: it reads all of its components.
const recountPatience = 30

// addUp reads what is stored for a scope, and what its components make, as of one
// moment.
func (r *recount) addUp(ctx context.Context, scope bos.SessionKey) (have stored, want expected, err error) {
	ctx, cancel := context.WithTimeout(ctx, recountPatience*r.options.Timeout)
	defer cancel()
	h := scopeHome(scope)
	args := []any{string(r.keys), string(h), scope.Name}
	for _, f := range counterFields {
		args = append(args, f)
	}
	reply, err := sumsScript.RunRO(ctx, r.client, []string{r.keys.session(h)}, args...).Slice()
	if err != nil {
		return have, want, explain(err)
	}
	have = stored{counters: map[string]int{}, groups: map[string]int{}}
	want = expected{groups: map[string]int{}}
	for i, v := range reply[0].([]any) {
		have.counters[counterFields[i]], _ = strconv.Atoi(text(v)) // absent: 0
	}
	keyOf := map[bos.Digest]string{} // a long error's group, by its digest
	if err := inPairs(reply[1], func(g string, score float64) error {
		have.groups[g] = int(math.Round(-score))
		digest, _, _ := bos.ParseGroupKey(g)
		keyOf[digest] = g
		return nil
	}); err != nil {
		return have, want, err
	}
	if err := inPairs(reply[2], func(marks string, n float64) error {
		m, err := strconv.ParseUint(marks, 10, 8)
		want.tally.Add(bos.Counting{Session: scope.Name, Marks: bos.Marks(m)}, scope.Name, int(n))
		return err
	}); err != nil {
		return have, want, err
	}
	staged, _ := strconv.Atoi(text(reply[4]))
	want.tally.Add(bos.Counting{Staged: scope.Name}, scope.Name, staged)
	want.tally.Both, _ = strconv.Atoi(text(reply[5]))
	err = inPairs(reply[3], func(e string, n float64) error {
		group := bos.GroupKey(e[1:])
		if e[0] == 'L' {
			var ok bool
			if group, ok = keyOf[bos.Digest(e[1:])]; !ok {
				texts, err := r.readTexts(ctx, []bos.Digest{bos.Digest(e[1:])})
				if err != nil {
					return err
				}
				group = bos.GroupKey(texts[bos.Digest(e[1:])])
			}
		}
		want.groups[group] = int(n)
		return nil
	})
	return have, want, err
}

// inPairs visits the names and numbers of a flat reply.
func inPairs(reply any, visit func(name string, n float64) error) error {
	list := reply.([]any)
	for i := 0; i+1 < len(list); i += 2 {
		n, err := strconv.ParseFloat(text(list[i+1]), 64)
		if err != nil {
			return err
		}
		if err := visit(text(list[i]), n); err != nil {
			return err
		}
	}
	return nil
}
