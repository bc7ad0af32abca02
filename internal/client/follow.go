package client

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"iter"
	"time"

	"github.com/bosgraph/bosgraph/bos"
)

// Event is what a follower of a session receives.
type Event struct {
	Status *Status // newer than the one before; nil if only the connection has changed
	Lost   error   // why there is no connection; nil while there is one
}

// maxSilence is how long a stream may be silent before it is taken for dead. Servers
// say something every 25 s unless configured otherwise, and starting again costs little.
const maxSilence = 65 * time.Second

// maxFirst is how long the first status may take. A server that gets no answer of Redis keeps the stream open, with comments and
// without a status, until Redis is back: an open stream alone does not show that it works.
const maxFirst = 5 * time.Second

// Follow follows a session until it is complete: then it ends without an error. It
// ends with [Deleted] if it was deleted at its source before it was complete, with a
// [Refusal] if the server has no such session or will not show it, with [Lost] if it is
// out of reach, and with the error of ctx.
//
// Statuses come at most once an interval. What came in between is skipped, the last never.
func (c *Client) Follow(ctx context.Context, s bos.SessionKey, interval time.Duration) iter.Seq2[Event, error] {
	return func(yield func(Event, error) bool) {
		f := follower{c: c, session: s, interval: interval, patience: newPatience(c.o.Patience), yield: yield}
		for !f.stopped {
			err := f.stream(ctx)
			switch {
			case f.stopped || f.last != nil && f.last.Status == Complete:
				return // nothing follows that status
			case ctx.Err() != nil:
				f.emit(Event{}, ctx.Err())
				return
			}
			if end := f.patience.over(err); end != nil {
				if NotFound(end) {
					end = c.deleted(ctx, s, end)
				}
				f.emit(Event{}, end)
				return
			}
			f.lost = true
			f.emit(Event{Lost: err}, nil)
			if err := f.patience.wait(ctx); err != nil && !f.stopped {
				f.emit(Event{}, err)
				return
			}
		}
	}
}

// follower is one who follows a session over any number of streams.
type follower struct {
	c        *Client
	session  bos.SessionKey
	interval time.Duration
	patience *patience
	last     *Status
	lost     bool // whether the loss of the connection has been reported
	yield    func(Event, error) bool
	stopped  bool // whether nobody listens any more
}

// emit shows an event, unless nobody listens any more: an iterator must not be called after it
// said so.
func (f *follower) emit(e Event, err error) {
	if !f.stopped {
		f.stopped = !f.yield(e, err)
	}
}

// settled is how long a stream stays open before it counts as one that works, though
// nothing has come: there is nothing to send to who has seen the newest state.
const settled = time.Second

// stream follows one stream to its end. That there is an end is an error, too.
func (f *follower) stream(ctx context.Context) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	answer, err := f.c.send(ctx, typeEvents, f.operation())
	if err != nil {
		return err
	}
	defer answer.Body.Close()
	// Read by a goroutine, because a read can't wait for a timer at the same time. It ends with
	// ctx.
	parts := make(chan part)
	go read(ctx, answer.Body, parts)
	silence := maxSilence
	if f.last == nil {
		silence = maxFirst
	}
	silent, works := time.NewTimer(silence), time.NewTimer(settled)
	defer silent.Stop()
	defer works.Stop()
	for !f.stopped {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-silent.C:
			if f.last == nil {
				return errors.New("the server sends no status: its /readyz says whether Redis answers")
			}
			return errors.New("the server has fallen silent")
		case <-works.C:
			f.well()
		case p := <-parts:
			if err := f.take(p); err != nil {
				return err
			}
			if f.last != nil { // whatever comes is a sign of life then, comments included
				silent.Reset(maxSilence)
			}
		}
	}
	return nil
}

// take takes a part of the stream. Its error ends that.
func (f *follower) take(p part) error {
	switch {
	case errors.Is(p.err, io.EOF) || errors.Is(p.err, io.ErrUnexpectedEOF):
		return errors.New("the connection has been closed")
	case p.err != nil:
		return p.err
	case p.event == "complete":
		return errors.New("the server has ended the subscription")
	case p.event != "next": // a comment, which keeps the connection alive
		f.well()
		return nil
	}
	var r result[struct{ SessionStatusUpdated *Status }]
	if err := json.Unmarshal([]byte(p.data), &r); err != nil {
		return err
	}
	if err := r.err(); err != nil {
		return err
	}
	if r.Data.SessionStatusUpdated == nil {
		return errors.New("the server has sent a result without data")
	}
	f.last, f.lost = r.Data.SessionStatusUpdated, false
	f.patience.well()
	f.emit(Event{Status: f.last}, nil)
	return nil
}

// well notes that the connection works, which nothing shows before the first status.
func (f *follower) well() {
	if f.last == nil {
		return
	}
	f.patience.well()
	if f.lost {
		f.lost = false
		f.emit(Event{}, nil)
	}
}

// operation asks for what is newer than the last status.
func (f *follower) operation() request {
	v := variablesOf(f.session)
	v["interval"], v["groups"] = f.interval.Milliseconds(), Groups
	// With the epoch: a revision of another epoch says nothing about which of two states is
	// newer.
	if f.last != nil {
		v["revision"], v["epoch"] = f.last.Revision, f.last.Epoch
	}
	return request{Query: followStatus, Variables: v}
}
