package load

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"strconv"
	"sync"
	"sync/atomic"
	"time"
)

// Calls are requests over a number of connections, each of which waits for an answer before it
// sends the next request.
type Calls struct {
	Address     string
	Bodies      [][]byte // of POST requests, sent by turns
	Want        string   // what every right answer is
	Connections int
	PerSecond   float64 // by schedule, late or not; 0 for as fast as answers come
	Duration    time.Duration
}

// CallsOutcome is what became of [Calls].
type CallsOutcome struct {
	Calls, Wrong  int           // answers, and those of them that are not as wanted
	Took          time.Duration // until the last answer
	P50, P99, Max time.Duration // from the scheduled moment, or from sending, to the answer
	CPU           time.Duration // that the load process itself has used
}

// calling are Calls under way.
type calling struct {
	Calls
	start     time.Time
	next      atomic.Int64
	wrong     atomic.Int64
	latencies histogram
}

// Call sends requests and returns how they were answered.
func (s *Service) Call(c Calls, result *CallsOutcome) error {
	ctx, cancel := context.WithTimeout(context.Background(), c.Duration+patience)
	defer cancel()
	before, err := computing()
	if err != nil {
		return err
	}
	all := &calling{Calls: c, start: time.Now()}
	errs := make([]error, c.Connections)
	var running sync.WaitGroup
	for i := range c.Connections {
		running.Go(func() { errs[i] = all.run(ctx) })
	}
	running.Wait()
	after, err := computing()
	*result = CallsOutcome{
		Calls: all.latencies.count(), Wrong: int(all.wrong.Load()), Took: time.Since(all.start), CPU: after - before,
		P50: all.latencies.quantile(0.5), P99: all.latencies.quantile(0.99), Max: all.latencies.quantile(1),
	}
	return errors.Join(append(errs, err)...)
}

// run sends requests over one connection.
func (c *calling) run(ctx context.Context) error {
	var dialer net.Dialer
	conn, err := dialer.DialContext(ctx, "tcp", c.Address)
	if err != nil {
		return err
	}
	defer conn.Close()
	if end, ok := ctx.Deadline(); ok {
		if err := conn.SetDeadline(end); err != nil {
			return err
		}
	}
	in := bufio.NewReader(conn)
	var request, answer []byte
	for {
		// One counter for all connections: one that is slow does not hold back its share of the
		// schedule.
		i := int(c.next.Add(1)) - 1
		at := time.Now()
		if c.PerSecond > 0 {
			at = c.start.Add(time.Duration(float64(i) / c.PerSecond * float64(time.Second)))
		}
		if at.Sub(c.start) >= c.Duration {
			return nil
		}
		time.Sleep(time.Until(at))
		body := c.Bodies[i%len(c.Bodies)]
		// By hand, into the same buffer: net/http's client would take more of the processors
		// than some of the servers.
		request = fmt.Appendf(request[:0], "POST /graphql HTTP/1.1\r\nHost: %s\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%s",
			c.Address, len(body), body)
		if _, err := conn.Write(request); err != nil {
			return err
		}
		if answer, err = readAnswer(in, answer); err != nil {
			return err
		}
		// From the schedule, late or not: measured from sending, a server that makes everybody
		// wait would look as if only a few had.
		c.latencies.add(time.Since(at))
		if !bytes.Contains(answer, []byte(c.Want)) {
			c.wrong.Add(1)
		}
	}
}

// readAnswer reads an answer of HTTP and returns its body, in the place of the one before. It
// reads as little as it can: what the clients use of the processors, the server can't have.
func readAnswer(in *bufio.Reader, into []byte) ([]byte, error) {
	length := -1
	for {
		line, err := in.ReadSlice('\n')
		if err != nil {
			return nil, err
		}
		line = bytes.TrimSpace(line)
		if len(line) == 0 {
			break
		}
		if name, value, _ := bytes.Cut(line, []byte(":")); bytes.EqualFold(name, []byte("Content-Length")) {
			if length, err = strconv.Atoi(string(bytes.TrimSpace(value))); err != nil {
				return nil, err
			}
		}
	}
	if length < 0 {
		return nil, errors.New("an answer without Content-Length")
	}
	if cap(into) < length {
		into = make([]byte, length)
	}
	_, err := io.ReadFull(in, into[:length])
	return into[:length], err
}
