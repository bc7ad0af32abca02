package redisdb

import (
	"context"
	"errors"
	"os"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
)

// downError is what a node of a cluster answers when slots are missing.
type downError struct{}

func (downError) Error() string { return "CLUSTERDOWN Hash slot not served" }
func (downError) RedisError()   {}

// What a cluster has said is the result, and not that the last attempt was cut short: whether that is seen
// by its context or by its connection, whose deadline is the same.
func TestWhatAClusterSaysOutlastsATimeout(t *testing.T) {
	for _, cut := range []error{context.DeadlineExceeded, os.ErrDeadlineExceeded} {
		cluster := redis.NewClusterClient(&redis.ClusterOptions{Addrs: []string{"127.0.0.1:1"}})
		defer cluster.Close()
		p := &persistence{cluster: cluster}
		ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
		defer cancel()
		attempts := 0
		err := p.persist(ctx, true, func(ctx context.Context) (verdict, result error) {
			if attempts++; attempts == 1 {
				return downError{}, downError{}
			}
			<-ctx.Done()
			return cut, cut
		})
		if !errors.Is(err, downError{}) || attempts != 2 {
			t.Errorf("after %d attempts, the last of which ended with %q, the result is %v", attempts, cut, err)
		}
	}
}

// An operation whose time is up casts no suspicion on a node: all others would wait until that is cleared.
func TestACallersOwnTimeIsNoSuspicion(t *testing.T) {
	cluster := redis.NewClusterClient(&redis.ClusterOptions{Addrs: []string{"127.0.0.1:1"}})
	p := &persistence{cluster: cluster}
	defer cluster.Close() // which ends a suspicion
	for own, want := range map[bool]bool{false: false, true: true} {
		ctx, cancel := context.WithTimeout(t.Context(), 10*time.Millisecond)
		if own {
			ctx, cancel = Until(t.Context(), time.Now().Add(10*time.Millisecond))
		}
		err := p.persist(ctx, false, func(ctx context.Context) (verdict, result error) {
			<-ctx.Done()
			return ctx.Err(), ctx.Err()
		})
		cancel()
		if got := p.suspect.Load() != nil; got != want || !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("the exchange's own time %v: suspicion %v, and %v", own, got, err)
		}
		p = &persistence{cluster: cluster}
	}
}
