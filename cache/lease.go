package cache

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/bosgraph/bosgraph/bos"
)

const fieldFence = "fence"

// ErrFenced says that a write was not made because another process holds the lease
// by now.
var ErrFenced = errors.New("another process has taken over")

// Lease is the right to do what one process of a namespace is to do for all. It runs
// out unless it is renewed, and each time it is taken it has another fence.
type Lease struct {
	store  *Store
	holder string
	life   time.Duration
}

// NewLease makes a process' share in the lease, which lasts for that long, in whole
// seconds, after it was taken or renewed.
func (s *Store) NewLease(life time.Duration) *Lease {
	return &Lease{s, rand.Text(), life}
}

// Hold takes or renews the lease. Whoever has it leaves its note, unless that is
// empty, and who has not finds the other's.
func (l *Lease) Hold(ctx context.Context, note string) (bos.Tenure, error) {
	reply, err := l.run(ctx, l.life, note)
	if err != nil {
		return bos.Tenure{}, err
	}
	t := bos.Tenure{Held: reply[0] == "1", Fence: reply[1], Epoch: reply[2], Note: reply[3]}
	if t.Epoch == "" { // a Redis that is empty
		t.Epoch, err = l.store.Epoch(ctx)
	}
	return t, err
}

// Release gives the lease up, if this process has it, so that another can take it at
// once.
func (l *Lease) Release(ctx context.Context) error {
	_, err := l.run(ctx, 0, "")
	return err
}

func (l *Lease) run(ctx context.Context, life time.Duration, note string) ([]string, error) {
	ctx, cancel := context.WithTimeout(ctx, l.store.options.Timeout)
	defer cancel()
	s := l.store
	names, args := []string{s.keys.lease(), s.keys.meta()}, []any{l.holder, int(life / time.Second), note}
	reply, err := leaseScript.EvalSha(ctx, s.client, names, args...).StringSlice()
	if redis.HasErrorPrefix(err, "NOSCRIPT") {
		// A Redis that has restarted has forgotten the script that writes, too; see
		// restarted. One that has not only meets this script for the first time.
		if err = s.relearn(ctx); err == nil {
			reply, err = leaseScript.Eval(ctx, s.client, names, args...).StringSlice()
		}
	}
	if err == nil && len(reply) != 4 {
		err = fmt.Errorf("the lease script answered %q", reply)
	}
	return reply, explain(err)
}

// relearn begins another epoch if Redis does not know the script that writes.
func (s *Store) relearn(ctx context.Context) error {
	known, err := writeScript.Exists(ctx, s.client).Result()
	if err == nil && (len(known) == 0 || !known[0]) {
		err = s.restarted(ctx)
	}
	return err
}

// During is the store for the holder of the lease: from the moment that another has
// taken it, whatever this one writes fails with [ErrFenced] and changes nothing.
func (s *Store) During(t bos.Tenure) *Store {
	during := *s
	during.fence = t.Fence
	return &during
}

// fenced says whether the tenure, if this store is that of one, has ended.
func (s *Store) fenced(ctx context.Context) error {
	if s.fence == "" {
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, s.options.Timeout)
	defer cancel()
	now, err := s.client.HGet(ctx, s.keys.lease(), fieldFence).Result()
	if err != nil && !errors.Is(err, redis.Nil) {
		return explain(err)
	}
	if now != s.fence {
		return ErrFenced
	}
	return nil
}
