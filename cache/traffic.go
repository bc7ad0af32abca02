package cache

import (
	"context"
	"errors"
	"time"

	"github.com/redis/go-redis/v9"
)

// observer is a hook of the client that reports each exchange: a command by itself, or a pipeline.
type observer func(took time.Duration, failed bool)

// DialHook implements [redis.Hook]. A command that waits for a connection takes that time, too.
func (o observer) DialHook(next redis.DialHook) redis.DialHook { return next }

// ProcessHook implements [redis.Hook].
func (o observer) ProcessHook(next redis.ProcessHook) redis.ProcessHook {
	return func(ctx context.Context, cmd redis.Cmder) error {
		began := time.Now()
		err := next(ctx, cmd)
		o.saw(began, err)
		return err
	}
}

// ProcessPipelineHook implements [redis.Hook].
func (o observer) ProcessPipelineHook(next redis.ProcessPipelineHook) redis.ProcessPipelineHook {
	return func(ctx context.Context, cmds []redis.Cmder) error {
		began := time.Now()
		err := next(ctx, cmds)
		o.saw(began, err)
		return err
	}
}

// saw reports an exchange. An error that Redis sent is an answer, and a caller that has given up
// says nothing of Redis.
func (o observer) saw(began time.Time, err error) {
	var answer redis.Error
	answered := err == nil || errors.As(err, &answer)
	if !answered && errors.Is(err, context.Canceled) {
		return
	}
	o(time.Since(began), !answered)
}

// Traffic is what a store and Redis have to do with each other.
type Traffic struct {
	Connections, Idle int   // to Redis, and those of them that wait for work
	Waits             int64 // for a connection that ended without one
	Conflicts         int64 // writes that were decided again, because others came between

	Memory, MemoryLimit int64 // bytes that Redis uses and may use, as WatchRedis has seen them; a limit of 0 is none
}

// Traffic returns it, of this store and those that [Store.During] has made of it.
func (s *Store) Traffic() Traffic {
	pool := s.db.Client.PoolStats()
	return Traffic{
		Connections: int(pool.TotalConns), Idle: int(pool.IdleConns), Waits: int64(pool.Timeouts), Conflicts: s.conflicts.Load(),
		Memory: s.monitor.used.Load(), MemoryLimit: s.monitor.limit.Load(),
	}
}

// CountSessions returns how many sessions are stored, and how many of these change no more.
func (s *Store) CountSessions(ctx context.Context) (stored, frozen int, err error) {
	var all, ended *redis.IntCmd
	err = s.db.Pipelined(ctx, func(pipe redis.Pipeliner) {
		all, ended = pipe.ZCard(ctx, s.db.Keys.Sessions()), pipe.ZCard(ctx, s.db.Keys.Frozen())
	})
	if err != nil {
		return 0, 0, err
	}
	return int(all.Val()), int(ended.Val()), nil
}
