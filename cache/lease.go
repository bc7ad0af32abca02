package cache

import (
	"context"
	"crypto/rand"
	"fmt"
	"strconv"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/bosgraph/bosgraph/bos"
	"github.com/bosgraph/bosgraph/cache/internal/redisdb"
	"github.com/bosgraph/bosgraph/cache/internal/schema"
	"github.com/bosgraph/bosgraph/cache/lua"
)

// Lease is the right to do what one process of a namespace is to do for all. It runs
// out unless it is renewed. Each tenure has a fence of its own and belongs to one epoch.
type Lease struct {
	store  *Store
	key    string
	holder string
	life   time.Duration
}

// NewLease makes a process' share in the lease of the BOS sync, which lasts for that long, in
// whole seconds, after it was taken or renewed.
func (s *Store) NewLease(life time.Duration) *Lease { return s.newLease(s.db.Keys.Lease(), life) }

// NewSenderLease is NewLease for the lease of the sender of webhooks.
func (s *Store) NewSenderLease(life time.Duration) *Lease {
	return s.newLease(s.db.Keys.Sender(), life)
}

func (s *Store) newLease(key string, life time.Duration) *Lease {
	// The holder is random, too: names of hosts or processes come again after a restart, and
	// the new process would take the lease of the old one for its own.
	return &Lease{s, key, rand.Text(), life}
}

// Hold takes or renews the lease. The holder leaves its note, unless that is
// empty, and others find the holder's.
func (l *Lease) Hold(ctx context.Context, note string) (bos.Tenure, error) {
	reply, err := l.run(ctx, l.life, note)
	if err != nil {
		return bos.Tenure{}, err
	}
	return bos.Tenure{Held: reply[0] == "1", Fence: reply[1], Epoch: reply[2], Note: reply[3], NoteAge: noteAge(reply)}, nil
}

func noteAge(reply []string) time.Duration {
	age, err := strconv.ParseInt(reply[4], 10, 64)
	if err != nil {
		return -1
	}
	return time.Duration(max(age, 0)) * time.Second
}

// SyncNoteAge is how long ago the holder of the lease of the BOS sync has left its note, which it does once a second;
// negative where there is none.
func (s *Store) SyncNoteAge(ctx context.Context) (time.Duration, error) {
	reply, err := s.NewLease(0).run(ctx, 0, "") // gives up nothing: this holder is a new one
	if err != nil {
		return 0, err
	}
	return noteAge(reply), nil
}

// Release gives the lease up, if this process has it, so that another can take it at
// once.
func (l *Lease) Release(ctx context.Context) error {
	// A life of zero: the script gives up what it would otherwise renew.
	_, err := l.run(ctx, 0, "")
	return err
}

// run runs the script. Fences are random: counted ones would come again in a Redis that
// came back empty or with older data.
func (l *Lease) run(ctx context.Context, life time.Duration, note string) ([]string, error) {
	ctx, cancel := l.store.db.Within(ctx)
	defer cancel()
	s := l.store
	names, args := []string{l.key, s.db.Keys.Meta()}, []any{l.holder, int(life / time.Second), note, rand.Text()}
	for {
		reply, err := lua.Lease.Run(ctx, s.db.Client, names, args...).StringSlice()
		switch {
		case err != nil:
			return nil, redisdb.Explain(err)
		case len(reply) == 5:
			return reply, nil
		case len(reply) != 1 || reply[0] != "unproven":
			return nil, fmt.Errorf("the lease script answered %q", reply)
		}
		if _, err := s.db.Position(ctx); err != nil {
			return nil, err
		}
	}
}

// Accepted is what [Store.AcceptSync] has set last; empty for nothing.
func (l *Lease) Accepted(ctx context.Context) (string, error) {
	return l.store.leaseField(ctx, schema.Lease.Accepted.Name)
}

// SyncNote is what the holder of the lease has to say, or had; empty for nothing.
func (s *Store) SyncNote(ctx context.Context) (string, error) {
	return s.leaseField(ctx, schema.Lease.Note.Name)
}

// AcceptSync leaves for the holder of the lease which of its doubts is accepted.
func (s *Store) AcceptSync(ctx context.Context, doubt string) error {
	ctx, cancel := s.db.Within(ctx)
	defer cancel()
	return redisdb.Explain(s.db.Client.HSet(ctx, s.db.Keys.Lease(), schema.Lease.Accepted.Name, doubt).Err())
}

// leaseField reads one field of the lease of the BOS sync. It is not proven to be of this epoch: what is said
// in it is for people, and for a holder that looks at its own tenure anyway.
func (s *Store) leaseField(ctx context.Context, field string) (string, error) {
	return s.hashField(ctx, s.db.Keys.Lease(), field)
}

// During is the store for the holder of the lease: from the moment that another has
// taken it, or that another epoch has begun, whatever this one writes fails with
// [bos.ErrTenureEnded] and changes nothing.
func (l *Lease) During(t bos.Tenure) *Store {
	during := *l.store
	during.tenure, during.tenureKey = &t, l.key
	return &during
}

// Current fails with [bos.ErrTenureEnded] unless the tenure that this store is of still
// lasts. What was read and compared within it until now has been true, then. A failover that
// nobody has noticed shows in the position, and begins another epoch, which ends the tenure.
func (s *Store) Current(ctx context.Context) error {
	if _, err := s.db.Position(ctx); err != nil {
		return err
	}
	return s.ended(ctx)
}

// ended says whether the tenure, if this store is that of one, has ended.
func (s *Store) ended(ctx context.Context) error {
	if s.tenure == nil {
		return nil
	}
	var fence, epoch *redis.StringCmd
	if err := s.db.Pipelined(ctx, func(pipe redis.Pipeliner) {
		fence = pipe.HGet(ctx, s.tenureKey, schema.Lease.Fence.Name)
		epoch = pipe.HGet(ctx, s.db.Keys.Meta(), schema.Meta.Epoch.Name)
	}); err != nil {
		return err
	}
	if fence.Val() != s.tenure.Fence || epoch.Val() != s.tenure.Epoch {
		return bos.ErrTenureEnded
	}
	return nil
}
