package cache

import (
	"strconv"

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

// ended is the stay that ends when n takes the place of r, if one does whose begin is known.
func (r *record) ended(n *record, now int64) (schema.PhaseStay, bool) {
	phase := r.component.TimedPhase()
	if !r.present || phase == bos.PhaseNone ||
		n.present && n.component.TimedPhase() == phase && n.component.Session == r.component.Session {
		return schema.PhaseStay{}, false
	}
	since, err := strconv.ParseInt(r.phaseSince, 10, 64)
	return schema.PhaseStay{Phase: phase, Seconds: max(now-since, 0)}, err == nil
}

// durationsOf are the times in phases that the hash of a session has.
func durationsOf(hash map[string]string) (all []bos.PhaseDuration) {
	for _, phase := range bos.TimedPhases {
		if d := schema.PhaseTimes(phase, hash).Duration(); d.Count > 0 {
			all = append(all, d)
		}
	}
	return all
}
