package redisdb

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"slices"
	"strconv"

	"github.com/redis/go-redis/v9"

	"github.com/bosgraph/bosgraph/bos"
	"github.com/bosgraph/bosgraph/cache/internal/schema"
	"github.com/bosgraph/bosgraph/cache/lua"
)

// Epoch returns the namespace's epoch, after it has begun another one where Redis is
// empty or not proven to have everything that was written.
func (db *DB) Epoch(ctx context.Context) (string, error) {
	at, err := db.Position(ctx)
	return at.Epoch, err
}

// ShownEpoch is [DB.Epoch] for what only shows it: while Redis is a replica, which
// begins no epoch, it is the one that is stored.
func (db *DB) ShownEpoch(ctx context.Context) (string, error) {
	epoch, err := db.Epoch(ctx)
	if bos.ReasonOf(err) != bos.RedisReadOnly {
		return epoch, err
	}
	ctx, cancel := db.Within(ctx)
	defer cancel()
	epoch, err = db.Client.HGet(ctx, db.Keys.Meta(), schema.Meta.Epoch.Name).Result()
	if errors.Is(err, redis.Nil) {
		err = nil
	}
	return epoch, Explain(err)
}

// Position is how far a namespace is. Revisions of different epochs do not compare.
type Position struct {
	Epoch    string
	Revision int64
}

// String writes it as probes carry it.
func (p Position) String() string { return p.Epoch + " " + strconv.FormatInt(p.Revision, 10) }

// Position returns how far the namespace is. It begins another epoch before that,
// unless the server that answers is proven to have all that was written in the one
// that is stored; see lua/history.lua. Of several that try at once, one does.
func (db *DB) Position(ctx context.Context) (Position, error) {
	return db.PositionAfter(ctx, Position{})
}

// PositionAfter is position for a caller that has seen one. If the namespace is behind
// it, in the same epoch, data were lost in a way that the server itself does not show.
func (db *DB) PositionAfter(ctx context.Context, seen Position) (Position, error) {
	return db.askPosition(ctx, seen, db.Keys.Meta())
}

// Begin begins another epoch if one has to begin, and returns how far the namespace is.
func (db *DB) Begin(ctx context.Context, seen Position) (Position, error) {
	return db.askPosition(ctx, seen, db.Keys.Meta(), db.Keys.Epoch())
}

func (db *DB) askPosition(ctx context.Context, seen Position, names ...string) (Position, error) {
	asking, cancel := db.Within(ctx)
	defer cancel()
	reply, err := lua.Epoch.Run(asking, db.Client, names, schema.Version, rand.Text(), seen.Epoch, seen.Revision).StringSlice()
	switch {
	case err != nil:
		return Position{}, Explain(err)
	case len(reply) == 3:
		return Position{reply[1], ParseRevision(reply[2])}, CheckSchema(reply[0])
	case len(names) == 1 && slices.Equal(reply, []string{"unproven"}):
		return db.Begin(ctx, seen)
	default:
		return Position{}, fmt.Errorf("the epoch script answered %q", reply)
	}
}

// Renew begins another epoch in place of old, unless another process was faster. It is
// for a repair after which everybody has to compare with what is stored.
func (db *DB) Renew(ctx context.Context, old string) error {
	// The script begins an epoch when the namespace is behind what was seen: so it need not know
	// of another reason.
	const beyondAll = 1 << 53 // more than any revision: so the namespace counts as behind
	_, err := db.Begin(ctx, Position{old, beyondAll})
	return err
}

// ParseRevision reads what Redis itself has counted.
// What is no number counts as 0, which is behind every revision.
func ParseRevision(s string) int64 {
	n, _ := strconv.ParseInt(s, 10, 64)
	return n
}

// ErrSchema says that a namespace was written by another version of bosgraph.
var ErrSchema = errors.New("another key schema")

func CheckSchema(version string) error {
	if version != strconv.Itoa(schema.Version) {
		return &bos.Error{
			Code: bos.Unavailable, Err: ErrSchema,
			Message: fmt.Sprintf("this namespace was written by another version of bosgraph (key schema %q, this one has %d): "+
				"run that version, or use another namespace", version, schema.Version),
		}
	}
	return nil
}

// Text is a value of a reply as a string; "" for none.
func Text(v any) string {
	s, _ := v.(string)
	return s
}

// Texts are replies that are each a string or nil.
func Texts(all []any) []string {
	texts := make([]string, len(all))
	for i, v := range all {
		texts[i] = Text(v)
	}
	return texts
}
