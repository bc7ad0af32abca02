package cache

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"strconv"

	"github.com/redis/go-redis/v9"

	"github.com/bosgraph/bosgraph/bos"
)

// schemaVersion is the version of the table in doc.go. A namespace of a newer
// one is refused; an older one would be migrated here.
const schemaVersion = 1

// Epoch returns the namespace's epoch, and begins one where there is none: in a
// Redis that is empty, or came back empty.
func (s *Store) Epoch(ctx context.Context) (string, error) {
	at, err := s.position(ctx)
	return at.epoch, err
}

// position is how far a namespace is. Revisions of different epochs do not compare.
type position struct {
	epoch    string
	revision int64
}

// String writes it as probes carry it.
func (p position) String() string { return p.epoch + " " + strconv.FormatInt(p.revision, 10) }

var positionFields = []string{"schema", "epoch", "rev"}

// position returns how far the namespace is, and begins it where there is none.
func (s *Store) position(ctx context.Context) (position, error) {
	ctx, cancel := context.WithTimeout(ctx, s.options.Timeout)
	defer cancel()
	meta, err := s.client.HMGet(ctx, s.keys.meta(), positionFields...).Result()
	if err == nil && meta[1] == nil {
		meta, err = s.begin(ctx)
	}
	if err != nil {
		return position{}, explain(err)
	}
	return position{text(meta[1]), parseRevision(text(meta[2]))}, checkSchema(text(meta[0]))
}

// parseRevision reads what Redis itself has counted.
func parseRevision(s string) int64 {
	n, _ := strconv.ParseInt(s, 10, 64)
	return n
}

// begin initialises the namespace; of several that try at once, one wins. With the
// script there, the first write does not take this Redis for one that has restarted.
func (s *Store) begin(ctx context.Context) ([]any, error) {
	if err := writeScript.Load(ctx, s.client).Err(); err != nil {
		return nil, err
	}
	var read *redis.SliceCmd
	err := s.atomically(ctx, func(pipe redis.Pipeliner) {
		pipe.HSetNX(ctx, s.keys.meta(), "schema", schemaVersion)
		pipe.HSetNX(ctx, s.keys.meta(), "epoch", rand.Text())
		pipe.HSetNX(ctx, s.keys.meta(), "rev", 0)
		read = pipe.HMGet(ctx, s.keys.meta(), positionFields...)
	})
	if err != nil {
		return nil, err
	}
	return read.Result()
}

// renew begins another epoch in place of old, unless another process was faster.
// It is for a Redis that came back with older data: the epoch is part of those, and
// the revisions that were lost will be given out again. Redis learns the script anew.
func (s *Store) renew(ctx context.Context, old string) error {
	c := s.newChange()
	c.guards = append(c.guards, guard{s.keys.meta(), "epoch", old})
	c.do("HSET", s.keys.meta(), "epoch", rand.Text())
	names, args := c.arguments(rand.Text())
	return explain(writeScript.Eval(ctx, s.client, names, args...).Err())
}

// restarted is for a Redis that does not know the script that writes: it has been
// restarted, or has taken the place of another. Scripts are all that it never keeps,
// so this is the surest sign, and the first write meets it: what is there may be less
// than there was, so another epoch begins before anything is written.
func (s *Store) restarted(ctx context.Context) error {
	epoch, err := s.client.HGet(ctx, s.keys.meta(), "epoch").Result()
	if err != nil && err != redis.Nil {
		return err
	}
	return s.renew(ctx, epoch)
}

// ErrSchema says that a namespace was written by another version of bosgraph.
var ErrSchema = errors.New("another key schema")

func checkSchema(version string) error {
	if version != strconv.Itoa(schemaVersion) {
		return &bos.Error{
			Code: bos.Unavailable, Err: ErrSchema,
			Message: fmt.Sprintf("this namespace was written by another version of bosgraph (key schema %q, this one has %d): "+
				"run that version, or use another namespace", version, schemaVersion),
		}
	}
	return nil
}

// text is a value of a reply as a string; "" for none.
func text(v any) string {
	s, _ := v.(string)
	return s
}
