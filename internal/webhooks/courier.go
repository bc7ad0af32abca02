package webhooks

import (
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/bosgraph/bosgraph/bos"
)

// courier sends to one target, for one tenure.
type courier struct {
	s      *Sender
	config *Config
	target *Target
	store  Store
	wake   chan struct{} // something was queued
	queue  queue
	state  State

	disabled atomic.Bool // as the state says
}

// State is what is kept of a target.
type State struct {
	Config   string    `json:"config"`            // a digest of its configuration
	Seen     time.Time `json:"seen"`              // when a sender last had it in its configuration
	Failing  time.Time `json:"failing,omitzero"`  // since when it accepts nothing
	Disabled time.Time `json:"disabled,omitzero"` // since when it wants no more requests
	Reason   string    `json:"reason,omitempty"`  // of the last failure
	Accepted time.Time `json:"accepted,omitzero"` // when it began to accept what is sent
	Removed  time.Time `json:"removed,omitzero"`  // since when the sender does not have it in its configuration
}

// loadEvery is how often a queue is read though nothing is known to have been added: by the command
// that retries.
const loadEvery = 2 * time.Second

// finished is a delivery whose request has an answer.
type finished struct {
	d *delivery
	result
}

// run sends until ctx ends.
func (c *courier) run(ctx context.Context) {
	results := make(chan finished)
	var flying sync.WaitGroup
	defer flying.Wait()
	timer, seen := time.NewTimer(0), time.NewTicker(seenEvery)
	defer timer.Stop()
	defer seen.Stop()
	var load time.Time // when the queue is to be read
	var more bool      // it may have more than was read
	for {
		now := c.s.o.Now()
		if room := c.queue.room(); room > 0 && !now.Before(load) {
			read, err := c.store.Queued(ctx, c.target.Name, c.queue.last(), room)
			if err != nil {
				c.s.trouble(ctx, err)
			}
			c.queue.add(read)
			load, more = now.Add(loadEvery), len(read) == room
		}
		// What a target that accepts nothing is spared is given up, too, when its time has come.
		over := c.queue.expired(now, c.target.giveUp)
		if c.disabled.Load() {
			over = slices.Clone(c.queue.pending)
		}
		if c.giveUp(ctx, over); len(over) > 0 && more {
			load = now // there may be others behind them
		}
		for d := c.queue.next(now); d != nil; d = c.queue.next(now) {
			flying.Go(func() {
				r := finished{d, c.attempt(ctx, d)}
				select {
				case results <- r:
				case <-ctx.Done():
				}
			})
		}
		at := c.queue.due()
		if c.queue.room() > 0 && (at.IsZero() || load.Before(at)) {
			at = load
		} else if at.IsZero() { // only an answer can bring something
			at = now.Add(loadEvery)
		}
		timer.Reset(max(at.Sub(c.s.o.Now()), 0))
		select {
		case <-ctx.Done():
			return
		case <-c.wake:
			load = time.Time{}
		case <-seen.C:
			c.note(ctx, c.state)
		case <-timer.C:
		case r := <-results:
			c.settle(ctx, r)
			if more && c.queue.room() > window/2 {
				load = time.Time{}
			}
		}
	}
}

// attempt sends one delivery. Its body is made once, and again only by another sender.
func (c *courier) attempt(ctx context.Context, d *delivery) result {
	if d.body == nil {
		var body []byte
		var err error
		c.must(ctx, func() error {
			body, err = c.body(ctx, &d.Event)
			if bos.CodeOf(err) == bos.Unavailable { // the fault of Redis, and not of the target
				return err
			}
			return nil
		})
		if err != nil {
			return result{reason: clip("its body can't be made: " + err.Error())}
		}
		d.body = body
	}
	return c.target.send(ctx, d.Event.ID, d.body)
}

// body reads what an event does not hold itself: the errors and the details of its session, which are
// not there any more if a producer has deleted it.
func (c *courier) body(ctx context.Context, e *bos.Event) ([]byte, error) {
	if s := e.Session; s != nil {
		found, err := c.store.ReadSessions(ctx, []bos.SessionRead{{
			SessionKey: s.SessionKey, Incarnation: s.Incarnation, Want: bos.Want{Details: true, Status: true, Groups: errorGroups, GroupCount: true},
		}})
		if err != nil {
			return nil, err
		}
		if now := found[0]; now != nil {
			s.Details, s.Status.Errors, s.Status.GroupCount = now.Details, now.Status.Errors, now.Status.GroupCount
		}
	}
	return c.config.body(c.target, e, c.s.o.Namespace)
}

// settle does what the answer to a delivery asks for.
func (c *courier) settle(ctx context.Context, r finished) {
	now := c.s.o.Now()
	name := c.target.Name
	switch {
	case ctx.Err() != nil:
		return
	case r.accepted:
		c.queue.accepted(r.d)
		c.s.count(func(t *Counts) { t.Delivered++ })
		c.must(ctx, func() error { return c.store.Delivered(ctx, name, r.d.Position) })
		if !c.state.Failing.IsZero() && !c.queue.troubled() { // one of several that get through is no recovery
			c.s.o.Log.Info("webhook target accepts events again", "target", name, "took", now.Sub(c.state.Failing).Round(time.Second))
			c.note(ctx, State{Accepted: now})
		}
	case r.gone:
		c.queue.failed(r.d, now, r.reason, 0)
		c.s.count(func(t *Counts) { t.Failed++ })
		if c.disabled.Load() { // by another request under way
			return
		}
		c.s.o.Log.Error("webhook target disabled: it wants no more requests; change its configuration to enable it", "target", name, "reason", r.reason)
		c.note(ctx, State{Disabled: now, Reason: r.reason})
	default:
		c.queue.failed(r.d, now, r.reason, r.asked)
		c.s.count(func(t *Counts) { t.Failed++ })
		if c.state.Failing.IsZero() {
			c.s.o.Log.Warn("webhook target does not accept events; trying again", "target", name, "reason", r.reason)
			c.note(ctx, State{Failing: now, Reason: r.reason})
		}
		c.must(ctx, func() error { return c.store.Failed(ctx, name, r.d.Delivery) })
	}
}

// giveUp gives deliveries up, but for those under way: they come back with an answer.
func (c *courier) giveUp(ctx context.Context, all []*delivery) {
	level := slog.LevelWarn
	if c.disabled.Load() { // which was reported, with the reason
		level = slog.LevelDebug
	}
	for _, d := range all {
		if d.flying || ctx.Err() != nil {
			continue
		}
		if d.Reason == "" {
			d.Reason = "it was not tried, because others were not accepted: " + c.state.Reason
		}
		c.queue.remove(d)
		c.must(ctx, func() error { return c.store.GiveUp(ctx, c.target.Name, d.Delivery) })
		c.s.count(func(t *Counts) { t.GivenUp++ })
		c.s.o.Log.Log(ctx, level, "gave up a webhook event", "target", c.target.Name, "event", d.Event.Kind, "id", d.Event.ID, "attempts", d.Attempts, "reason", d.Reason)
	}
}

// note keeps the state of the target, for the next sender and for people.
func (c *courier) note(ctx context.Context, s State) {
	s.Config, s.Seen = c.target.digest, c.s.o.Now()
	c.state = s
	c.disabled.Store(!s.Disabled.IsZero())
	text, _ := json.Marshal(s) // it always can
	c.must(ctx, func() error { return c.store.NoteTarget(ctx, c.target.Name, string(text)) })
}

// must does something in the store until that has worked or the tenure has ended: an event whose end is
// not noted would be sent again.
func (c *courier) must(ctx context.Context, do func() error) {
	for {
		err := do()
		if err == nil || errors.Is(err, bos.ErrTenureEnded) || ctx.Err() != nil {
			return
		}
		c.s.trouble(ctx, err)
		select {
		case <-time.After(beat):
		case <-ctx.Done():
		}
	}
}
