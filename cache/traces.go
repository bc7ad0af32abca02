package cache

import (
	"context"
	"strings"

	"github.com/bosgraph/bosgraph/cache/internal/redisdb"
)

// passTrace lets all replicas know to which trace the write belongs that has made a revision. It is a message of its own and no part of
// the notice: only writes that are traced have it, and replicas of another version need not understand it.
func (s *Store) passTrace(ctx context.Context, revision, trace string) {
	if trace == "" {
		return
	}
	ctx, cancel := s.db.Within(context.WithoutCancel(ctx))
	defer cancel()
	_ = s.db.Client.Publish(ctx, s.db.Keys.Traces(), revision+" "+trace).Err() // the write was made, and a trace with a gap is no reason to fail it
}

// FollowTraces calls written for each write of the namespace that belongs to a trace, until ctx ends.
func (s *Store) FollowTraces(ctx context.Context, written func(revision int64, trace string)) {
	channel := s.db.Client.Subscribe(ctx, s.db.Keys.Traces())
	defer channel.Close()
	for messages := channel.Channel(); ; {
		select {
		case <-ctx.Done():
			return
		case m, open := <-messages:
			if !open {
				return
			}
			revision, trace, _ := strings.Cut(m.Payload, " ")
			written(redisdb.ParseRevision(revision), trace)
		}
	}
}
