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
	ctx, cancel := context.WithTimeout(ctx, s.options.Timeout)
	defer cancel()
	meta, err := s.client.HMGet(ctx, s.keys.meta(), "schema", "epoch").Result()
	if err != nil {
		return "", explain(err)
	}
	if meta[1] == nil {
		if meta, err = s.begin(ctx); err != nil {
			return "", explain(err)
		}
	}
	return text(meta[1]), checkSchema(text(meta[0]))
}

// begin initialises the namespace; of several that try at once, one wins.
func (s *Store) begin(ctx context.Context) ([]any, error) {
	var read *redis.SliceCmd
	err := s.atomically(ctx, func(pipe redis.Pipeliner) {
		pipe.HSetNX(ctx, s.keys.meta(), "schema", schemaVersion)
		pipe.HSetNX(ctx, s.keys.meta(), "epoch", rand.Text())
		pipe.HSetNX(ctx, s.keys.meta(), "rev", 0)
		read = pipe.HMGet(ctx, s.keys.meta(), "schema", "epoch")
	})
	if err != nil {
		return nil, err
	}
	return read.Result()
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
