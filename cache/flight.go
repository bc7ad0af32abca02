package cache

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/redis/go-redis/v9"

	"github.com/bosgraph/bosgraph/bos"
	"github.com/bosgraph/bosgraph/cache/internal/redisdb"
	"github.com/bosgraph/bosgraph/cache/internal/schema"
	"github.com/bosgraph/bosgraph/cache/lua"
	"github.com/bosgraph/bosgraph/internal/coalesce"
)

// logLength is how many entries a change log keeps at least.
const logLength = 64

// What shares a run of the script: small changes that come while others are under way. Redis does nothing else while a script
// runs, so that these bound for how long others wait: a longer change would gain nothing by sharing.
const (
	maxShared = 8 << 10  // bytes of the words of one change
	maxFlight = 32 << 10 // and of all changes of a run
)

// flight is one run of lua/write.lua, with the changes of several callers.
type flight struct {
	all  []*passenger
	size int // of their words, in bytes
}

// passenger is one change of a flight. Its caller may have given up.
type passenger struct {
	ctx         context.Context // of its caller
	names, args []string        // see [change.arguments]
	size        int             // of both, in bytes
	reply       []string
	err         error
}

// flights are those of a store: one at a time is under way, and changes that are too large for one.
type flights = coalesce.Runs[struct{}, *flight]

// submit runs the script for a change, and returns what it says of that. If ctx ends before, the change may be made or not.
func (s *Store) submit(ctx context.Context, names, args []string) (reply []string, err error) {
	one := &passenger{ctx: ctx, names: names, args: args, size: size(names) + size(args)}
	alone := func() { s.runAll(ctx, one) }
	if one.size > maxShared {
		alone()
	} else if !s.flights.Add(ctx, struct{}{},
		func(f *flight) bool { return f.admit(one) }, func() *flight { return &flight{[]*passenger{one}, one.size} },
		alone, func(f *flight) { f.depart(s) }) {
		return nil, ctx.Err() // and the change is the flight's
	}
	return one.reply, one.err
}

func (f *flight) admit(one *passenger) bool {
	if f.size+one.size > maxFlight {
		return false
	}
	f.all, f.size = append(f.all, one), f.size+one.size
	return true
}

// depart makes the changes whose callers still wait. It has a time of its own: one caller that gives up takes nothing from the
// others.
func (f *flight) depart(s *Store) {
	present := f.all[:0]
	for _, one := range f.all {
		// Without the error, it would look made if its caller sees the end first.
		if one.err = one.ctx.Err(); one.err == nil {
			present = append(present, one)
		}
	}
	if len(present) > 0 {
		s.runAll(context.Background(), present...)
	}
}

// runAll runs the script once, for changes of callers. If Redis refuses that, nothing was changed. In a state that it is in, Redis refuses all
// changes; any other error of Redis' may be that of one of them, so that each is then tried alone.
func (s *Store) runAll(ctx context.Context, all ...*passenger) {
	bounded, cancel := s.db.Within(ctx)
	defer cancel()
	said, err := s.runScript(bounded, all)
	var refused redis.Error
	if len(all) > 1 && errors.As(err, &refused) && bos.ReasonOf(redisdb.Explain(err)) == "" {
		for _, one := range all {
			s.runAll(ctx, one)
		}
		return
	}
	for i, one := range all {
		one.reply, one.err = nil, err
		if err == nil {
			one.reply, one.err = texts(said[i])
		}
	}
}

// runScript runs the script once, and returns what it says of each change.
func (s *Store) runScript(ctx context.Context, all []*passenger) ([]any, error) {
	k := s.db.Keys
	names := []string{k.Meta(), k.Texts(), k.References(), k.Frozen(), k.Batches(), k.Outbox()}
	args := []any{
		schema.AnswerLife.Milliseconds(), string(bos.StateComplete), logLength, schema.LogLife.Milliseconds(), schema.Version,
		bos.ProgressGap.Milliseconds(), bos.MaxProgress, k.Notices(), len(all),
	}
	words := 0
	for _, one := range all {
		names = append(names, one.names...)
		args = append(args, len(one.names), len(one.args))
		words += len(one.args)
	}
	args = slices.Grow(args, words)
	for _, one := range all {
		for i := range one.args { // there are thousands: each value would be copied
			args = append(args, &one.args[i])
		}
	}
	reply, err := lua.Write.Run(ctx, s.db.Client, names, args...).Result()
	if err != nil {
		return nil, err
	}
	said, _ := reply.([]any)
	if len(said) != len(all) {
		return nil, fmt.Errorf("the write script answered %d changes of %d", len(said), len(all))
	}
	return said, nil
}

// texts are the words that the script says of one change.
func texts(said any) ([]string, error) {
	if err, failed := said.(error); failed {
		return nil, err
	}
	words, _ := said.([]any)
	if len(words) == 0 {
		return nil, fmt.Errorf("the write script answered %v", said)
	}
	reply := make([]string, len(words))
	for i, word := range words {
		reply[i] = redisdb.Text(word)
	}
	return reply, nil
}

func size(words []string) (n int) {
	for _, w := range words {
		n += len(w)
	}
	return n
}
