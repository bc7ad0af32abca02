package push

import (
	"errors"
	"io"
	"net"
	"os"
	"testing"
	"time"
)

// stuffing is more than the kernels of both sides take, besides what they have.
const stuffing = 512 << 10

// stuff writes until the client's kernel, and the server's, have no more room, and
// much more, so that this stays so until the client reads.
func stuff(t *testing.T, c *Conn) (sent int) {
	t.Helper()
	write := func(size int) {
		n, err := c.Write(message('s', 0, size))
		if err != nil {
			t.Fatal(err)
		}
		sent += n
	}
	for !c.isBusy() {
		if write(1000); sent > 1<<20 {
			t.Fatalf("%d bytes are held for a client that does not read", sent)
		}
	}
	write(stuffing)
	return sent
}

func (c *Conn) isBusy() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.busy
}

func until(t *testing.T, what string, ok func() bool) {
	t.Helper()
	pulse := time.NewTicker(time.Millisecond)
	defer pulse.Stop()
	late := time.After(20 * time.Second)
	for !ok() {
		select {
		case <-pulse.C:
		case <-late:
			t.Fatalf("not in time: %s", what)
		}
	}
}

func (c *Conn) failure() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.err
}

// TestASlowClientGetsTheNewestOfASource shows that a source is asked only when the client can take something,
// and then for the newest that it has.
func TestASlowClientGetsTheNewestOfASource(t *testing.T) {
	each(t, func(t *testing.T, kind string) {
		c, client := pair(t, kind, 20*time.Second)
		held := stuff(t, c)
		s := &states{sender: 'n', size: 100}
		const newest = 1000
		for n := range uint32(newest) {
			s.set(n + 1)
			c.Offer(s, new([]byte))
		}
		if n := s.times(); n != 0 {
			t.Errorf("it was asked %d times while the client takes nothing", n)
		}
		if _, err := io.CopyN(io.Discard, client, int64(held)); err != nil {
			t.Fatal(err)
		}
		if _, number := receive(t, client); number != newest {
			t.Errorf("the client gets state %d, want %d", number, newest)
		}
		until(t, "it rests", func() bool { return !c.isBusy() })
		if n := s.times(); n != 2 { // what there is, and that there is nothing else
			t.Errorf("it was asked %d times for one state", n)
		}
		s.set(newest + 1) // and it continues as at first
		c.Offer(s, new([]byte))
		if _, number := receive(t, client); number != newest+1 {
			t.Errorf("the client gets state %d, want %d", number, newest+1)
		}
	})
}

// TestEverySourceHasItsTurn shows that every source has its turn, also beside one that always has
// something newer.
func TestEverySourceHasItsTurn(t *testing.T) {
	each(t, func(t *testing.T, kind string) {
		c, client := pair(t, kind, 20*time.Second)
		held := stuff(t, c)
		c.Offer(&endless{sender: 'b', size: 50_000}, new([]byte))
		s := &states{sender: 'n', size: 10, newest: 1}
		c.Offer(s, new([]byte))
		if _, err := io.CopyN(io.Discard, client, int64(held)); err != nil {
			t.Fatal(err)
		}
		for n := range 50 {
			if sender, _ := receive(t, client); sender == 'n' {
				return
			}
			if n == 49 {
				t.Error("one source is never asked while another has something")
			}
		}
	})
}

// endless always has something newer, as a busy session has for a slow client.
type endless struct {
	sender byte
	size   int
	n      uint32
}

func (e *endless) Append(to []byte) ([]byte, bool) {
	e.n++
	return append(to, message(e.sender, e.n, e.size)...), false
}

// TestADroppedSourceIsNotSent shows that what is dropped is not sent any more.
func TestADroppedSourceIsNotSent(t *testing.T) {
	each(t, func(t *testing.T, kind string) {
		c, client := pair(t, kind, 20*time.Second)
		held := stuff(t, c)
		dropped, retained := &states{sender: 'd', size: 10, newest: 1}, &states{sender: 'k', size: 10, newest: 1}
		c.Offer(dropped, new([]byte))
		c.Offer(retained, new([]byte))
		c.Drop(dropped)
		if _, err := io.CopyN(io.Discard, client, int64(held)); err != nil {
			t.Fatal(err)
		}
		if sender, _ := receive(t, client); sender != 'k' || dropped.times() != 0 {
			t.Errorf("%c was sent, and what was dropped was asked %d times", sender, dropped.times())
		}
	})
}

// TestAClientThatTakesNothingIsDisconnected shows that a client that takes nothing is disconnected when its time is up,
// and that those who write meanwhile do not wait for it.
func TestAClientThatTakesNothingIsDisconnected(t *testing.T) {
	each(t, func(t *testing.T, kind string) {
		const deadline = 200 * time.Millisecond
		c, client := pair(t, kind, deadline)
		stuff(t, c)
		s := &states{sender: 'n', size: 100, newest: 1}
		start := time.Now()
		c.Offer(s, new([]byte))
		if _, err := c.Write(message('w', 1, 100)); err != nil {
			t.Error(err)
		}
		if took := time.Since(start); took > deadline/2 {
			t.Errorf("writing waited for %v", took)
		}
		ended := make(chan error, 1)
		go func() {
			_, err := c.Read(make([]byte, 1)) // as the reader of the client's messages does
			ended <- err
		}()
		select {
		case err := <-ended:
			if err == nil {
				t.Error("it reads something")
			}
		case <-time.After(20 * time.Second):
			t.Fatal("the client is not disconnected")
		}
		if err := c.failure(); !errors.Is(err, os.ErrDeadlineExceeded) && !errors.Is(err, ErrSlow) {
			t.Errorf("it has failed with %v", err)
		}
		if _, err := c.Write([]byte("more")); err == nil {
			t.Error("it can still be written to")
		}
		c.Offer(s, new([]byte))
		if n := s.times(); n != 0 {
			t.Errorf("a source was asked %d times for nobody", n)
		}
		_, _ = io.Copy(io.Discard, client) // what there was, and then the end or a reset: not for ever
	})
}

// TestASlowClientThatRecoversHasAllItsTimeAgain shows that a client that was slow once is given all its time again.
func TestASlowClientThatRecoversHasAllItsTimeAgain(t *testing.T) {
	each(t, func(t *testing.T, kind string) {
		const deadline = 300 * time.Millisecond
		c, client := pair(t, kind, deadline)
		held := stuff(t, c)
		if _, err := io.CopyN(io.Discard, client, int64(held)); err != nil {
			t.Fatal(err)
		}
		until(t, "it rests", func() bool { return !c.isBusy() })
		<-time.After(deadline + 50*time.Millisecond) // no condition to wait for: it is time itself that must not matter
		if _, err := c.Write(message('w', 7, 10)); err != nil {
			t.Fatal(err)
		}
		if _, number := receive(t, client); number != 7 {
			t.Errorf("came %d", number)
		}
	})
}

// TestQueueBehindAMessageIsBounded shows that what is written to a client that takes nothing is bounded, even
// before its time is up.
func TestQueueBehindAMessageIsBounded(t *testing.T) {
	each(t, func(t *testing.T, kind string) {
		c, _ := pair(t, kind, time.Hour)
		stuff(t, c)
		var err error
		sent := 0
		for err == nil && sent < 4*maxQueued {
			var n int
			n, err = c.Write(make([]byte, 10_000))
			sent += n
		}
		if !errors.Is(err, ErrSlow) || sent > 2*maxQueued || sent < maxQueued/4 {
			t.Errorf("%d bytes were queued, then: %v", sent, err)
		}
		if _, err := c.Read(make([]byte, 1)); !errors.Is(err, net.ErrClosed) && !errors.Is(err, io.ErrClosedPipe) {
			t.Errorf("the connection is still there: %v", err)
		}
	})
}

// TestAConnectionCanBeClosedWhileItsClientIsSlow shows that a connection can be closed while its client is waited
// for; nothing is left of it.
func TestAConnectionCanBeClosedWhileItsClientIsSlow(t *testing.T) {
	each(t, func(t *testing.T, kind string) {
		c, _ := pair(t, kind, time.Hour)
		stuff(t, c)
		start := time.Now()
		if err := c.Close(); err != nil || time.Since(start) > 5*time.Second {
			t.Errorf("closed with %v after %v", err, time.Since(start))
		}
	})
}

// A long message, as for many components with long errors, is no reason to give up a
// healthy client that is sent a ping or a close frame before it has all of it.
func TestShortMessageBehindALongOne(t *testing.T) {
	each(t, func(t *testing.T, kind string) {
		c, client := pair(t, kind, 10*time.Second)
		long, short := message('a', 1, 2*maxQueued), message('b', 2, 10)
		c.mu.Lock() // the goroutine that writes must not get a share of the long one yet
		c.send(long)
		c.send(short)
		err := c.err
		c.mu.Unlock()
		if err != nil {
			t.Fatalf("a short message behind one of %d bytes: %v", len(long), err)
		}
		for _, want := range []byte{'a', 'b'} {
			if sender, _ := receive(t, client); sender != want {
				t.Errorf("received %c, want %c", sender, want)
			}
		}
	})
}
