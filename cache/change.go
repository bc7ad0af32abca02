package cache

import (
	"cmp"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	mathrand "math/rand/v2"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/bosgraph/bosgraph/bos"
)

// What one write keeps beside what it writes.
const (
	answerLife = time.Minute      // how long a write is known by its id
	logLength  = 64               // entries that a change log keeps at least
	logLife    = 10 * time.Minute // of the log of a session that is frozen
)

// change is one atomic write in the making: versions and fields it depends on,
// and what it does. See lua/write.lua, which runs it.
type change struct {
	keys     keys
	at       time.Time // the moment of all that it notes
	values   []versioned
	guards   []guard
	commands [][]string
	texts    map[bos.Digest]*reference
	scopes   map[home]*scopeChange
}

type versioned struct{ key, version, body string }

type guard struct{ key, field, value string }

type reference struct {
	by   int
	text string
}

// scopeChange is what a write does to one scope.
type scopeChange struct {
	changed, removed []string  // ids
	tally            bos.Tally // by how much the counters change
	record           bool      // the session's record changes
	check            bool      // complete it if nothing is active in it any more
	freeze           bool
}

func (s *Store) newChange() *change {
	return &change{keys: s.keys, at: s.options.Now(), texts: map[bos.Digest]*reference{}, scopes: map[home]*scopeChange{}}
}

func (c *change) scope(h home) *scopeChange {
	if c.scopes[h] == nil {
		c.scopes[h] = &scopeChange{}
	}
	return c.scopes[h]
}

// do adds a command; redis' replies to it do not matter.
func (c *change) do(words ...string) { c.commands = append(c.commands, words) }

// chunk is how many items one command takes, well below what Lua's stack holds.
const chunk = 500

// doAll adds a command for many items, in as many commands as it takes.
func (c *change) doAll(command, key string, items []string, each func(item string) []string) {
	for part := range slices.Chunk(items, chunk) {
		words := []string{command, key}
		for _, item := range part {
			words = append(words, each(item)...)
		}
		c.do(words...)
	}
}

func (c *change) addMembers(key string, ids []string) {
	c.doAll("ZADD", key, ids, func(id string) []string { return []string{"0", id} })
}

func (c *change) removeMembers(key string, ids []string) {
	c.doAll("ZREM", key, ids, func(id string) []string { return []string{id} })
}

// refer counts a reference to an error's text, if it is one that is kept apart.
func (c *change) refer(text string, by int) {
	if longError(text) {
		c.referTo(bos.DigestOf(text), by).text = text
	}
}

func (c *change) referTo(d bos.Digest, by int) *reference {
	if c.texts[d] == nil {
		c.texts[d] = &reference{}
	}
	c.texts[d].by += by
	return c.texts[d]
}

// errConflict says that what the change depends on has changed meanwhile.
var errConflict = errors.New("versions differ")

// run runs the change: all of it, or nothing.
func (s *Store) run(ctx context.Context, c *change) error {
	names, args := c.arguments(rand.Text())
	for {
		reply, err := s.runScript(ctx, names, args)
		if err != nil {
			return explain(err)
		}
		switch reply[0] {
		case "ok":
			return nil
		case "conflict":
			return errConflict
		case "schema":
			return checkSchema(reply[1])
		case "empty": // Redis came back empty: versions read before mean nothing now
			if _, err := s.Epoch(ctx); err != nil {
				return err
			}
			if len(c.values)+len(c.guards) > 0 {
				return errConflict
			}
		default:
			return fmt.Errorf("the write script answered %q", reply)
		}
	}
}

func (s *Store) runScript(ctx context.Context, names []string, args []any) ([]string, error) {
	ctx, cancel := context.WithTimeout(ctx, s.options.Timeout)
	defer cancel()
	reply, err := writeScript.EvalSha(ctx, s.client, names, args...).StringSlice()
	if redis.HasErrorPrefix(err, "NOSCRIPT") {
		if err = s.restarted(ctx); err == nil {
			reply, err = writeScript.EvalSha(ctx, s.client, names, args...).StringSlice()
		}
	}
	if err == nil && len(reply) == 0 {
		err = errors.New("the write script answered nothing")
	}
	return reply, err
}

// arguments lays the change out for the script.
func (c *change) arguments(writeID string) (names []string, args []any) {
	names = append(names, c.keys.meta())
	add := func(words ...string) {
		for _, w := range words {
			args = append(args, w)
		}
	}
	add(writeID, string(c.keys), strconv.FormatInt(answerLife.Milliseconds(), 10), string(bos.StateComplete),
		strconv.Itoa(logLength), strconv.FormatInt(logLife.Milliseconds(), 10), strconv.Itoa(schemaVersion),
		strconv.FormatInt(c.at.UnixMilli(), 10), strconv.FormatInt(bos.CourseGap.Milliseconds(), 10), strconv.Itoa(bos.MaxCourse))

	add(strconv.Itoa(len(c.values)))
	for _, v := range c.values {
		names = append(names, v.key)
		add(v.version, v.body)
	}
	add(strconv.Itoa(len(c.guards)))
	for _, g := range c.guards {
		add(g.key, g.field, g.value)
	}
	add(strconv.Itoa(len(c.commands)))
	for _, words := range c.commands {
		add(strconv.Itoa(len(words)))
		add(words...)
	}
	digests := sortedKeys(c.texts, func(r *reference) bool { return r.by != 0 })
	add(strconv.Itoa(len(digests)))
	for _, d := range digests {
		add(string(d), strconv.Itoa(c.texts[d].by), c.texts[d].text)
	}
	scopes := sortedKeys(c.scopes, func(*scopeChange) bool { return true })
	add(strconv.Itoa(len(scopes)))
	for _, h := range scopes {
		sc := c.scopes[h]
		add(string(h), strings.Join(sc.changed, ","), strings.Join(sc.removed, ","), sc.flags())
		var counts []string
		for i, by := range counters(&sc.tally) {
			if by != 0 {
				counts = append(counts, strconv.Itoa(i+1), strconv.Itoa(by))
			}
		}
		add(strconv.Itoa(len(counts) / 2))
		add(counts...)
	}
	return names, args
}

func (sc *scopeChange) flags() string {
	var flags string
	for _, f := range []struct {
		on   bool
		flag string
	}{{sc.record, "r"}, {sc.check, "c"}, {sc.freeze, "f"}} {
		if f.on {
			flags += f.flag
		}
	}
	return flags
}

func sortedKeys[K cmp.Ordered, V any](m map[K]V, keep func(V) bool) []K {
	var keys []K
	for k, v := range m {
		if keep(v) {
			keys = append(keys, k)
		}
	}
	slices.Sort(keys)
	return keys
}

// attempts bounds how often a write decides anew because another came between,
// and backoff, doubled with each, how long it waits at most before it does: of
// several writers of one record each one's turn comes.
const (
	attempts = 12
	backoff  = 200 * time.Microsecond
)

// retry decides and runs a change until nothing comes between reading and
// writing. decide returns nil when nothing is to be changed.
func (s *Store) retry(ctx context.Context, decide func() (*change, error)) error {
	for n := range attempts {
		c, err := decide()
		if err != nil || c == nil {
			return err
		}
		if err = s.run(ctx, c); !errors.Is(err, errConflict) {
			return err
		}
		select {
		case <-time.After(mathrand.N(backoff << n)):
		case <-ctx.Done():
			return explain(ctx.Err())
		}
	}
	return bos.Errorf(bos.Conflict, "others keep changing the same records: nothing was changed, try again")
}
