package feed

import (
	"context"

	"github.com/redis/go-redis/v9"

	"github.com/bosgraph/bosgraph/bos"
)

// connection is one connection of a feed, from its opening to its loss. By default
// go-redis reconnects without reporting the gap in which notices are lost. So a
// connection is never repaired: the feed opens another.
type connection struct {
	feed    *Feed
	pubsub  *redis.PubSub
	once    context.Context // has ended: go-redis does not dial again with it
	ended   chan struct{}   // closed when it is lost
	up      bool            // whether it was subscribed at all; settled once it has ended
	notices []bos.Notice    // of the last message
}

// connect makes the feed's next connection, subscribed. In a cluster its channels take it to the namespace's own node.
func (f *Feed) connect(ctx context.Context) (*connection, error) {
	// A node that hangs takes a connection, and a subscriber would wait for its first
	// answer all the while that another node has taken its place.
	if err := f.db.Cleared(ctx); err != nil {
		return nil, err
	}
	// What is written from here on comes in a message, or was missed. Without an answer the first probe says where it begins.
	var next int64
	if at, err := f.db.PositionAfter(ctx, f.last()); err == nil {
		next = at.Revision + 1
	}
	once, end := context.WithCancel(ctx)
	end()
	l := &connection{feed: f, pubsub: f.db.Client.Subscribe(once), once: once, ended: make(chan struct{})}
	ctx, cancel := f.db.Within(ctx)
	defer cancel()
	if err := l.pubsub.Subscribe(ctx, f.db.Keys.Notices(), f.probes); err != nil {
		_ = l.pubsub.Close()
		return nil, err
	}
	f.connected(next)
	return l, nil
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
			l.subscribed(m.Channel)
		case *redis.Message:
			l.receive(m)
		}
	}
}

// subscribed notes that Redis has subscribed it to that channel.
func (l *connection) subscribed(channel string) {
	if channel == l.feed.probes {
		ProbeNow(l.feed)
		return
	}
	l.up = true
	l.feed.listener.Subscribed()
}

// receive reports what a message says.
func (l *connection) receive(m *redis.Message) {
	f := l.feed
	if m.Channel == f.probes {
		at, missed := f.proof(m.Payload)
		f.listener.Alive(at.Epoch, at.Revision, missed)
		return
	}
	var first, last int64
	l.notices, first, last = parse(l.notices[:0], m.Payload)
	f.reached(first, last)
	if len(l.notices) > 0 {
		f.listener.Changed(l.notices)
	}
}
