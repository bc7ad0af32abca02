package cache

import (
	"context"
	"strconv"

	"github.com/redis/go-redis/v9"

	"github.com/bosgraph/bosgraph/bos"
	"github.com/bosgraph/bosgraph/cache/internal/schema"
)

// sendSingly is what [Store.send] does otherwise with the status script: the same
// answers, of commands on one key each.
func (s *Store) sendSingly(ctx context.Context, r *round) error {
	// Two round trips in place of a script: which members there are to ask for is known when
	// the groups are. Whether they are of one moment is for the caller to find out.
	plain := make(map[*asked]*groupsReply, len(r.asked))
	err := s.db.Pipelined(ctx, func(pipe redis.Pipeliner) {
		r.epoch = pipe.HGet(ctx, s.db.Keys.Meta(), schema.Meta.Epoch.Name)
		for _, a := range r.asked {
			without := a.read
			without.Groups = 0
			s.ask(ctx, pipe, without, a)
			if a.read.Groups > 0 {
				plain[a] = s.askGroups(ctx, pipe, a.read)
			}
		}
	})
	if err != nil {
		return err
	}
	err = s.db.Pipelined(ctx, func(pipe redis.Pipeliner) {
		for _, g := range plain {
			s.askMembers(ctx, pipe, g)
		}
	})
	for a, g := range plain {
		a.script = redis.NewCmdResult(g.reply(argumentsOf(a.hash.Val())), nil)
	}
	return err
}

// groupsReply is what lua/status.lua answers besides the fields of a session, in
// the making.
//
// Live and frozen groups are both asked for, as one round trip cannot depend on whether the
// session is frozen.
type groupsReply struct {
	frozenAt *redis.StringCmd
	saved    *redis.StringCmd
	live     groupList
	frozen   groupList
	texts    []*redis.StringCmd
	members  []*redis.StringSliceCmd
}

// groupList are the largest groups of a session, live or frozen.
type groupList struct {
	members string // the key of their members
	count   *redis.IntCmd
	top     *redis.ZSliceCmd
}

// askGroups asks for both lists of groups and for what decides which of them is shown.
func (s *Store) askGroups(ctx context.Context, pipe redis.Pipeliner, r homeRead) *groupsReply {
	list := func(groups, members string) groupList {
		return groupList{members, pipe.ZCard(ctx, groups), pipe.ZRangeWithScores(ctx, groups, int64(r.GroupsFrom), int64(r.GroupsFrom+r.Groups)-1)}
	}
	return &groupsReply{
		frozenAt: pipe.HGet(ctx, s.db.Keys.Session(r.home), schema.Session.FrozenAt.Name),
		saved:    pipe.HGet(ctx, s.db.Keys.Extras(r.home), schema.Extras.Saved.Name),
		live:     list(s.db.Keys.Groups(r.home), s.db.Keys.Errors(r.home)),
		frozen:   list(s.db.Keys.FrozenGroups(r.home), s.db.Keys.FrozenErrors(r.home)),
	}
}

// shown are the groups that the status is made of.
func (g *groupsReply) shown() groupList {
	if g.frozenAt.Val() != "" {
		return g.frozen
	}
	return g.live
}

// askMembers asks for the texts and members of the groups that are shown. It begins again each
// time, as a pipeline that fails is built again.
func (s *Store) askMembers(ctx context.Context, pipe redis.Pipeliner, g *groupsReply) {
	shown := g.shown()
	g.texts, g.members = nil, nil
	for _, z := range shown.top.Val() {
		digest := bos.GroupDigest(z.Member.(string))
		of := index{prefix: string(digest) + " "}
		g.texts = append(g.texts, pipe.HGet(ctx, s.db.Keys.Texts(), string(digest)))
		g.members = append(g.members, pipe.ZRangeByLex(ctx, shown.members, &redis.ZRangeBy{
			Min: "[" + of.prefix, Max: "(" + of.end(), Count: bos.ListLength + 1,
		}))
	}
}

// reply has the form of the script's.
func (g *groupsReply) reply(fields []any) []any {
	shown := g.shown()
	reply := []any{fields, shown.count.Val(), ""}
	if g.frozenAt.Val() != "" {
		reply[2] = g.saved.Val()
	}
	for i, z := range shown.top.Val() {
		var members []any
		for _, m := range g.members[i].Val() {
			members = append(members, m)
		}
		reply = append(reply, []any{z.Member, strconv.FormatFloat(z.Score, 'f', -1, 64), g.texts[i].Val(), members})
	}
	return reply
}
