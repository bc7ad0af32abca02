package cache

import (
	"cmp"
	"context"
	"slices"
	"strings"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/bosgraph/bosgraph/bos"
)

// line is one connection of a feed, from its making to its loss. Left to itself,
// go-redis dials again behind our back, for as long as Redis lets it wait, with
// nothing said of the gap. So a line is never mended: the feed makes another.
type line struct {
	feed   *Feed
	pubsub *redis.PubSub
	once   context.Context // has ended: go-redis does not dial again with it
	ended  chan struct{}   // closed when it is lost
	up     bool            // whether it came to hear anything; settled once it has ended

	// Under the feed's lock.
	turned   map[string]bool // channels that are to be looked at
	channels map[string]*subscription
}

// subscription is what was sent about a channel, and how much of it Redis has yet
// to acknowledge: of a channel that is left and joined again in no time, only the
// last acknowledgement says that from now on everything is heard.
type subscription struct {
	on         bool
	unanswered int
}

// connect makes the feed's next line, subscribed to what is always wanted. In a
// cluster those channels take it to the namespace's own node.
func (f *Feed) connect(ctx context.Context) (*line, error) {
	once, end := context.WithCancel(ctx)
	end()
	l := &line{
		feed: f, pubsub: f.store.client.Subscribe(once), once: once, ended: make(chan struct{}),
		turned: map[string]bool{}, channels: map[string]*subscription{},
	}
	ctx, cancel := context.WithTimeout(ctx, f.store.options.Timeout)
	defer cancel()
	if err := l.pubsub.Subscribe(ctx, f.store.keys.listNotices(), f.probes); err != nil {
		_ = l.pubsub.Close()
		return nil, err
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	for channel := range f.wanted {
		l.turned[channel] = true
	}
	f.line, f.proved = l, time.Now()
	return l, nil
}

// hangUp closes the line; its reader ends with that.
func (f *Feed) hangUp(l *line) {
	_ = l.pubsub.Close() // fails only if it is closed already
	f.mu.Lock()
	defer f.mu.Unlock()
	f.line = nil
}

// channelChunk is how many channels one command names.
const channelChunk = 500

// subscribe sends what has come to be wanted, or has ceased to be. It subscribes
// to a channel that was left and is wanted again even if Redis was not told of
// either: whoever watches it now has yet to hear that it is subscribed.
func (l *line) subscribe() error {
	join, leave := l.turns()
	if err := l.send(join, l.pubsub.Subscribe, l.pubsub.PSubscribe); err != nil {
		return err
	}
	return l.send(leave, l.pubsub.Unsubscribe, l.pubsub.PUnsubscribe)
}

// send sends a command for the channels, and its like for the pattern among them.
func (l *line) send(channels []string, command, ofPattern func(context.Context, ...string) error) error {
	if at := slices.Index(channels, l.feed.store.keys.allNotices()); at >= 0 {
		if err := ofPattern(l.once, channels[at]); err != nil {
			return err
		}
		channels = slices.Delete(channels, at, at+1)
	}
	for part := range slices.Chunk(channels, channelChunk) {
		if err := command(l.once, part...); err != nil {
			return err
		}
	}
	return nil
}

// turns takes what is to be subscribed and unsubscribed.
func (l *line) turns() (join, leave []string) {
	f := l.feed
	f.mu.Lock()
	defer f.mu.Unlock()
	for channel := range l.turned {
		s := l.channels[channel]
		if s == nil {
			s = &subscription{}
			l.channels[channel] = s
		}
		was := s.on
		s.on = f.wanted[channel] > 0
		switch {
		case s.on:
			join = append(join, channel)
		case was:
			leave = append(leave, channel)
		default: // it was wanted for a moment only
			l.forget(channel)
			continue
		}
		s.unanswered++
	}
	clear(l.turned)
	return join, leave
}

// read tells the listener what comes, until nothing does any more. It waits without
// a deadline: one that passes in the midst of a message would leave the rest of it
// to be taken for the next.
func (l *line) read() {
	defer close(l.ended)
	for {
		received, err := l.pubsub.Receive(l.once)
		if err != nil {
			return
		}
		switch m := received.(type) {
		case *redis.Subscription:
			l.acknowledged(m.Channel)
		case *redis.Message:
			l.hear(m)
		}
	}
}

// acknowledged is told that Redis has carried out a command for that channel.
func (l *line) acknowledged(channel string) {
	f := l.feed
	switch channel {
	case f.store.keys.listNotices():
		l.up = true
		f.listener.ListSubscribed()
	case f.probes:
		poke(f.probeNow)
	default:
		if !l.settled(channel) {
			return
		}
		if channel == f.store.keys.allNotices() {
			f.listener.ListSubscribed()
		} else {
			f.listener.Subscribed(f.store.keys.noticed(channel))
		}
	}
}

// settled counts an acknowledgement, and says whether the channel is wanted and
// everything is heard of it from now on.
func (l *line) settled(channel string) bool {
	l.feed.mu.Lock()
	defer l.feed.mu.Unlock()
	l.channels[channel].unanswered--
	heard := l.heard(channel)
	l.forget(channel)
	return heard
}

// heard says whether what comes by a channel is to be told.
func (l *line) heard(channel string) bool {
	s := l.channels[channel]
	return s != nil && s.on && s.unanswered == 0 && l.feed.wanted[channel] > 0
}

// forget drops a channel of which nothing more is to come.
func (l *line) forget(channel string) {
	if s := l.channels[channel]; !s.on && s.unanswered == 0 {
		delete(l.channels, channel)
	}
}

// hear tells what a message says. One that can't be read says at least that there
// was something.
func (l *line) hear(m *redis.Message) {
	f := l.feed
	switch m.Channel {
	case f.probes:
		epoch, revision, _ := strings.Cut(m.Payload, " ")
		at := position{epoch, parseRevision(revision)}
		f.proof(at)
		f.listener.Alive(at.epoch, at.revision)
	case f.store.keys.listNotices():
		revision, scope, _ := strings.Cut(m.Payload, " ")
		f.listener.ListChanged(bos.ParseSessionKey(scope), f.reached(revision))
	default:
		revision := f.reached(m.Payload)
		f.mu.Lock()
		heard := l.heard(cmp.Or(m.Pattern, m.Channel))
		f.mu.Unlock()
		if heard {
			f.listener.Changed(f.store.keys.noticed(m.Channel), revision)
		}
	}
}
