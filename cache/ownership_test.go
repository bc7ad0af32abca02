package cache

import (
	"context"
	"fmt"
	"testing"

	"github.com/redis/go-redis/v9"

	"github.com/bosgraph/bosgraph/bos"
	"github.com/bosgraph/bosgraph/cache/lua"
)

// fills lets Redis run out of memory after so many writes.
type fills struct {
	passes int
}

func (*fills) DialHook(next redis.DialHook) redis.DialHook { return next }

func (f *fills) ProcessHook(next redis.ProcessHook) redis.ProcessHook {
	return func(ctx context.Context, cmd redis.Cmder) error {
		if cmd.Name() == "evalsha" && cmd.Args()[1] == lua.Write.Hash() {
			if f.passes--; f.passes < 0 {
				cmd.SetErr(refusal("OOM command not allowed when used memory > 'maxmemory'."))
				return cmd.Err()
			}
		}
		return next(ctx, cmd)
	}
}

func (*fills) ProcessPipelineHook(next redis.ProcessPipelineHook) redis.ProcessPipelineHook {
	return next
}

// TestATenantThatIsStoredInPartSaysSo has Redis run out of memory while a tenant's components are stored.
func TestATenantThatIsStoredInPartSaysSo(t *testing.T) {
	conform(t, func(s *suite) {
		const some = ownershipBatch + 100
		var ids, others []string
		for i := range some {
			ids, others = append(ids, fmt.Sprintf("x%04d", i)), append(others, fmt.Sprintf("y%04d", i))
		}
		put := func(passes int, ids []string, owned int, message string) {
			s.Helper()
			store := s.open(nil)
			store.db.Client.AddHook(&fills{passes: passes})
			got, err := store.PutTenant(s.ctx, "red", ids)
			if bos.ReasonOf(err) != bos.RedisOutOfMemory || got != owned || fmt.Sprint(err) != message {
				s.Errorf("%d are owned, and %v\nwant %d, and %s", got, err, owned, message)
			}
		}
		const ask = "ask the administrator, see docs/operations.md"
		put(0, ids, 0, "Redis is out of memory: nothing was changed; "+ask)
		put(1, ids, 500, "Redis is out of memory: nothing more was changed; "+ask+`. Tenant "red" owns 500 of these 600 components now: send the same again`)
		_, err := s.store.PutTenant(s.ctx, "red", ids)
		s.must(err)
		_, err = s.store.PutTenant(s.ctx, "blue", others)
		s.must(err)
		put(2, others, 600, "Redis is out of memory: nothing more was changed; "+ask+`. Tenant "red" owns these 600 components now, and 600 others still: send the same again`)
		owned, err := s.store.PutTenant(s.ctx, "red", others)
		s.must(err)
		if have, err := s.store.owned(s.ctx, "red"); owned != some || err != nil || len(have) != some || have[0] != others[0] {
			s.Errorf("sent again: %d are owned, %d are there, and %v", owned, len(have), err)
		}
	})
}
