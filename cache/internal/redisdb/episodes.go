package redisdb

import (
	"cmp"
	"context"
	"errors"
	"log/slog"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/bosgraph/bosgraph/bos"
)

// quiet is how long a state of Redis must not have been met before it counts as over: one
// that comes and goes is one episode, and writes a line at most so often.
const quiet = 5 * time.Second

// Episodes logs the states of Redis: one line when one begins, with Redis' own words, and
// one when it is over, however many requests meet it. It is a hook of the client, so
// that no command goes past it. It is safe for concurrent use.
type Episodes struct {
	Log  *slog.Logger
	now  func() time.Time
	some atomic.Bool // there are open ones: the only thing that a command in good times looks at

	mu   sync.Mutex
	open map[bos.Reason]*episode
}

// episode is one state from its first sign to its end.
type episode struct {
	state    *state
	since    time.Time
	last     time.Time // when it was met last
	failures int
	kind     string // of the command that met it last
	passed   bool   // one that it affects has succeeded since
}

// NewEpisodes makes them; a nil log discards its lines.
func NewEpisodes(log *slog.Logger) *Episodes {
	if log == nil {
		log = slog.New(slog.DiscardHandler)
	}
	return &Episodes{Log: log, now: time.Now, open: map[bos.Reason]*episode{}}
}

// DialHook implements [redis.Hook]. What fails there fails the command, too.
func (e *Episodes) DialHook(next redis.DialHook) redis.DialHook { return next }

// ProcessHook implements [redis.Hook].
func (e *Episodes) ProcessHook(next redis.ProcessHook) redis.ProcessHook {
	return func(ctx context.Context, cmd redis.Cmder) error {
		err := next(ctx, cmd)
		e.saw(ctx, cmd, err)
		return err
	}
}

// ProcessPipelineHook implements [redis.Hook].
func (e *Episodes) ProcessPipelineHook(next redis.ProcessPipelineHook) redis.ProcessPipelineHook {
	return func(ctx context.Context, cmds []redis.Cmder) error {
		err := next(ctx, cmds)
		// A transaction is one command of its own kind: Redis may refuse it in a state in which each of its commands succeeds
		// alone, which so does not show that the state is over.
		if begins := cmds[0]; begins.Name() == "multi" {
			e.saw(ctx, begins, refusal(err, cmds))
			return err
		}
		for _, cmd := range cmds {
			e.saw(ctx, cmd, cmd.Err())
		}
		return err
	}
}

// saw notes how a command went. One that its caller has given up says nothing of Redis.
func (e *Episodes) saw(ctx context.Context, cmd redis.Cmder, err error) {
	switch {
	case err == nil, errors.Is(err, redis.Nil):
		if e.some.Load() {
			e.succeeded(kindOf(cmd))
		}
	case errors.Is(err, context.Canceled), errors.Is(err, redis.ErrClosed), ctx.Err() == context.Canceled, givenUp(ctx, err):
	case ctx.Value(unobserved{}) != nil:
	default:
		if s := stateOf(err); s != nil {
			e.met(s, kindOf(cmd), err)
		}
	}
}

// kindOf distinguishes commands by the rights and the state of Redis that they need: scripts,
// which have one name, by their digest.
func kindOf(cmd redis.Cmder) string {
	name := cmd.Name()
	if args := cmd.Args(); len(args) > 1 && (name == "evalsha" || name == "evalsha_ro") {
		if sha, ok := args[1].(string); ok {
			return name + " " + sha
		}
	}
	return name
}

// Met notes that a state of that reason was met otherwise than by a command.
func (e *Episodes) Met(reason bos.Reason, err error) { e.met(states[reason], "", err) }

// met notes that a command met a state.
func (e *Episodes) met(s *state, kind string, err error) {
	e.mu.Lock()
	now := e.now()
	at := e.open[s.reason]
	begins := at == nil
	if begins {
		at = &episode{state: s, since: now}
		e.open[s.reason] = at
		e.some.Store(true)
	}
	at.last, at.kind, at.passed = now, kind, false
	at.failures++
	e.mu.Unlock()
	if begins {
		e.Log.Error(s.log, "reason", s.reason, "error", err)
	}
}

// succeeded ends what a success of such a command shows to be over.
func (e *Episodes) succeeded(kind string) {
	e.end(func(at *episode) bool { return at.state.wide || at.kind == kind })
}

// Over ends an episode of which something else than a command shows that it is over.
func (e *Episodes) Over(reason bos.Reason) {
	if !e.some.Load() {
		return
	}
	e.end(func(at *episode) bool { return at.state.reason == reason })
}

// end notes that those episodes have passed, and ends them if they were not met for a while.
func (e *Episodes) end(is func(*episode) bool) {
	e.mu.Lock()
	var ended []*episode
	now := e.now()
	for reason, at := range e.open {
		at.passed = at.passed || is(at)
		if at.passed && now.Sub(at.last) >= quiet {
			ended = append(ended, at)
			delete(e.open, reason)
		}
	}
	e.some.Store(len(e.open) > 0)
	e.mu.Unlock()
	for _, at := range ended {
		e.Log.Info("Redis recovered", "reason", at.state.reason, "took", now.Sub(at.since).Round(time.Millisecond), "failures", at.failures)
	}
}

// Problems are the states that were met last time, in order of their reasons.
func (e *Episodes) Problems() []bos.Problem {
	e.mu.Lock()
	defer e.mu.Unlock()
	all := make([]bos.Problem, 0, len(e.open))
	for _, at := range e.open {
		if at.passed {
			continue
		}
		all = append(all, bos.Problem{Reason: at.state.reason, Message: at.state.message, Since: at.since})
	}
	slices.SortFunc(all, func(a, b bos.Problem) int { return cmp.Compare(a.Reason, b.Reason) })
	return all
}

// unobserved marks a context whose commands say nothing of whether Redis serves requests.
type unobserved struct{}

// Unobserved returns a context whose commands begin and end no episode.
func Unobserved(ctx context.Context) context.Context {
	return context.WithValue(ctx, unobserved{}, true)
}
