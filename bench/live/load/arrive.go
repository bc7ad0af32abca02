package load

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"time"
)

// Arrived says when clients have had their first messages, counted from before the first of them
// connected.
type Arrived struct{ P50, P99, All time.Duration }

// arrival is the connecting of a crowd.
type arrival struct {
	start   time.Time
	greeted atomic.Int64 // clients that have had a message
	after   histogram    // how long after the start
}

// add counts a client's first message.
func (a *arrival) add() {
	a.after.add(time.Since(a.start))
	a.greeted.Add(1)
}

// arrive connects all clients, and returns when each of them has had a message.
func (c *crowd) arrive(ctx context.Context) (err error) {
	if c.poll, err = newPoll(c.Clients, c.read); err != nil {
		return err
	}
	c.clients = make([]*client, c.Clients+c.Stuck)
	// Before the first connects: clients report to it as soon as they have a message.
	c.arrival.Store(&arrival{start: time.Now()})
	var next atomic.Int64
	errs := make([]error, c.Dialers)
	var dialing sync.WaitGroup
	for d := range c.Dialers {
		dialing.Go(func() {
			for errs[d] == nil {
				// Whichever dialer is free takes the next: a slow connection holds up one
				// dialer only.
				i := int(next.Add(1)) - 1
				if i >= len(c.clients) {
					return
				}
				errs[d] = c.connect(i)
			}
		})
	}
	dialing.Wait()
	if err := errors.Join(errs...); err != nil {
		return err
	}
	return c.greet(ctx)
}

// greet waits until everybody has had a message. It updates each session meanwhile, unless the
// server begins with the state as it is, which not all do.
func (c *crowd) greet(ctx context.Context) error {
	const again = time.Second // a server may have missed what was published while it was subscribing
	var published time.Time
	for end := time.Now().Add(patience); time.Now().Before(end); time.Sleep(2 * time.Millisecond) {
		if int(c.arrival.Load().greeted.Load()) == c.Clients {
			return nil
		}
		if !c.Shown && time.Since(published) > again {
			updates := len(c.Sessions)
			if c.List {
				updates = 1 // goes to everybody
			}
			if err := c.publisher.publish(ctx, updates); err != nil {
				return err
			}
			published = time.Now()
		}
	}
	missing := c.Clients - int(c.arrival.Load().greeted.Load())
	return errors.Join(fmt.Errorf("%d of %d clients have seen nothing", missing, c.Clients), c.loss())
}

// arrived is how the last arrival went.
func (c *crowd) arrived() Arrived {
	after := &c.arrival.Load().after
	return Arrived{after.quantile(0.5), after.quantile(0.99), after.quantile(1)}
}

// Storm drops all connections and lets everybody come back, so many at a time.
func (s *Service) Storm(dialers int, result *Arrived) error {
	ctx := context.Background()
	c := s.crowd
	if err := c.drop(); err != nil {
		return err
	}
	c.Dialers = dialers
	if err := c.arrive(ctx); err != nil {
		return err
	}
	*result = c.arrived()
	return nil
}
