package cache

import (
	"context"
	"errors"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/bosgraph/bosgraph/bos"
	"github.com/bosgraph/bosgraph/cache/internal/redisdb"
	"github.com/bosgraph/bosgraph/cache/internal/schema"
)

// maxDead is how many events that were given up are kept for a target: the latest.
const maxDead = "1000"

// Distribute moves the oldest events of the outbox into the queues of the targets that match
// returns for each, at most some at a time, and returns how many. It is for the store of a tenure of
// the sender's lease, whose fence keeps two senders from distributing one event twice. An event that can't be read is
// dropped, and is part of the error.
func (s *Store) Distribute(ctx context.Context, most int, match func(*bos.Event) (targets []string)) (n int, err error) {
	// Nearly always there are none, and to write nothing waits for replicas (see retry).
	if first, err := s.xrange(ctx, s.db.Keys.Outbox(), "-", 1); err != nil || len(first) == 0 {
		return 0, err
	}
	var broken error
	err = s.retry(ctx, func() (*change, error) {
		n, broken = 0, nil
		c := s.newChange()
		messages, err := s.xrange(ctx, s.db.Keys.Outbox(), "-", most)
		if err != nil || len(messages) == 0 {
			return nil, err
		}
		full := map[string]bool{}
		for _, m := range messages {
			stored := entryOf(m)
			event, err := stored.event()
			if err != nil {
				broken = errors.Join(broken, err)
			} else {
				for _, target := range match(&event) {
					if _, known := full[target]; !known {
						if full[target], err = s.queueFull(ctx, target); err != nil {
							return nil, err
						}
					}
					if full[target] {
						c.bury(target, stored, bos.Delivery{Reason: "the queue of the target is full"})
					} else {
						c.do("XADD", s.db.Keys.Queue(target), append([]string{"*"}, stored...)...)
					}
				}
			}
			c.do("XDEL", s.db.Keys.Outbox(), m.ID)
		}
		n = len(messages)
		return c, nil
	})
	return n, errors.Join(err, broken)
}

func (s *Store) queueFull(ctx context.Context, target string) (bool, error) {
	ctx, cancel := s.db.Within(ctx)
	defer cancel()
	n, err := s.db.Client.XLen(ctx, s.db.Keys.Queue(target)).Result()
	return n >= schema.OutboxLength, redisdb.Explain(err)
}

// bury adds an event to those that were given up.
func (c *change) bury(target string, stored outboxEntry, d bos.Delivery) {
	words := append([]string{"MAXLEN", maxDead, "*"}, stored...)
	c.do("XADD", c.keys.Dead(target), append(words, schema.Entry.Attempts.Name, strconv.Itoa(d.Attempts)+" "+d.Reason)...)
}

// without is an entry without one of its fields.
func (e outboxEntry) without(field string) outboxEntry {
	var rest outboxEntry
	for i := 0; i+1 < len(e); i += 2 {
		if e[i] != field {
			rest = append(rest, e[i], e[i+1])
		}
	}
	return rest
}

// Queued returns what a target has not accepted yet, oldest first, from behind a position on, which
// is empty for the first.
func (s *Store) Queued(ctx context.Context, target, after string, most int) ([]bos.Delivery, error) {
	from := "-"
	if after != "" {
		from = "(" + after
	}
	messages, err := s.xrange(ctx, s.db.Keys.Queue(target), from, most)
	if err != nil || len(messages) == 0 {
		return nil, err
	}
	positions := make([]string, len(messages))
	for i, m := range messages {
		positions[i] = m.ID
	}
	failures, err := s.hashFields(ctx, s.db.Keys.Failures(target), positions)
	if err != nil {
		return nil, err
	}
	found := make([]bos.Delivery, len(messages))
	for i, m := range messages {
		d := bos.Delivery{Position: m.ID}
		if d.Event, err = entryOf(m).event(); err != nil {
			return nil, err
		}
		if words := strings.SplitN(failures[i], " ", 3); len(words) == 3 {
			d.Attempts, d.Next, d.Reason = int(sessionHash{}.number(words[0])), time.UnixMilli(sessionHash{}.number(words[1])), words[2]
		}
		found[i] = d
	}
	return found, nil
}

// Delivered removes what a target has accepted.
func (s *Store) Delivered(ctx context.Context, target, position string) error {
	return s.db.Pipelined(ctx, func(pipe redis.Pipeliner) {
		pipe.XDel(ctx, s.db.Keys.Queue(target), position)
		pipe.HDel(ctx, s.db.Keys.Failures(target), position)
	})
}

// Failed notes that an attempt has failed, and when the next one is to be made.
func (s *Store) Failed(ctx context.Context, target string, d bos.Delivery) error {
	return s.db.Pipelined(ctx, func(pipe redis.Pipeliner) {
		value := strconv.Itoa(d.Attempts) + " " + strconv.FormatInt(d.Next.UnixMilli(), 10) + " " + d.Reason
		pipe.HSet(ctx, s.db.Keys.Failures(target), d.Position, value)
	})
}

// GiveUp moves what a target does not accept to what was given up: for the store of a tenure, so that
// nothing is given up that another sender has delivered.
func (s *Store) GiveUp(ctx context.Context, target string, d bos.Delivery) error {
	return s.retry(ctx, func() (*change, error) {
		messages, err := s.xrangeTo(ctx, s.db.Keys.Queue(target), d.Position, d.Position, 1)
		if err != nil || len(messages) == 0 {
			return nil, err
		}
		c := s.newChange()
		c.bury(target, entryOf(messages[0]), d)
		c.do("XDEL", s.db.Keys.Queue(target), d.Position)
		c.do("HDEL", s.db.Keys.Failures(target), d.Position)
		return c, nil
	})
}

// GivenUp returns what was given up for a target, oldest first.
func (s *Store) GivenUp(ctx context.Context, target string, most int) ([]bos.Delivery, error) {
	messages, err := s.xrange(ctx, s.db.Keys.Dead(target), "-", most)
	if err != nil {
		return nil, err
	}
	found := make([]bos.Delivery, len(messages))
	for i, m := range messages {
		found[i].Position = m.ID
		if found[i].Event, err = entryOf(m).event(); err != nil {
			return nil, err
		}
		attempts, reason, _ := strings.Cut(redisdb.Text(m.Values[schema.Entry.Attempts.Name]), " ")
		found[i].Attempts, found[i].Reason = int(sessionHash{}.number(attempts)), reason
	}
	return found, nil
}

// Retry queues again what was given up for a target, and returns how much that is.
func (s *Store) Retry(ctx context.Context, target string) (n int, err error) {
	const atOnce = 100
	for {
		moved := 0
		err := s.retry(ctx, func() (*change, error) {
			moved = 0
			messages, err := s.xrange(ctx, s.db.Keys.Dead(target), "-", atOnce)
			if err != nil || len(messages) == 0 {
				return nil, err
			}
			c := s.newChange()
			for _, m := range messages {
				c.do("XADD", s.db.Keys.Queue(target), append([]string{"*"}, entryOf(m).without(schema.Entry.Attempts.Name)...)...)
				c.do("XDEL", s.db.Keys.Dead(target), m.ID)
			}
			moved = len(messages)
			return c, nil
		})
		if err != nil || moved == 0 {
			return n, err
		}
		n += moved
	}
}

// Targets returns what was noted of each target.
func (s *Store) Targets(ctx context.Context) (map[string]string, error) {
	ctx, cancel := s.db.Within(ctx)
	defer cancel()
	all, err := s.db.Client.HGetAll(ctx, s.db.Keys.Targets()).Result()
	return all, redisdb.Explain(err)
}

// NoteTarget notes something of a target.
func (s *Store) NoteTarget(ctx context.Context, target, note string) error {
	return s.db.Pipelined(ctx, func(pipe redis.Pipeliner) { pipe.HSet(ctx, s.db.Keys.Targets(), target, note) })
}

// ForgetTarget removes all that is kept of a target: for the store of a tenure.
func (s *Store) ForgetTarget(ctx context.Context, target string) error {
	return s.retry(ctx, func() (*change, error) {
		c := s.newChange()
		c.do("HDEL", s.db.Keys.Targets(), target)
		for _, key := range []string{s.db.Keys.Queue(target), s.db.Keys.Failures(target), s.db.Keys.Dead(target)} {
			c.do("DEL", key)
		}
		return c, nil
	})
}

// QueueLengths returns how much targets have not accepted yet, and how much was given up, and how
// much is in the outbox.
func (s *Store) QueueLengths(ctx context.Context, targets []string) (outbox int, queued, dead []int, err error) {
	var all []*redis.IntCmd
	if err := s.db.Pipelined(ctx, func(pipe redis.Pipeliner) {
		all = []*redis.IntCmd{pipe.XLen(ctx, s.db.Keys.Outbox())}
		for _, target := range targets {
			all = append(all, pipe.XLen(ctx, s.db.Keys.Queue(target)), pipe.XLen(ctx, s.db.Keys.Dead(target)))
		}
	}); err != nil {
		return 0, nil, nil, err
	}
	for pair := range slices.Chunk(all[1:], 2) {
		queued, dead = append(queued, int(pair[0].Val())), append(dead, int(pair[1].Val()))
	}
	return int(all[0].Val()), queued, dead, nil
}

// xrange reads entries of a stream from an id on.
func (s *Store) xrange(ctx context.Context, key, from string, most int) ([]redis.XMessage, error) {
	return s.xrangeTo(ctx, key, from, "+", most)
}

func (s *Store) xrangeTo(ctx context.Context, key, from, to string, most int) ([]redis.XMessage, error) {
	ctx, cancel := s.db.Within(ctx)
	defer cancel()
	messages, err := s.db.Client.XRangeN(ctx, key, from, to, int64(most)).Result()
	return messages, redisdb.Explain(err)
}

// hashField reads one field of a hash, "" for none.
func (s *Store) hashField(ctx context.Context, key, field string) (string, error) {
	values, err := s.hashFields(ctx, key, []string{field})
	if err != nil {
		return "", err
	}
	return values[0], nil
}

func (s *Store) hashFields(ctx context.Context, key string, fields []string) ([]string, error) {
	ctx, cancel := s.db.Within(ctx)
	defer cancel()
	found, err := s.db.Client.HMGet(ctx, key, fields...).Result()
	if err != nil {
		return nil, redisdb.Explain(err)
	}
	values := make([]string, len(found))
	for i, v := range found {
		values[i] = redisdb.Text(v)
	}
	return values, nil
}
