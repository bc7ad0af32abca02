package cache

import (
	"context"
	"fmt"
	"math"
	"slices"
	"strconv"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/bosgraph/bosgraph/bos"
)

// ReadSessions reads sessions, each with what is wanted of it, in one round trip,
// which others may share; those that are asked for by an incarnation that no longer
// has its name take a second. Nil stands for one that is not there.
func (s *Store) ReadSessions(ctx context.Context, reads []bos.SessionRead) ([]*bos.Session, error) {
	found := make([]*bos.Session, len(reads))
	now := make([]homeRead, len(reads))
	for i, r := range reads {
		now[i] = homeRead{r, scopeHome(r.SessionKey)}
	}
	first, err := s.readHomes(ctx, now)
	if err != nil {
		return nil, err
	}
	var again []homeRead
	var where []int
	for i, r := range reads {
		switch {
		case r.Incarnation == "" || first[i] != nil && first[i].Incarnation == r.Incarnation:
			found[i] = first[i]
		default:
			again, where = append(again, homeRead{r, historyHome(r.Incarnation)}), append(where, i)
		}
	}
	past, err := s.readHomes(ctx, again)
	if err != nil {
		return nil, err
	}
	for i, at := range where {
		found[at] = past[i]
	}
	return found, s.compare(ctx, reads, found)
}

// locate finds where an incarnation lives now: nil if it is not there any more.
func (s *Store) locate(ctx context.Context, key bos.SessionKey, incarnation string) (home, *bos.Session, error) {
	for _, h := range []home{scopeHome(key), historyHome(incarnation)} {
		found, err := s.readHomes(ctx, []homeRead{{bos.SessionRead{SessionKey: key}, h}})
		if err != nil {
			return "", nil, err
		}
		if found[0] != nil && found[0].Incarnation == incarnation {
			return h, found[0], nil
		}
	}
	return historyHome(incarnation), nil, nil
}

// sessionReply is what one session's read has asked Redis for.
type sessionReply struct {
	fields []string
	hash   *redis.SliceCmd // or
	script *redis.Cmd      // with groups
	groups [2]*redis.IntCmd
	extras *redis.SliceCmd
	course *redis.StringSliceCmd
}

// readHomes reads sessions where they live; nil stands for one that is not there.
func (s *Store) readHomes(ctx context.Context, reads []homeRead) ([]*bos.Session, error) {
	if len(reads) == 0 {
		return nil, nil
	}
	replies, err := s.together(ctx, reads)
	if err != nil {
		return nil, err
	}
	now := s.options.Now()
	found := make([]*bos.Session, len(reads))
	for i, r := range reads {
		if found[i], err = replies.asked[r].session(r.SessionRead, now); err != nil {
			return nil, err
		}
		if found[i] != nil && r.Epoch && found[i].Status != nil {
			found[i].Status.Epoch = replies.epoch.Val()
		}
	}
	return found, nil
}

// ask queues what one session's read needs, and no more.
func (s *Store) ask(ctx context.Context, pipe redis.Pipeliner, r homeRead) *sessionReply {
	h := r.home
	a := &sessionReply{fields: headFields}
	if r.Status {
		a.fields = append(append([]string{}, headFields...), statusFields...)
	}
	if r.Course { // before the status: what it holds is never newer
		a.course = pipe.LRange(ctx, s.keys.course(h), 0, -1)
	}
	key := s.keys.session(h)
	switch {
	case r.Groups > 0:
		args := []any{string(s.keys), string(h), r.Groups, bos.ListLength + 1}
		for _, f := range a.fields {
			args = append(args, f)
		}
		a.script = statusScript.EvalShaRO(ctx, pipe, []string{key}, args...)
	default:
		a.hash = pipe.HMGet(ctx, key, a.fields...)
	}
	if r.GroupCount && r.Groups == 0 {
		a.groups[0] = pipe.ZCard(ctx, s.keys.groups(h))
		a.groups[1] = pipe.ZCard(ctx, s.keys.frozenGroups(h))
	}
	if r.Details || r.Initial {
		fields := []string{"limit", "error"}
		if r.Initial {
			fields = append(fields, "initial")
		}
		a.extras = pipe.HMGet(ctx, s.keys.extras(h), fields...)
	}
	return a
}

// session makes what was asked for of the replies.
func (a *sessionReply) session(r bos.SessionRead, now time.Time) (*bos.Session, error) {
	hash := sessionHash{}
	var groups []bos.ErrorGroup
	var groupCount int64
	if a.script != nil {
		reply, err := a.script.Slice()
		if err != nil {
			return nil, explain(err)
		}
		hash.fill(a.fields, reply[0].([]any))
		groupCount = reply[1].(int64)
		if groups, err = parseGroups(reply[2:]); err != nil {
			return nil, err
		}
	} else {
		hash.fill(a.fields, a.hash.Val())
	}
	found := hash.session(r.SessionKey)
	if found == nil {
		return nil, nil
	}
	if a.extras != nil {
		v := append(slices.Clip(a.extras.Val()), nil) // others look at the same reply
		found.Details = &bos.SessionDetails{Limit: text(v[0]), Error: text(v[1]), InitialComponents: text(v[2])}
	}
	if r.Status {
		st := hash.status(found, now)
		st.Errors, st.GroupCount = groups, int(groupCount)
		if a.groups[0] != nil {
			which := 0
			if st.FromSnapshot {
				which = 1
			}
			st.GroupCount = int(a.groups[which].Val())
		}
		if a.course != nil {
			var err error
			if st.Course, err = courseOf(a.course.Val(), st); err != nil {
				return nil, err
			}
		}
		found.Status = st
	}
	return found, nil
}

// parseGroups reads the groups of the status script's answer.
func parseGroups(reply []any) ([]bos.ErrorGroup, error) {
	groups := make([]bos.ErrorGroup, 0, len(reply))
	for _, one := range reply {
		g := one.([]any)
		score, err := strconv.ParseFloat(text(g[1]), 64)
		digest, message, whole := bos.ParseGroupKey(text(g[0]))
		if err != nil || digest == "" {
			return nil, fmt.Errorf("the stored error group %q can't be read", g[0])
		}
		if !whole {
			message = text(g[2])
		}
		group := bos.ErrorGroup{Digest: digest, Message: message, Count: int(math.Round(-score))}
		for _, entry := range g[3].([]any) {
			group.First = append(group.First, entryID(text(entry)))
		}
		groups = append(groups, group)
	}
	return groups, nil
}
