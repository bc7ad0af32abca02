package redisdb

import (
	"context"
	"crypto/rand"
	"errors"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/bosgraph/bosgraph/bos"
	"github.com/bosgraph/bosgraph/cache/internal/schema"
	"github.com/bosgraph/bosgraph/internal/redistest"
)

// TestADiscardedTransactionFailsForWhatWasNotQueued has a user that may not run one of a transaction's commands: EXEC itself says
// nothing of the cause.
func TestADiscardedTransactionFailsForWhatWasNotQueued(t *testing.T) {
	server := redistest.New(t)
	redistest.Do(t, server.Addr(), "ACL", "SETUSER", "app", "on", ">secret", "~*", "&*", "+@all", "-lrange")
	db, err := Open(Options{URL: "redis://app:secret@" + server.Addr(), Namespace: "n", Timeout: 20 * time.Second})
	if err != nil {
		t.Fatal(err)
	}
	defer db.Client.Close()
	get := func(pipe redis.Pipeliner) { pipe.Get(t.Context(), "k") }
	err = db.Atomically(t.Context(), func(pipe redis.Pipeliner) {
		get(pipe)
		pipe.LRange(t.Context(), "l", 0, -1)
		get(pipe)
	})
	if reason := bos.ReasonOf(err); reason != bos.RedisNoPermission {
		t.Errorf("it fails for %q: %v", reason, err)
	}
	// Each command of it alone says nothing of transactions.
	if err := db.Pipelined(t.Context(), get); err != nil {
		t.Fatal(err)
	}
	if p := db.Episodes.Problems(); len(p) != 1 || p[0].Reason != bos.RedisNoPermission {
		t.Errorf("problems: %v", p)
	}
	if err := db.Atomically(t.Context(), get); err != nil {
		t.Fatal(err)
	}
	if p := db.Episodes.Problems(); len(p) != 0 {
		t.Errorf("problems after a transaction that succeeded: %v", p)
	}
}

// TestWhatIsReadSinglyIsOfOneMomentOrFailsForItsReason has a write come between, once and every time.
func TestWhatIsReadSinglyIsOfOneMomentOrFailsForItsReason(t *testing.T) {
	db, err := Open(Options{URL: "redis://" + redistest.SharedServer(t), Namespace: rand.Text(), Timeout: 20 * time.Second})
	if err != nil {
		t.Fatal(err)
	}
	defer db.Client.Close()
	full := Explain(errors.New("OOM command not allowed when used memory > 'maxmemory'."))
	for writes, want := range map[int]bos.Reason{1: "", attempts: bos.RedisOutOfMemory} {
		reads := 0
		err := db.Whole(t.Context(), func(context.Context) error { return full }, func(ctx context.Context) error {
			if reads++; reads > writes {
				return nil
			}
			return db.Client.HIncrBy(ctx, db.Keys.Meta(), schema.Meta.Revision.Name, 1).Err()
		})
		if reason := bos.ReasonOf(err); reason != want || (err == nil) != (want == "") {
			t.Errorf("after %d writes: %v", writes, err)
		}
		if reads != min(writes+1, attempts) {
			t.Errorf("with %d writes it was read %d times", writes, reads)
		}
	}
}
