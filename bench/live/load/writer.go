package load

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"sync"
	"time"

	"github.com/bosgraph/bosgraph/bench/live/status"
)

// Writer changes a session through the server. Nobody else does, so that the
// revision that follows its batch is that batch's.
type Writer struct {
	Session string
	Batches [][]byte // GraphQL requests, sent by turns: each changes what the one before has left
}

// batch is a request that was answered.
type batch struct {
	took     time.Duration
	answered time.Time
	revision int64 // of the session, right after
}

// write lets all writers write, and returns their batches, in order.
func (c *crowd) write(ctx context.Context, m Mix) ([][]batch, error) {
	client := &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: len(m.Writers)}}
	defer client.CloseIdleConnections()
	n := max(int(m.Duration/m.Every), 1)
	made := make([][]batch, len(m.Writers))
	errs := make([]error, len(m.Writers))
	start := time.Now()
	var writing sync.WaitGroup
	for i, w := range m.Writers {
		writing.Go(func() {
			// They know nothing of each other, so they don't write at one moment.
			first := start.Add(m.Every * time.Duration(i) / time.Duration(len(m.Writers)))
			for turn := range n {
				time.Sleep(time.Until(first.Add(time.Duration(turn) * m.Every)))
				b, err := c.writeBatch(ctx, client, &w, c.batches+turn)
				if err != nil {
					errs[i] = fmt.Errorf("session %s: %w", w.Session, err)
					return
				}
				// A batch without a revision of its own can not be recognised in what clients
				// are shown.
				if turn > 0 && b.revision <= made[i][turn-1].revision {
					errs[i] = fmt.Errorf("session %s: a batch has changed nothing: the revision is still %d", w.Session, b.revision)
					return
				}
				made[i] = append(made[i], b)
			}
		})
	}
	writing.Wait()
	c.batches += n
	return made, errors.Join(errs...)
}

func (c *crowd) writeBatch(ctx context.Context, client *http.Client, w *Writer, turn int) (batch, error) {
	sent := time.Now()
	if err := Post(ctx, client, c.Address, w.Batches[turn%len(w.Batches)], Changed); err != nil {
		return batch{}, err
	}
	// The revision is read from Redis and not asked for in the mutation, which would make the
	// server read a status for each write. Nobody else writes this session.
	b := batch{took: time.Since(sent), answered: time.Now()}
	var err error
	b.revision, err = c.publisher.redis.HGet(ctx, status.Key(w.Session), "r").Int64()
	return b, err
}
