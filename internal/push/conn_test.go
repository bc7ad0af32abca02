package push

import (
	"bytes"
	"encoding/binary"
	"errors"
	"io"
	"net"
	"slices"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"
)

// pair is a Conn and its client's end. Nothing may be left of them after the test.
func pair(t *testing.T, kind string, deadline time.Duration) (c *Conn, client net.Conn) {
	t.Helper()
	before := goleak.IgnoreCurrent()
	var server net.Conn
	switch kind {
	case "pipe":
		server, client = net.Pipe()
	case "tcp":
		server, client = tcp(t)
	case "tls":
		server, client = overTLS(t)
	}
	c = New(server, deadline)
	t.Cleanup(func() {
		_ = c.Close()
		_ = client.Close()
		goleak.VerifyNone(t, before)
	})
	if err := client.SetReadDeadline(time.Now().Add(20 * time.Second)); err != nil {
		t.Fatal(err)
	}
	return c, client
}

func tcp(t testing.TB) (server, client net.Conn) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	if client, err = net.Dial("tcp", l.Addr().String()); err != nil {
		t.Fatal(err)
	}
	if server, err = l.Accept(); err != nil {
		t.Fatal(err)
	}
	return server, client
}

// kinds are what a Conn may be on: with a file descriptor to try, and without.
var kinds = []string{"tcp", "pipe", "tls"}

// each runs a test for all of them, one after the other: each looks for goroutines.
func each(t *testing.T, test func(t *testing.T, kind string)) {
	for _, kind := range kinds {
		t.Run(kind, func(t *testing.T) { test(t, kind) })
	}
}

const headSize = 9

// message is a message of a sender: who, which, how long, and then so many bytes
// that show if one is missing.
func message(sender byte, number uint32, size int) []byte {
	m := binary.BigEndian.AppendUint32([]byte{sender}, number)
	m = binary.BigEndian.AppendUint32(m, uint32(size))
	for i := range size {
		m = append(m, byte(int(number)+i))
	}
	return m
}

// receive reads one message.
func receive(t *testing.T, r io.Reader) (sender byte, number uint32) {
	t.Helper()
	var head [headSize]byte
	if _, err := io.ReadFull(r, head[:]); err != nil {
		t.Fatal(err)
	}
	sender, number = head[0], binary.BigEndian.Uint32(head[1:])
	body := make([]byte, binary.BigEndian.Uint32(head[5:]))
	if _, err := io.ReadFull(r, body); err != nil {
		t.Fatal(err)
	}
	for i, b := range body {
		if b != byte(int(number)+i) {
			t.Fatalf("message %d of %c is not what was sent, from byte %d of %d on", number, sender, i, len(body))
		}
	}
	return sender, number
}

// slowly reads a few bytes at a time, and lets others run in between.
type slowly struct {
	io.Reader
	most int
}

func (r slowly) Read(b []byte) (int, error) { return r.Reader.Read(b[:min(len(b), r.most)]) }

// states is a source that has the newest state, as long as it was not sent.
type states struct {
	sender byte
	size   int

	mu               sync.Mutex
	newest, reported uint32
	asked            int
}

func (s *states) Append(to []byte) ([]byte, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.asked++
	if s.reported == s.newest {
		return nil, false
	}
	s.reported = s.newest
	return append(to, message(s.sender, s.reported, s.size)...), false
}

// set makes a newer state.
func (s *states) set(n uint32) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.newest = n
}

// times is how often it was asked.
func (s *states) times() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.asked
}

// queue is a source of which each message is to be sent.
type queue struct {
	sender byte

	mu   sync.Mutex
	left [][]byte
	next uint32
}

func (q *queue) add(size int) {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.next++
	q.left = append(q.left, message(q.sender, q.next, size))
}

func (q *queue) Append(to []byte) ([]byte, bool) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if len(q.left) == 0 {
		return nil, false
	}
	m := q.left[0]
	q.left = q.left[1:]
	return append(to, m...), false
}

// TestASlowClientGetsEverythingOnceAndInOrder writes and offers in turn to a client that is slow: everything comes, once,
// and what one goroutine has sent in the order in which it was sent.
func TestASlowClientGetsEverythingOnceAndInOrder(t *testing.T) {
	each(t, func(t *testing.T, kind string) {
		c, client := pair(t, kind, 20*time.Second)
		const rounds = 300
		sizes := []int{0, 1, 125, 700, 5000}
		q := &queue{sender: 'q'}
		go func() {
			scratch := new([]byte)
			for i := range uint32(rounds) {
				if _, err := c.Write(message('w', i+1, sizes[int(i)%len(sizes)])); err != nil {
					t.Error(err)
				}
				q.add(sizes[int(i+2)%len(sizes)])
				c.Offer(q, scratch)
			}
		}()
		counts := map[byte]uint32{}
		in := slowly{client, 100}
		for range 2 * rounds {
			sender, number := receive(t, in)
			if counts[sender]++; number != counts[sender] {
				t.Fatalf("message %d of %c comes as number %d", number, sender, counts[sender])
			}
		}
	})
}

// TestManyGoroutinesCanSendAtOnce lets many goroutines send at once.
func TestManyGoroutinesCanSendAtOnce(t *testing.T) {
	each(t, func(t *testing.T, kind string) {
		c, client := pair(t, kind, 20*time.Second)
		const senders, messages = 8, 200
		var all sync.WaitGroup
		for i := range byte(senders) {
			q := &queue{sender: 'a' + i}
			all.Go(func() {
				scratch := new([]byte)
				for range messages {
					q.add(300)
					c.Offer(q, scratch)
					if i%2 == 0 { // others may offer the same source
						all.Go(func() { c.Offer(q, new([]byte)) })
					}
				}
			})
		}
		counts := map[byte]uint32{}
		for range senders * messages {
			sender, number := receive(t, slowly{client, 997})
			if counts[sender]++; number != counts[sender] {
				t.Fatalf("message %d of %c comes as number %d", number, sender, counts[sender])
			}
		}
		all.Wait()
	})
}

// TestAClientThatReadsByteByByteGetsEverything sends what the kernel does not take at once to a client that reads a
// byte at a time.
func TestAClientThatReadsByteByByteGetsEverything(t *testing.T) {
	each(t, func(t *testing.T, kind string) {
		c, client := pair(t, kind, 20*time.Second)
		const parts, size = 3, 60_000
		for i := range uint32(parts) {
			if n, err := c.Write(message('w', i, size)); n != headSize+size || err != nil {
				t.Fatal(n, err)
			}
		}
		for i := range uint32(parts) {
			if _, number := receive(t, slowly{client, 1}); number != i {
				t.Fatalf("message %d comes as number %d", number, i)
			}
		}
	})
}

// TestTheScratchOfAMessageIsFreeAtOnce shows that what a message was put together in may be used for something
// else at once.
func TestTheScratchOfAMessageIsFreeAtOnce(t *testing.T) {
	each(t, func(t *testing.T, kind string) {
		c, client := pair(t, kind, 20*time.Second)
		scratch := new([]byte)
		q := &queue{sender: 'q'}
		for range 20 {
			q.add(50_000)
			c.Offer(q, scratch)
			copy((*scratch)[:cap(*scratch)], slices.Repeat([]byte{0xff}, cap(*scratch)))
		}
		for i := range uint32(20) {
			if _, number := receive(t, client); number != i+1 {
				t.Fatalf("message %d comes as number %d", number, i+1)
			}
		}
		for range 2 {
			if err := c.Close(); err != nil {
				t.Error(err)
			}
		}
		if _, err := c.Write([]byte("x")); !errors.Is(err, net.ErrClosed) {
			t.Errorf("after the end it can be written to: %v", err)
		}
	})
}

// TestAnAnswerInPartsGoesOutWhole shows that an answer in parts goes out whole and in order, that nothing
// comes in between, and that Send returns once the client has it.
func TestAnAnswerInPartsGoesOutWhole(t *testing.T) {
	each(t, func(t *testing.T, kind string) {
		c, client := pair(t, kind, time.Minute)
		parts, want := [][]byte{}, ""
		for i := range 40 {
			part := bytes.Repeat([]byte{byte('a' + i%26)}, 50_000)
			parts, want = append(parts, part), want+string(part)
		}
		sent := make(chan error, 1)
		go func() { sent <- c.Send(parts...) }()
		got := make([]byte, len(want)+len("behind"))
		if _, err := io.ReadFull(client, got[:1000]); err != nil {
			t.Fatal(err)
		}
		select {
		case err := <-sent:
			t.Fatalf("it returned before the client had read it: %v", err)
		default:
		}
		if _, err := c.Write([]byte("behind")); err != nil {
			t.Fatal(err)
		}
		if _, err := io.ReadFull(client, got[1000:]); err != nil || string(got) != want+"behind" {
			t.Errorf("%v, or something else came", err)
		}
		if err := <-sent; err != nil {
			t.Error(err)
		}
	})
}
