package cache

import (
	"strconv"
	"strings"

	"github.com/redis/go-redis/v9"

	"github.com/bosgraph/bosgraph/bos"
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

// timing are the commands that count the stays of a scope, by their number of words, and how many they are.
func (sc *scopeChange) timing() (commands []string, n int) {
	by := make(map[string]int, len(sc.stays))
	for one, count := range sc.stays {
		by[schema.PhaseTime(one.phase, one.seconds)] = count
	}
	for _, member := range sortedKeys(by, always) {
		commands = append(commands, "3", "ZINCRBY", strconv.Itoa(by[member]), member)
	}
	for _, phase := range sortedKeys(sc.longest, always) {
		commands = append(commands, "4", "ZADD", "GT", strconv.FormatInt(sc.longest[phase], 10), string(phase))
	}
	return commands, len(by) + len(sc.longest)
}

// durationsOf makes of the times of phases what is shown of them.
func durationsOf(members []redis.Z) []bos.PhaseDuration {
	of := map[bos.Phase]*bos.PhaseTimes{}
	for _, z := range members {
		phase, start, isBucket := strings.Cut(z.Member.(string), " ")
		t := of[bos.Phase(phase)]
		if t == nil {
			t = &bos.PhaseTimes{Phase: bos.Phase(phase), Stays: map[int64]int{}}
			of[t.Phase] = t
		}
		if second, err := strconv.ParseInt(start, 10, 64); isBucket && err == nil {
			t.Stays[second] = int(z.Score)
		} else {
			t.Longest = int64(z.Score)
		}
	}
	var all []bos.PhaseDuration
	for _, phase := range bos.TimedPhases {
		if t := of[phase]; t != nil {
			all = append(all, t.Duration())
		}
	}
	return all
}
