package cache

import (
	"context"
	"strconv"
	"strings"

	"github.com/redis/go-redis/v9"

	"github.com/bosgraph/bosgraph/bos"
	"github.com/bosgraph/bosgraph/cache/internal/redisdb"
	"github.com/bosgraph/bosgraph/cache/internal/schema"
)

// phaseSinceThen is since when the component is in its timed phase, in its session, once n takes the place of r.
func (r *record) phaseSinceThen(n *record, now string) string {
	switch phase := n.component.TimedPhase(); {
	case !n.present || phase == bos.PhaseNone:
		return ""
	case !r.present || r.component.TimedPhase() != phase || r.component.Session != n.component.Session:
		return now
	}
	return r.phaseSince
}

// phaseStay is one in a phase that has ended.
type phaseStay struct {
	phase   bos.Phase
	seconds int64
}

// ended is the stay that ends when n takes the place of r, if one does whose begin is known.
func (r *record) ended(n *record, now int64) (phaseStay, bool) {
	phase := r.component.TimedPhase()
	if !r.present || phase == bos.PhaseNone ||
		n.present && n.component.TimedPhase() == phase && n.component.Session == r.component.Session {
		return phaseStay{}, false
	}
	since, err := strconv.ParseInt(r.phaseSince, 10, 64)
	return phaseStay{phase, max(now-since, 0)}, err == nil
}

// stayed notes a stay.
func (sc *scopeChange) stayed(one phaseStay) {
	if sc.stays == nil {
		sc.stays, sc.longest = map[phaseStay]int{}, map[bos.Phase]int64{}
	}
	sc.stays[phaseStay{one.phase, bos.TimeBucket(one.seconds)}]++
	sc.longest[one.phase] = max(sc.longest[one.phase], one.seconds)
}

// timing are how long the longest stays of a scope were, by their fields, and how many there were, by their members.
func (sc *scopeChange) timing() (longest, stays string) {
	var fields []string
	for _, phase := range sortedKeys(sc.longest, always) {
		fields = append(fields, schema.LongestStays[phase], strconv.FormatInt(sc.longest[phase], 10))
	}
	by := make(map[string]int, len(sc.stays))
	for one, count := range sc.stays {
		by[schema.PhaseTime(one.phase, one.seconds)] = count
	}
	var members []string
	for _, member := range sortedKeys(by, always) {
		members = append(members, member, strconv.Itoa(by[member]))
	}
	return strings.Join(fields, " "), strings.Join(members, " ")
}

// phaseTimesReply is what the times of phases are made of.
type phaseTimesReply struct {
	stays   *redis.ZSliceCmd
	longest *redis.SliceCmd // by bos.TimedPhases
}

func (s *Store) askPhaseTimes(ctx context.Context, pipe redis.Pipeliner, h schema.Home) *phaseTimesReply {
	fields := make([]string, len(bos.TimedPhases))
	for i, phase := range bos.TimedPhases {
		fields[i] = schema.LongestStays[phase]
	}
	return &phaseTimesReply{pipe.ZRangeWithScores(ctx, s.db.Keys.PhaseTimes(h), 0, -1), pipe.HMGet(ctx, s.db.Keys.Session(h), fields...)}
}

// durations is what is shown of them.
func (a *phaseTimesReply) durations() []bos.PhaseDuration {
	of := map[bos.Phase]*bos.PhaseTimes{}
	for _, z := range a.stays.Val() {
		phase, start, _ := strings.Cut(z.Member.(string), " ")
		second, err := strconv.ParseInt(start, 10, 64)
		if err != nil {
			continue
		}
		t := of[bos.Phase(phase)]
		if t == nil {
			t = &bos.PhaseTimes{Phase: bos.Phase(phase), Stays: map[int64]int{}}
			of[t.Phase] = t
		}
		t.Stays[second] = int(z.Score)
	}
	var all []bos.PhaseDuration
	for i, phase := range bos.TimedPhases {
		if t := of[phase]; t != nil {
			t.Longest, _ = strconv.ParseInt(redisdb.Text(a.longest.Val()[i]), 10, 64) // Redis has it of us
			all = append(all, t.Duration())
		}
	}
	return all
}
