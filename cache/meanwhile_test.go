package cache

import (
	"context"
	"sync/atomic"

	"github.com/redis/go-redis/v9"
)

// meanwhile runs a change between two exchanges of a store with Redis.
type meanwhile struct {
	left atomic.Int64 // exchanges until then; none is armed at 0 and below
	do   func()
}

func (b *meanwhile) DialHook(next redis.DialHook) redis.DialHook { return next }

func (b *meanwhile) ProcessHook(next redis.ProcessHook) redis.ProcessHook {
	return func(ctx context.Context, cmd redis.Cmder) error {
		defer b.exchanged()
		return next(ctx, cmd)
	}
}

func (b *meanwhile) ProcessPipelineHook(next redis.ProcessPipelineHook) redis.ProcessPipelineHook {
	return func(ctx context.Context, cmds []redis.Cmder) error {
		defer b.exchanged()
		return next(ctx, cmds)
	}
}

func (b *meanwhile) exchanged() {
	if b.left.Add(-1) == 0 {
		b.do()
	}
}

// after has the suite's store run a change, once, behind so many of its exchanges with Redis from now on. The change is made by another
// store, and the next call disarms what has not run.
func (s *suite) after(exchanges int, do func()) {
	s.Helper()
	if s.meanwhile == nil {
		s.meanwhile = &meanwhile{}
		s.store.db.Client.AddHook(s.meanwhile)
	}
	s.meanwhile.do = do
	s.meanwhile.left.Store(int64(exchanges))
}
