package cache

import (
	"context"
	_ "embed"
	"strings"

	"github.com/redis/go-redis/v9"
)

//go:embed lua/write.lua
var writeSource string

//go:embed lua/status.lua
var statusSource string

//go:embed lua/sums.lua
var sumsSource string

//go:embed lua/lease.lua
var leaseSource string

var (
	writeScript  = redis.NewScript(writeSource)
	statusScript = redis.NewScript(statusSource)
	sumsScript   = redis.NewScript(sumsSource)
	leaseScript  = redis.NewScript(leaseSource)
)

// pipelined sends everything that fill queues in one round trip. A Redis that
// does not know the scripts (yet, or after a restart) is taught them, and the
// reading is done again. Errors of single commands are left to those commands.
func (s *Store) pipelined(ctx context.Context, fill func(redis.Pipeliner)) error {
	ctx, cancel := context.WithTimeout(ctx, s.options.Timeout)
	defer cancel()
	for taught := false; ; taught = true {
		pipe := s.client.Pipeline()
		fill(pipe)
		if pipe.Len() == 0 {
			return nil
		}
		commands, err := pipe.Exec(ctx)
		if err == redis.Nil {
			err = firstError(commands)
		}
		if err == nil || taught || !strings.HasPrefix(err.Error(), "NOSCRIPT") {
			return explain(err)
		}
		if err := s.teach(ctx); err != nil {
			return err
		}
	}
}

// atomically sends what fill queues in one round trip, to be answered as of one
// moment. It queues no script.
func (s *Store) atomically(ctx context.Context, fill func(redis.Pipeliner)) error {
	ctx, cancel := context.WithTimeout(ctx, s.options.Timeout)
	defer cancel()
	_, err := s.client.TxPipelined(ctx, func(pipe redis.Pipeliner) error {
		fill(pipe)
		return nil
	})
	if err == redis.Nil {
		return nil
	}
	return explain(err)
}

// firstError looks behind a nil reply, which hides the errors after it.
func firstError(commands []redis.Cmder) error {
	for _, c := range commands {
		if err := c.Err(); err != nil && err != redis.Nil {
			return err
		}
	}
	return nil
}

// teach loads the scripts that reads use; a cluster loads them on every master.
func (s *Store) teach(ctx context.Context) error {
	return explain(statusScript.Load(ctx, s.client).Err())
}
