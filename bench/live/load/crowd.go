// Package load is the process that loads a server: it publishes updates and watches
// them arrive, over thousands of connections. It is one process, so that sending
// and receiving go by one clock, and it is not the benchmark's own, so that it has
// a heap of its own.
package load

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"sync"
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
	Shown     bool     // the server begins with the state as it is: nothing is published to greet the clients
}

// crowd is a connected Crowd.
type crowd struct {
	Crowd
	publisher *publisher
	clients   []*client
	poll      *poll
	greeted   atomic.Int64 // clients that have had a message
	size      atomic.Int64 // of such a message, in bytes
	window    atomic.Pointer[window]
	journal   atomic.Pointer[journal]
	batches   int                   // that each writer has written
	lost      atomic.Int64          // clients whose connection has ended
	reason    atomic.Pointer[error] // why the first was lost
}

// window is a stretch of scheduled updates. All sessions are updated together, as a
// sweep over a system's components does.
type window struct {
	first, last int64 // revisions
	start       time.Time
	every       time.Duration // between two such sweeps
	sessions    int
	latencies   histogram
}

// at is when the nth update is to be made.
func (w *window) at(n int) time.Time {
	return w.start.Add(time.Duration(n/w.sessions) * w.every)
}

// due is how many updates should have been made by now.
func (w *window) due() int {
	return (int(time.Since(w.start)/w.every) + 1) * w.sessions
}

const dialers = 32 // clients that connect at the same time

// gather connects everybody, and returns when each client has had a message.
func gather(ctx context.Context, c Crowd) (*crowd, error) {
	p, err := newPublisher(ctx, c.Redis, c.Sessions)
	if err != nil {
		return nil, err
	}
	if len(c.Documents) == 0 {
		c.Documents = []string{subscription}
	}
	all := &crowd{Crowd: c, publisher: p, clients: make([]*client, c.Clients+c.Stuck)}
	var next atomic.Int64
	errs := make([]error, dialers)
	var dialing sync.WaitGroup
	for d := range dialers {
		dialing.Go(func() {
			for errs[d] == nil {
				i := int(next.Add(1)) - 1
				if i >= len(all.clients) {
					return
				}
				errs[d] = all.connect(i)
			}
		})
	}
	dialing.Wait()
	if err := errors.Join(errs...); err != nil {
		return nil, errors.Join(err, all.leave())
	}
	if all.poll, err = newPoll(all.clients[:c.Clients], all.read); err != nil {
		return nil, errors.Join(err, all.leave())
	}
	if err := all.greet(ctx); err != nil {
		return nil, errors.Join(err, all.leave())
	}
	return all, nil
}

// connect connects a client. The stuck ones come last.
func (c *crowd) connect(i int) (err error) {
	id := "1"
	if !c.SameID {
		id = strconv.Itoa(i)
	}
	watch := subject{c.Documents[i%len(c.Documents)], c.Sessions[i%len(c.Sessions)], id}
	c.clients[i], err = join(c.Address, watch, i >= c.Clients)
	return err
}

// greet waits until everybody has had a message. It updates each session meanwhile,
// unless the server begins with the state as it is, which not all do.
func (c *crowd) greet(ctx context.Context) error {
	for range int(patience.Seconds()) {
		if !c.Shown {
			if err := c.publisher.publish(ctx, len(c.Sessions)); err != nil {
				return err
			}
		}
		time.Sleep(time.Second)
		if int(c.greeted.Load()) == c.Clients {
			return nil
		}
	}
	return errors.Join(fmt.Errorf("%d of %d clients have seen nothing", c.Clients-int(c.greeted.Load()), c.Clients), c.loss())
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
		if r, ok := revision(payload); ok && op == opText {
			if !one.greeted {
				one.greeted = true
				c.size.Store(int64(len(payload)))
				c.greeted.Add(1)
			}
			c.note(one, r, len(payload))
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
	var err error
	if c.poll != nil {
		err = c.poll.close()
	}
	for _, one := range c.clients {
		if one != nil {
			err = errors.Join(err, one.wire.Close())
		}
	}
	return errors.Join(err, c.publisher.redis.Close())
}

// computing is the computing time that this process has used.
func computing() (time.Duration, error) {
	var used syscall.Rusage
	err := syscall.Getrusage(syscall.RUSAGE_SELF, &used)
	return time.Duration(used.Utime.Nano() + used.Stime.Nano()), err
}
