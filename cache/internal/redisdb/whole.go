package redisdb

import (
	"context"
	"slices"

	"github.com/redis/go-redis/v9"

	"github.com/bosgraph/bosgraph/bos"
	"github.com/bosgraph/bosgraph/cache/internal/schema"
)

// While a Redis Cluster moves a slot, some of its keys are on one node and the rest on
// another. What needs several of them is refused with TRYAGAIN, also where one of
// them does not exist at all. Writes wait for the end, see lua/write.lua and
// [persistence]. Reads go key by key, each to wherever that key is by now.
//
// A Redis that is out of memory refuses a transaction, whatever it is made of. Commands that need no memory it
// takes one by one.

// SlotMoves says that a command was refused because its keys are on two nodes.
func SlotMoves(err error) bool { return redis.HasErrorPrefix(err, "TRYAGAIN") }

// Whole reads what is on one node as usual, and key by key for as long as it is on two or Redis is out of memory.
func (db *DB) Whole(ctx context.Context, usual, singly func(context.Context) error) (err error) {
	for range attempts {
		if err = usual(ctx); !SlotMoves(err) && bos.ReasonOf(err) != bos.RedisOutOfMemory {
			return err
		}
		if same, err := db.bracketed(ctx, singly); same || err != nil {
			return err
		}
	}
	return err
}

// bracketed calls read, which reads keys one by one, and says whether what it has found
// is of one moment: the revision of the namespace, which every write raises, is the
// same before and after. While the slot moves no write comes between, and rarely one while memory is full.
func (db *DB) bracketed(ctx context.Context, read func(context.Context) error) (same bool, err error) {
	before, err := db.Client.HMGet(ctx, db.Keys.Meta(), schema.Meta.Epoch.Name, schema.Meta.Revision.Name).Result()
	if err != nil {
		return false, Explain(err)
	}
	if err = read(ctx); err != nil {
		return false, err
	}
	after, err := db.Client.HMGet(ctx, db.Keys.Meta(), schema.Meta.Epoch.Name, schema.Meta.Revision.Name).Result()
	return err == nil && slices.Equal(before, after), Explain(err)
}

// Values reads strings as of one moment; "" stands for one that is not there.
func (db *DB) Values(ctx context.Context, names []string) ([]string, error) {
	values := make([]string, len(names))
	return values, db.Whole(ctx, func(ctx context.Context) error {
		args := make([]any, 1, 1+len(names))
		args[0] = "mget"
		for _, name := range names {
			args = append(args, name)
		}
		reply, err := db.do(ctx, args)
		if err != nil {
			return Explain(err)
		}
		for i, v := range reply.([]any) {
			values[i] = Text(v)
		}
		return nil
	}, func(ctx context.Context) error {
		single := make([]*redis.StringCmd, len(names))
		err := db.Pipelined(ctx, func(pipe redis.Pipeliner) {
			for i, name := range names {
				single[i] = pipe.Get(ctx, name)
			}
		})
		for i, one := range single {
			values[i] = one.Val()
		}
		return err
	})
}
