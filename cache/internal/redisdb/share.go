package redisdb

import (
	"context"

	"github.com/redis/go-redis/v9"

	"github.com/bosgraph/bosgraph/internal/coalesce"
)

// What shares a round trip: reads of few records. Longer ones would keep the others waiting, and gain nothing.
const (
	maxShared   = 8 << 10 // bytes of one command
	maxExchange = 64      // commands of one round trip
)

// exchange is one round trip of commands of several callers.
type exchange struct{ all []*shared }

// shared is one command of an exchange. Its caller may have given up.
type shared struct {
	ctx context.Context // of its caller
	cmd *redis.Cmd
}

// exchanges are of one key: one at a time is under way.
type exchanges = coalesce.Runs[struct{}, *exchange]

// do sends one command and returns its reply. Small ones that come while others are under way
// go together in the next round trip. There each is what it is alone: it has its own reply or
// error, and the order among them is none. Redis' own errors are
// returned as they are. If ctx ends before the reply, the command may be executed or not.
func (db *DB) do(ctx context.Context, args []any) (any, error) {
	one := &shared{ctx, redis.NewCmd(ctx, args...)}
	alone := func() { _ = db.Client.Process(ctx, one.cmd) } // the command has the error
	if size(args) > maxShared {
		alone()
	} else if !db.exchanges.Add(ctx, struct{}{},
		func(e *exchange) bool { return e.admit(one) }, func() *exchange { return &exchange{[]*shared{one}} },
		alone, func(e *exchange) { e.send(db) }) {
		return nil, ctx.Err() // and the command is the exchange's
	}
	return one.cmd.Result()
}

func (e *exchange) admit(one *shared) bool {
	if len(e.all) == maxExchange {
		return false
	}
	e.all = append(e.all, one)
	return true
}

// send sends the commands whose callers still wait. It has a time of its own: one caller that
// gives up takes nothing from the others.
func (e *exchange) send(db *DB) {
	ctx, cancel := db.Within(context.Background())
	defer cancel()
	pipe := db.Client.Pipeline()
	for _, one := range e.all {
		if err := one.ctx.Err(); err != nil {
			one.cmd.SetErr(err) // without, it would look answered if its caller sees the end first
		} else {
			_ = pipe.Process(ctx, one.cmd) // only queues it
		}
	}
	commands, err := pipe.Exec(ctx)
	if err == nil || err == redis.Nil || firstError(commands) != nil {
		return // each command has its own
	}
	for _, cmd := range commands { // nothing was sent at all
		cmd.SetErr(err)
	}
}

// size is about how many bytes a command has.
func size(args []any) (n int) {
	for _, a := range args {
		if text, ok := a.(string); ok {
			n += len(text)
		}
	}
	return n
}
