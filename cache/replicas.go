package cache

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/bosgraph/bosgraph/bos"
)

// ErrReplicas is the cause of an error that says that a change was made and that fewer
// replicas than asked for are known to have it.
var ErrReplicas = errors.New("too few replicas have acknowledged")

// replicated waits until Options.Replicas replicas have all that the master has now. key
// is one that exists if the master is still the one that has the change.
//
// WAIT is for what the master had when the command before it on the same connection was
// done, also for what other connections have written. So this needs no more than to send both
// together. It does not go along with the script that writes: WAIT would also block after a
// conflict, where there is nothing to wait for, and a cluster's client can't route it.
func (s *Store) replicated(ctx context.Context, key string) error {
	if s.options.Replicas == 0 {
		return nil
	}
	ctx, cancel := s.db.Within(ctx)
	defer cancel()
	patience := s.db.Timeout * 3 / 4 // leaves time for the answer
	for deadline := time.Now().Add(patience); ; {
		there, have, err := s.acknowledged(ctx, key, max(time.Until(deadline), time.Millisecond))
		switch {
		case err == nil && there && have >= s.options.Replicas:
			return nil
		case !redirected(err) || time.Now().After(deadline):
			return &bos.Error{
				Code: bos.Unavailable,
				Message: fmt.Sprintf("the change was made, but only %d of %d replicas of Redis are known to have it, so a failover may lose it: "+
					"send it again, which changes nothing twice", have, s.options.Replicas),
				Err: errors.Join(ErrReplicas, err),
			}
		}
		if cluster, ok := s.db.Client.(*redis.ClusterClient); ok { // its slot has just moved to another master
			cluster.ReloadState(ctx)
		}
		select {
		case <-time.After(patience / 20):
		case <-ctx.Done():
		}
	}
}

// acknowledged says whether the master has the key, and how many replicas acknowledge
// within the time all that it has.
func (s *Store) acknowledged(ctx context.Context, key string, within time.Duration) (there bool, have int, err error) {
	node, err := s.db.Master(ctx)
	if err != nil {
		return false, 0, err
	}
	pipe := node.Pipeline()
	exists := pipe.Exists(ctx, key)
	wait := pipe.Do(ctx, "WAIT", s.options.Replicas, within.Milliseconds())
	_, err = pipe.Exec(ctx)
	have, _ = wait.Int()
	return exists.Val() == 1, have, err
}

func redirected(err error) bool {
	for _, prefix := range []string{"MOVED", "ASK", "TRYAGAIN"} {
		if redis.HasErrorPrefix(err, prefix) {
			return true
		}
	}
	return false
}
