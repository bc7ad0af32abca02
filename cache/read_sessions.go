package cache

import (
	"cmp"
	"context"
	"fmt"
	"math"
	"slices"
	"strconv"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/bosgraph/bosgraph/bos"
	"github.com/bosgraph/bosgraph/cache/internal/redisdb"
	"github.com/bosgraph/bosgraph/cache/internal/schema"
	"github.com/bosgraph/bosgraph/cache/lua"
)

// ReadSessions reads sessions, each with what is wanted of it, in one round trip,
// which others may share; those that are asked for by an incarnation that no longer
// has its name take a second. Nil stands for one that is not there.
func (s *Store) ReadSessions(ctx context.Context, reads []bos.SessionRead) ([]*bos.Session, error) {
	if n, err := s.firstSessions(ctx, reads); err != nil || n < len(reads) {
		return nil, cmp.Or(err, tooMany())
	}
	return s.readSessions(ctx, reads)
}

// readSessions is ReadSessions of what there is room for.
func (s *Store) readSessions(ctx context.Context, reads []bos.SessionRead) ([]*bos.Session, error) {
	found := make([]*bos.Session, len(reads))
	now := make([]homeRead, len(reads))
	for i, r := range reads {
		now[i] = homeRead{r, schema.ScopeHome(r.SessionKey), textsEach(ctx, r, len(reads))}
	}
	first, err := s.readHomes(ctx, now)
	if err != nil {
		return nil, err
	}
	// An incarnation that does not have its name any more lives at a home of its own. Most do,
	// so that is asked for only where the first answer shows that it has to be.
	var again []homeRead
	var where []int
	for i, r := range reads {
		switch {
		case r.Incarnation == "" || first[i] != nil && first[i].Incarnation == r.Incarnation:
			found[i] = first[i]
		default:
			again, where = append(again, homeRead{r, schema.HistoryHome(r.Incarnation), textsEach(ctx, r, len(reads))}), append(where, i)
		}
	}
	past, err := s.readHomes(ctx, again)
	if err != nil {
		return nil, err
	}
	for i, at := range where {
		found[at] = past[i]
	}
	if err := holdSessions(ctx, found); err != nil {
		return nil, err
	}
	return found, s.compare(ctx, reads, found)
}

// locate finds where an incarnation lives now: nil if it is not there any more.
func (s *Store) locate(ctx context.Context, key bos.SessionKey, incarnation string) (schema.Home, *bos.Session, error) {
	// In this order: a session only ever moves from its name to its history. Asked the other
	// way round, one that moved in between would be at neither.
	for _, h := range []schema.Home{schema.ScopeHome(key), schema.HistoryHome(incarnation)} {
		found, err := s.readHomes(ctx, []homeRead{{bos.SessionRead{SessionKey: key, Want: bos.Want{Status: true, Epoch: true}}, h, 0}})
		if err != nil {
			return "", nil, err
		}
		if found[0] != nil && found[0].Incarnation == incarnation {
			return h, found[0], nil
		}
	}
	return schema.HistoryHome(incarnation), nil, nil
}

// sessionReply is what one session's read has asked Redis for. Others that joined the round
// trip read the same replies, so nothing here is changed.
type sessionReply struct {
	fields   []string
	hash     *redis.StringSliceCmd // or
	script   *redis.Cmd            // with groups
	groups   [2]*redis.IntCmd
	extras   *redis.SliceCmd
	progress *redis.StringSliceCmd

	whole          *redis.MapStringStringCmd // the hash again, with the packed counters: nobody knows their fields before
	frozenCabinets *redis.MapStringStringCmd
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
		if found[i], err = replies.of(r).session(r.SessionRead, now); err != nil {
			return nil, err
		}
		if found[i] != nil {
			s.monitor.suspect(found[i].Status)
		}
		if found[i] != nil && r.Epoch && found[i].Status != nil {
			found[i].Status.Epoch = replies.epoch.Val()
		}
	}
	return found, nil
}

// ask queues what one session's read needs, and no more. It begins again each time, as a pipeline
// that fails is built again.
func (s *Store) ask(ctx context.Context, pipe redis.Pipeliner, r homeRead, a *asked) {
	h := r.home
	r.Without = a.without
	list := fieldsRead(r.Want)
	a.sessionReply = sessionReply{fields: list.names}
	if r.Progress { // before the status: what it holds is never newer
		a.progress = pipe.LRange(ctx, s.db.Keys.Progress(h), 0, -1)
	}
	key := s.db.Keys.Session(h)
	switch {
	case r.Groups > 0:
		args := []any{r.GroupsFrom, r.GroupsFrom + r.Groups - 1, bos.ListLength + 1, r.texts}
		a.script = lua.Status.EvalShaRO(ctx, pipe, s.db.Keys.StatusKeys(h), append(args, list.words...)...)
	default:
		// Not a SliceCmd, which puts each value into an interface of its own.
		a.hash = redis.NewStringSliceCmd(ctx, append([]any{"hmget", key}, list.words...)...)
		_ = pipe.Process(ctx, a.hash) // queues it
	}
	// Live and frozen ones: which of them count is known only when the hash is there, and
	// asking for both costs less than another round trip.
	if r.GroupCount && r.Groups == 0 {
		a.groups[0] = pipe.ZCard(ctx, s.db.Keys.Groups(h))
		a.groups[1] = pipe.ZCard(ctx, s.db.Keys.FrozenGroups(h))
	}
	if r.Cabinets {
		a.frozenCabinets = pipe.HGetAll(ctx, s.db.Keys.FrozenCabinets(h))
	}
	if r.Cabinets || r.PhaseTimes {
		a.whole = pipe.HGetAll(ctx, key)
	}
	if r.Details || r.Initial {
		// A list of initial components can be as long as a system; it is left where it is
		// unless it is selected itself.
		fields := []string{schema.Extras.Limit.Name, schema.Extras.Error.Name}
		if r.Initial {
			fields = append(fields, schema.Extras.Initial.Name, schema.Extras.Shape.Name)
		}
		a.extras = pipe.HMGet(ctx, s.db.Keys.Extras(h), fields...)
	}
}

// session makes what was asked for of the replies.
func (a *sessionReply) session(r bos.SessionRead, now time.Time) (*bos.Session, error) {
	hash := sessionHash{fields: a.fields}
	if !separate(r.Want) {
		hash.without = r.Without // by what this caller wants: others may have had more read
	}
	var groups []bos.ErrorGroup
	var groupCount int64
	var saved string
	if a.script != nil {
		reply, err := a.script.Slice()
		if err != nil {
			return nil, redisdb.Explain(err)
		}
		hash.values = redisdb.Texts(reply[0].([]any))
		groupCount, saved = reply[1].(int64), redisdb.Text(reply[2])
		if groups, err = parseGroups(reply[3:]); err != nil {
			return nil, err
		}
	} else {
		hash.values = a.hash.Val()
	}
	found := hash.session(r.SessionKey)
	if found == nil {
		return nil, nil
	}
	if a.extras != nil {
		v := append(slices.Clip(a.extras.Val()), nil, nil) // others look at the same reply
		shape, err := decodeShape(redisdb.Text(v[3]))
		if err != nil {
			return nil, err
		}
		found.Details = &bos.SessionDetails{Limit: redisdb.Text(v[0]), Error: redisdb.Text(v[1]), InitialComponents: redisdb.Text(v[2]), Shape: shape}
	}
	if r.Status {
		st, err := hash.status(found, now)
		if err != nil {
			return nil, err
		}
		st.Errors, st.GroupCount = groups, int(groupCount)
		// The script stops at a number of bytes. That it has is shown only by its groups being
		// fewer than there are.
		st.ErrorsCut = a.script != nil && len(groups) < min(r.Groups, st.GroupCount-r.GroupsFrom)
		which := 0
		if st.FromSnapshot {
			which = 1
		}
		if a.groups[which] != nil {
			st.GroupCount = int(a.groups[which].Val())
		}
		if a.frozenCabinets != nil {
			counters := a.frozenCabinets.Val()
			if !st.FromSnapshot {
				counters = cabinetCounters(a.whole.Val())
			}
			st.ByCabinet = cabinetsOf(counters)
		}
		if r.PhaseTimes {
			st.PhaseDurations = durationsOf(a.whole.Val())
		}
		if st.Saved != nil { // BOS's own words come first; our counts stay beside them
			st.GroupCount, st.Saved.Text, st.ErrorsCut = st.Saved.GroupCount, saved, false
			if st.Errors = nil; saved != "" {
				if st.Errors, err = st.Saved.Groups(r.Groups); err != nil {
					return nil, err
				}
			}
		}
		if a.progress != nil {
			if st.Progress, err = progressOf(a.progress.Val(), st); err != nil {
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
		score, err := strconv.ParseFloat(redisdb.Text(g[1]), 64)
		digest, message, whole := bos.ParseGroupKey(redisdb.Text(g[0]))
		if err != nil || digest == "" {
			return nil, fmt.Errorf("the stored error group %q can't be read", g[0])
		}
		if !whole {
			// A long message is cut in the key of its group, and is stored once beside it.
			message = redisdb.Text(g[2])
		}
		group := bos.ErrorGroup{Digest: digest, Message: message, Count: int(math.Round(-score))}
		for _, entry := range g[3].([]any) {
			group.First = append(group.First, schema.EntryID(redisdb.Text(entry)))
		}
		groups = append(groups, group)
	}
	return groups, nil
}
