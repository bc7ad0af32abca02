package cache

import (
	"context"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/bosgraph/bosgraph/bos"
)

// everyKey returns all keys of all namespaces that a backend holds.
func (s *suite) everyKey() map[string]bool {
	s.Helper()
	var mu sync.Mutex
	all := map[string]bool{}
	collect := func(ctx context.Context, node redis.UniversalClient) error {
		keys, err := node.Keys(ctx, "*").Result()
		mu.Lock()
		defer mu.Unlock()
		for _, key := range keys {
			all[key] = true
		}
		return err
	}
	if cluster, ok := s.store.db.Client.(*redis.ClusterClient); ok {
		s.must(cluster.ForEachMaster(s.ctx, func(ctx context.Context, node *redis.Client) error { return collect(ctx, node) }))
	} else {
		s.must(collect(s.ctx, s.store.db.Client))
	}
	return all
}

// All that a store writes begins with the hash tag of its namespace, on every backend: so it
// is one slot of a cluster, and no key of another namespace. It is compared with what was
// there before, for the servers are those of other tests, too.
func TestKeysShareOneHashTag(t *testing.T) {
	conform(t, func(s *suite) {
		before := s.everyKey()
		s.create("a")
		s.put(failing("x1", "a", strings.Repeat("long", 1000)))
		s.patch(done("x1"))
		_, err := s.store.PutTenant(s.ctx, "blue", []string{"x1"})
		s.must(err)
		s.state("a", bos.StateRunning)
		s.must(s.store.KeepSession(s.ctx, sourceSession("b", bos.StateRunning)))
		s.must(s.store.KeepOptions(s.ctx, []byte(`{}`)))
		_, err = s.store.NewLease(time.Minute).Hold(s.ctx, "note")
		s.must(err)
		tag, made := "{"+s.options.Namespace+"}:", 0
		for key := range s.everyKey() {
			switch {
			case before[key]:
			case strings.HasPrefix(key, tag):
				made++
			default:
				s.Errorf("%q does not begin with %q", key, tag)
			}
		}
		if made < 20 {
			s.Errorf("only %d keys were made: %v", made, s.allKeys())
		}
	})
}
