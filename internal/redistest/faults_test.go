package redistest

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

func dial(t *testing.T, f *Faults, addr string) net.Conn {
	t.Helper()
	conn, err := f.Dialer()(context.Background(), "tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close() }) // most are closed by then
	if err := conn.SetDeadline(time.Now().Add(patience)); err != nil {
		t.Fatal(err)
	}
	return conn
}

func send(t *testing.T, conn net.Conn, text string) {
	t.Helper()
	if _, err := io.WriteString(conn, text); err != nil {
		t.Fatal(err)
	}
}

func TestLoseNextAnswer(t *testing.T) {
	tests := []struct {
		name   string
		match  string
		writes func(key string) []string
		n      string // what INCR has made of the key when between runs
		read   string // what the client reads before the error
	}{
		{
			name: "one command", match: "INCR", n: "1",
			writes: func(key string) []string { return []string{wire("INCR", key)} },
		},
		{
			name: "match in another case", match: "iNcR", n: "1",
			writes: func(key string) []string { return []string{wire("InCr", key)} },
		},
		{
			name: "command in single bytes", match: "INCR", n: "1",
			writes: func(key string) []string { return strings.Split(wire("INCR", key), "") },
		},
		{
			name: "command of one line", match: "incr", n: "1",
			writes: func(key string) []string { return []string{"INCR " + key + "\r\n"} },
		},
		{
			name: "answers before it arrive", match: "INCR", n: "1", read: "+PONG\r\n$2\r\nhi\r\n",
			writes: func(key string) []string {
				return []string{wire("PING") + wire("ECHO", "hi") + wire("INCR", key)}
			},
		},
		{
			name: "what was sent with it is done", match: "INCR", n: "3",
			writes: func(key string) []string {
				return []string{wire("INCR", key) + wire("INCR", key), wire("INCR", key)}
			},
		},
		{
			name: "in a transaction", match: "INCR", n: "1", read: "+OK\r\n",
			writes: func(key string) []string {
				return []string{wire("MULTI") + wire("INCR", key) + wire("EXEC")}
			},
		},
		{
			name: "long and nested answers", match: "EVAL", n: "1", read: "*-1\r\n$-1\r\n",
			writes: func(key string) []string {
				script := "redis.call('INCR', KEYS[1]) return {1, {string.rep('x', 100000), {}}, 'y'}"
				return []string{wire("BLPOP", "none", "0.001") + wire("GET", "none") + wire("EVAL", script, "1", key)}
			},
		},
	}
	addr := Server(t)
	for i, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			key := fmt.Sprintf("TestLoseNextAnswer:%d", i)
			var f Faults
			conn := dial(t, &f, addr)
			var atBetween string
			var sawError atomic.Bool
			f.LoseNextAnswer(test.match, func() {
				atBetween = must(t, addr, "GET "+key)
				if sawError.Load() {
					t.Error("the client saw the error before between ran")
				}
			})
			for _, text := range test.writes(key) {
				send(t, conn, text)
			}
			read, err := io.ReadAll(conn)
			sawError.Store(true)
			if !errors.Is(err, io.ErrUnexpectedEOF) {
				t.Errorf("the client read the error %v", err)
			}
			if string(read) != test.read {
				t.Errorf("the client read %q, want %q", read, test.read)
			}
			if atBetween != test.n {
				t.Errorf("Redis was at %q when between ran, want %q", atBetween, test.n)
			}
			if got := must(t, addr, "GET "+key); got != test.n {
				t.Errorf("Redis is at %q in the end, want %q", got, test.n)
			}
			if _, err := io.WriteString(conn, wire("PING")); !errors.Is(err, net.ErrClosed) {
				t.Errorf("the connection is not closed: %v", err)
			}
		})
	}
}

// A client whose answer was lost sends the command again: that goes through.
func TestLoseNextAnswerOnce(t *testing.T) {
	addr := Server(t)
	const key = "TestLoseNextAnswerOnce"
	var f Faults
	f.LoseNextAnswer(key, nil)
	conn := dial(t, &f, addr)
	send(t, conn, wire("INCR", key))
	if got, err := io.ReadAll(conn); len(got) > 0 || err == nil {
		t.Fatalf("the first answer is %q, %v", got, err)
	}
	again := dial(t, &f, addr)
	send(t, again, wire("INCR", key))
	answer := make([]byte, len(":2\r\n"))
	if _, err := io.ReadFull(again, answer); err != nil || string(answer) != ":2\r\n" {
		t.Errorf("the second answer is %q, %v", answer, err)
	}
}

// An answer that always arrives does, in as many pieces as it comes, and the next one is lost.
func TestLoseNextAnswerPasses(t *testing.T) {
	addr := Server(t)
	f := Faults{Passed: "again"}
	f.LoseNextAnswer("echo", nil)
	conn := dial(t, &f, addr)
	long := strings.Repeat("x", 1<<20) + "again"
	send(t, conn, wire("ECHO", long)+wire("PING"))
	answers := make([]byte, len(fmt.Sprintf("$%d\r\n%s\r\n+PONG\r\n", len(long), long)))
	if _, err := io.ReadFull(conn, answers); err != nil || !strings.HasSuffix(string(answers), "again\r\n+PONG\r\n") {
		t.Fatalf("the answers end with %q, %v", answers[len(answers)-20:], err)
	}
	send(t, conn, wire("ECHO", "done"))
	if got, err := io.ReadAll(conn); len(got) > 0 || !errors.Is(err, io.ErrUnexpectedEOF) {
		t.Errorf("the next answer is %q, %v", got, err)
	}
}

// The client's own deadline, passed or not, does not keep between from running
// after Redis has done its work.
func TestLoseNextAnswerOfPausedServer(t *testing.T) {
	p := New(t)
	var f Faults
	conn := dial(t, &f, p.Addr())
	ran := false
	f.LoseNextAnswer("INCR", func() { ran = must(t, p.Addr(), "GET k") == "1" })
	p.Pause()
	send(t, conn, wire("INCR", "k"))
	if err := conn.SetReadDeadline(time.Now()); err != nil {
		t.Fatal(err)
	}
	resumed := make(chan struct{})
	go func() {
		defer close(resumed)
		p.Resume()
	}()
	_, err := conn.Read(make([]byte, 1))
	<-resumed
	if !errors.Is(err, io.ErrUnexpectedEOF) || !ran {
		t.Errorf("the client read %v, and between ran after the work: %v", err, ran)
	}
}

func TestLoseNextAnswerOfManyConnections(t *testing.T) {
	addr := Server(t)
	const key, clients, faults = "TestLoseNextAnswerOfManyConnections", 20, 3
	var f Faults
	var between, lost, read atomic.Int32
	for range faults {
		f.LoseNextAnswer("INCR", func() { between.Add(1) })
	}
	var all sync.WaitGroup
	for range clients {
		conn := dial(t, &f, addr)
		all.Go(func() {
			if _, err := io.WriteString(conn, wire("INCR", key)+wire("QUIT")); err != nil {
				t.Error(err)
			}
			if _, err := io.ReadAll(conn); err != nil {
				lost.Add(1)
			} else {
				read.Add(1)
			}
		})
	}
	all.Wait()
	if between.Load() != faults || lost.Load() != faults || read.Load() != clients-faults {
		t.Errorf("between ran %d times, %d clients lost, %d read; want %d, %d, %d",
			between.Load(), lost.Load(), read.Load(), faults, faults, clients-faults)
	}
	if got := must(t, addr, "GET "+key); got != fmt.Sprint(clients) {
		t.Errorf("Redis counted %s commands of %d", got, clients)
	}
}

func TestFramesSkipPushes(t *testing.T) {
	const stream = ">2\r\n+invalidate\r\n*1\r\n$1\r\nk\r\n%1\r\n+a\r\n:1\r\n"
	push := strings.Index(stream, "%")
	for cut := range len(stream) {
		var f frames
		var ends []int
		at := 0
		for _, piece := range []string{stream[:cut], stream[cut:]} {
			for rest := []byte(piece); len(rest) > 0; {
				n, ended := f.next(rest)
				rest, at = rest[n:], at+n
				if ended {
					ends = append(ends, at)
				}
			}
		}
		if len(ends) != 1 || ends[0] != len(stream) {
			t.Errorf("cut at %d: values end at %v, want one, after the push of %d bytes, at %d", cut, ends, push, len(stream))
		}
	}
}
