package load

import (
	"context"
	"errors"
	"io"
	"net/rpc"
	"time"
)

// drain is how long after the last update messages still count as delivered.
const drain = time.Second

// Offer says how updates are to be published.
type Offer struct {
	PerSecond float64 // updates, of all sessions together
	Duration  time.Duration
	Together  int // sessions that are updated at one moment; 0 for all
}

// Outcome is what became of an [Offer].
type Outcome struct {
	Due           int // messages: each update to each client of its session that reads
	Delivered     int
	P50, P99, Max time.Duration // from the scheduled update to the arrival of its message
	Late          time.Duration // how long after their time the updates were made; the 99th percentile
	CPU           time.Duration // that the load process itself has used
	Lost          int           // clients that the server has dropped
	Size          int           // of a message, in bytes
}

// Service is what the load process does on call.
type Service struct{ crowd *crowd }

// Serve is the load process: it does what is asked of it until in ends.
func Serve(pipe io.ReadWriteCloser) error {
	// Calls over the pipe that the process was started with: nothing listens, and when this end
	// of it closes, the process ends.
	server := rpc.NewServer()
	if err := server.Register(&Service{}); err != nil {
		return err
	}
	server.ServeConn(pipe)
	return nil
}

// Gather connects a crowd.
func (s *Service) Gather(c Crowd, result *Arrived) (err error) {
	if s.crowd, err = gather(context.Background(), c); err == nil {
		*result = s.crowd.arrived()
	}
	return err
}

// Offer publishes updates and returns what arrived.
func (s *Service) Offer(o Offer, result *Outcome) error {
	ctx := context.Background()
	c := s.crowd
	before, err := computing()
	if err != nil {
		return err
	}
	together := o.Together
	if together == 0 {
		together = len(c.Sessions)
	}
	moments := o.PerSecond / float64(together) // a second
	// Known before the first update, so that every client's message finds the window it belongs to.
	updates := max(int(moments*o.Duration.Seconds()), 1) * together
	w := &window{
		first: c.publisher.next, last: c.publisher.next + int64(updates) - 1,
		start: time.Now().Add(10 * time.Millisecond), every: time.Duration(float64(time.Second) / moments), together: together,
	}
	c.window.Store(w)
	var late histogram
	if err := c.publisher.offer(ctx, updates, w, &late); err != nil {
		return err
	}
	due := updates * c.Clients / len(c.Sessions)
	if c.List {
		due = updates * c.Clients
	}
	for end := time.Now().Add(drain); time.Now().Before(end) && w.latencies.count() < due; {
		time.Sleep(20 * time.Millisecond)
	}
	// What comes later counts for nothing: it was not delivered in time.
	c.window.Store(nil)
	after, err := computing()
	*result = Outcome{
		Due: due, Delivered: w.latencies.count(), Lost: int(c.lost.Load()), CPU: after - before, Size: int(c.size.Load()),
		Late: late.quantile(0.99),
		P50:  w.latencies.quantile(0.5), P99: w.latencies.quantile(0.99), Max: w.latencies.quantile(1),
	}
	return err
}

// Leave lets the crowd disconnect.
func (s *Service) Leave(struct{}, *struct{}) error {
	if s.crowd == nil {
		return errors.New("nobody is connected")
	}
	err := s.crowd.leave()
	s.crowd = nil
	return err
}
