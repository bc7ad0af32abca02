package feed

import (
	"cmp"
	"context"
	"slices"
	"strings"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/bosgraph/bosgraph/bos"
	"github.com/bosgraph/bosgraph/cache/internal/redisdb"
)

// connection is one connection of a feed, from its opening to its loss. By default
// go-redis reconnects without reporting the gap in which notices are lost. So a
// connection is never repaired: the feed opens another.
type connection struct {
	feed   *Feed
	pubsub *redis.PubSub
	once   context.Context // has ended: go-redis does not dial again with it
	ended  chan struct{}   // closed when it is lost
	up     bool            // whether it was subscribed at all; settled once it has ended

	// Under the feed's lock.
	turned   map[string]bool // channels that are to be looked at
	channels map[string]*subscription
}

// subscription is what was sent about a channel, and how much of it Redis has yet
// to acknowledge: of a channel that is left and joined again in no time, only the
// last acknowledgement says that from now on everything is received.
type subscription struct {
	on         bool
	unanswered int
}

// connect makes the feed's next connection, subscribed to what is always wanted. In a
// cluster those channels take it to the namespace's own node.
func (f *Feed) connect(ctx context.Context) (*connection, error) {
	// A node that hangs takes a connection, and a subscriber would wait for its first
	// answer all the while that another node has taken its place.
	if err := f.db.Cleared(ctx); err != nil {
		return nil, err
	}
	once, end := context.WithCancel(ctx)
	end()
	l := &connection{
		feed: f, pubsub: f.db.Client.Subscribe(once), once: once, ended: make(chan struct{}),
		turned: map[string]bool{}, channels: map[string]*subscription{},
	}
	ctx, cancel := context.WithTimeout(ctx, f.db.Timeout)
	defer cancel()
	if err := l.pubsub.Subscribe(ctx, f.db.Keys.ListNotices(), f.probes); err != nil {
		_ = l.pubsub.Close()
		return nil, err
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	for channel := range f.wanted {
		l.turned[channel] = true
	}
	f.conn, f.proved = l, time.Now()
	return l, nil
}

// hangUp closes the connection; its reader ends with that.
func (f *Feed) hangUp(l *connection) {
	_ = l.pubsub.Close() // fails only if it is closed already
	f.mu.Lock()
	defer f.mu.Unlock()
	f.conn = nil
}

// channelChunk is how many channels one command names.
const channelChunk = 500

// subscribe sends the channels that are newly wanted, and those that are not wanted any more. It subscribes
// to a channel that was left and is wanted again even if Redis has seen neither
// command: who watches it now has yet to be notified that it is subscribed.
func (l *connection) subscribe() error {
	join, leave := l.turns()
	if err := l.send(join, l.pubsub.Subscribe, l.pubsub.PSubscribe); err != nil {
		return err
	}
	return l.send(leave, l.pubsub.Unsubscribe, l.pubsub.PUnsubscribe)
}

// send sends a command for the channels, and its like for the pattern among them.
func (l *connection) send(channels []string, command, ofPattern func(context.Context, ...string) error) error {
	if at := slices.Index(channels, l.feed.db.Keys.AllNotices()); at >= 0 {
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
func (l *connection) turns() (join, leave []string) {
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

// read passes what comes to the listener, until nothing does any more. It waits without
// a deadline: one that passes in the midst of a message would leave the rest of it
// to be taken for the next.
func (l *connection) read() {
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
			l.receive(m)
		}
	}
}

// acknowledged notes that Redis has executed a command for that channel.
func (l *connection) acknowledged(channel string) {
	f := l.feed
	switch channel {
	case f.db.Keys.ListNotices():
		l.up = true
		f.listener.ListSubscribed()
	case f.probes:
		ProbeNow(f)
	default:
		if !l.settled(channel) {
			return
		}
		if channel == f.db.Keys.AllNotices() {
			f.listener.ListSubscribed()
		} else {
			f.listener.Subscribed(f.db.Keys.Noticed(channel))
		}
	}
}

// settled counts an acknowledgement, and says whether the channel is wanted and
// everything is received of it from now on.
func (l *connection) settled(channel string) bool {
	l.feed.mu.Lock()
	defer l.feed.mu.Unlock()
	l.channels[channel].unanswered--
	received := l.received(channel)
	l.forget(channel)
	return received
}

// received says whether what comes by a channel is to be reported.
func (l *connection) received(channel string) bool {
	s := l.channels[channel]
	return s != nil && s.on && s.unanswered == 0 && l.feed.wanted[channel] > 0
}

// forget drops a channel of which nothing more is to come.
func (l *connection) forget(channel string) {
	if s := l.channels[channel]; !s.on && s.unanswered == 0 {
		delete(l.channels, channel)
	}
}

// receive reports what a message says. One that cannot be read says at least that there
// was something.
func (l *connection) receive(m *redis.Message) {
	f := l.feed
	switch m.Channel {
	case f.probes:
		epoch, revision, _ := strings.Cut(m.Payload, " ")
		at := redisdb.Position{Epoch: epoch, Revision: redisdb.ParseRevision(revision)}
		f.proof(at)
		f.listener.Alive(at.Epoch, at.Revision)
	case f.db.Keys.ListNotices():
		revision, scope, _ := strings.Cut(m.Payload, " ")
		f.listener.ListChanged(bos.ParseSessionKey(scope), f.reached(revision))
	default:
		revision := f.reached(m.Payload)
		f.mu.Lock()
		received := l.received(cmp.Or(m.Pattern, m.Channel))
		f.mu.Unlock()
		if received {
			f.listener.Changed(f.db.Keys.Noticed(m.Channel), revision)
		}
	}
}
