// Package load is the process that loads a server: it publishes updates and watches
// them arrive, over thousands of connections. It is one process, so that sending
// and receiving go by one clock, and it is not the benchmark's own, so that it has
// a heap of its own.
package load

import (
	"context"
	"errors"
	"strconv"
	"sync/atomic"
	"syscall"
	"time"
)

// subscription is what everybody watches where nothing else is said: a message is
// about 650 bytes.
const subscription = `subscription ($name: String!) { sessionStatusUpdated(name: $name) {
  revision epoch status managedComponentsCount percentStaged percentSuccessful percentFailed
  phases { percentComplete percentConfiguring percentPoweringOff percentPoweringOn }
  counts { managed staged successful failed complete configuring poweringOff poweringOn active }
  timing { startTime endTime duration durationSeconds }
  fromSnapshot stale asOf
} }`

// Crowd are the clients of one server, and what they watch.
type Crowd struct {
	Address   string   // of the server
	Redis     string   // URL
	Clients   int      // that read
	Stuck     int      // that subscribe and never read
	Sessions  []string // the clients watch them by turns
	Documents []string // what they select, by turns; none for all of the status but the error summary
	SameID    bool     // of all subscriptions; else each has its own
	List      bool     // the documents are about all sessions: each update goes to every client
	Shown     bool     // the server begins with the state as it is: nothing is published to greet the clients
	Protocol  Protocol // that the server speaks
	Dialers   int      // clients that connect at the same time; 0 for 32
}

// crowd is a connected Crowd.
type crowd struct {
	Crowd
	publisher *publisher
	clients   []*client
	poll      *poll
	arrival   atomic.Pointer[arrival]
	size      atomic.Int64 // of such a message, in bytes
	window    atomic.Pointer[window]
	journal   atomic.Pointer[journal]
	batches   int                   // that each writer has written
	lost      atomic.Int64          // clients whose connection has ended
	reason    atomic.Pointer[error] // why the first was lost
}

// window is a stretch of scheduled updates. A latency is counted from the moment for which an
// update was scheduled, not from when it was made: otherwise a stalled server would delay the
// publisher, and with that hide its own delay. So many sessions are updated at one moment: all of
// them, as a sweep over a system's components does, or one.
type window struct {
	first, last int64 // revisions
	start       time.Time
	every       time.Duration // between two such moments
	together    int           // sessions updated at one
	latencies   histogram
}

// at is when the nth update is to be made.
func (w *window) at(n int) time.Time {
	return w.start.Add(time.Duration(n/w.together) * w.every)
}

// due is how many updates should have been made by now.
func (w *window) due() int {
	return (int(time.Since(w.start)/w.every) + 1) * w.together
}

// gather connects everybody, and returns when each client has had a message.
func gather(ctx context.Context, c Crowd) (*crowd, error) {
	p, err := newPublisher(ctx, c)
	if err != nil {
		return nil, err
	}
	if len(c.Documents) == 0 {
		c.Documents = []string{subscription}
	}
	if c.Dialers == 0 {
		c.Dialers = 32
	}
	all := &crowd{Crowd: c, publisher: p}
	if err := all.arrive(ctx); err != nil {
		return nil, errors.Join(err, all.leave())
	}
	return all, nil
}

// connect connects a client. The stuck ones come last, and are never polled.
func (c *crowd) connect(i int) (err error) {
	id := "1"
	if !c.SameID {
		id = strconv.Itoa(i)
	}
	watch := subject{c.Documents[i%len(c.Documents)], c.Sessions[i%len(c.Sessions)], id}
	if c.clients[i], err = join(c.Address, c.Protocol, watch, i >= c.Clients); err != nil || i >= c.Clients {
		return err
	}
	return c.poll.add(i, c.clients[i])
}

// loss is why the first connection was lost, if one was.
func (c *crowd) loss() error {
	if reason := c.reason.Load(); reason != nil {
		return *reason
	}
	return nil
}

// read notes what has arrived at a client, and says whether there may come more.
func (c *crowd) read(one *client) bool {
	err := one.fill()
	for err == nil {
		op, payload, size, bad := parseFrame(one.buffer[one.start:one.end])
		if size == 0 && bad == nil {
			return true
		}
		one.start += size
		if op == opText && c.shown(one, payload) {
			continue
		}
		if err = bad; err == nil {
			err = one.answer(op, payload)
		}
	}
	c.lost.Add(1)
	c.reason.CompareAndSwap(nil, &err)
	return false
}

// shown notes the revisions that a message shows, and says whether there are any. One of Centrifugo
// may be several messages.
func (c *crowd) shown(one *client, payload []byte) (any bool) {
	for rest := payload; ; any = true {
		r, after, ok := revision(rest)
		if !ok {
			return any
		}
		if !one.greeted {
			one.greeted = true
			c.size.Store(int64(len(payload)))
			c.arrival.Load().add()
		}
		c.note(one, r, len(payload))
		rest = after
	}
}

// note counts a message that shows a revision, and how late it came.
func (c *crowd) note(one *client, shown int64, size int) {
	if j := c.journal.Load(); j != nil {
		j.add(sighting{one, shown, time.Now(), size})
	}
	if w := c.window.Load(); w != nil && w.first <= shown && shown <= w.last {
		w.latencies.add(time.Since(w.at(int(shown - w.first))))
	}
}

// leave closes all connections.
func (c *crowd) leave() error {
	return errors.Join(c.drop(), c.publisher.close())
}

// drop closes the connections of all clients.
func (c *crowd) drop() error {
	var err error
	if c.poll != nil {
		err = c.poll.close()
	}
	for _, one := range c.clients {
		if one != nil {
			err = errors.Join(err, one.wire.Close())
		}
	}
	c.poll, c.clients = nil, nil
	return err
}

// computing is the computing time that this process has used.
func computing() (time.Duration, error) {
	var used syscall.Rusage
	err := syscall.Getrusage(syscall.RUSAGE_SELF, &used)
	return time.Duration(used.Utime.Nano() + used.Stime.Nano()), err
}
