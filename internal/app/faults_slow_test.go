package app_test

import (
	"fmt"
	"io"
	"net"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/bosgraph/bosgraph/internal/apptest"
	"github.com/bosgraph/bosgraph/internal/redistest"
)

// TestRequestsThatComeByteByByte opens connections whose requests never get to the end of their headers, or of their body: others
// are answered as before. The long form opens 5,000, and waits until they are disconnected.
func TestRequestsThatComeByteByByte(t *testing.T) {
	t.Parallel()
	const headers = "POST /graphql HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 100000\r\n"
	for _, one := range []struct{ what, at, bytes string }{
		{"headers", "", headers},
		{"a body", headers + "\r\n", `{"query": "{ serverInfo { epoch } }", "variables": {`},
	} {
		t.Run(one.what, func(t *testing.T) {
			t.Parallel()
			slow := 300
			if longTests {
				slow = 5000
			}
			f := newFleet(t)
			s, process := f.Start(t, "127.0.0.1:0", "--max-http-connections-per-address", "8000")
			pid := process.Cmd.Process.Pid
			s.Session("s")
			without, before := slowestStatus(s), resident(t, pid)
			all := make([]*endless, slow)
			for i := range all {
				all[i] = beginEndless(t, s.Host(), one.at)
			}
			for i := range one.bytes {
				for _, r := range all {
					_, _ = io.WriteString(r.conn, one.bytes[i:i+1]) // it may have been disconnected by now
				}
			}
			with, during := slowestStatus(s), resident(t, pid)
			unharmed(t, with, without)
			disconnected := "not waited for"
			if longTests {
				longest := time.Duration(0)
				for _, r := range all {
					longest = max(longest, r.lasted(t))
				}
				disconnected = fmt.Sprintf("after %v at most", longest.Round(100*time.Millisecond))
			}
			f.NoDrift(t)
			redistest.Figure(t, "%d connections with %s without an end: p99 of a query %v, %v without; memory %d MB, %d before; disconnected: %s",
				slow, one.what, with.Round(100*time.Microsecond), without.Round(100*time.Microsecond), during>>20, before>>20, disconnected)
		})
	}
}

// endless is a request that never gets to its end.
type endless struct {
	conn  net.Conn
	begun time.Time     // before the server can have begun to count: it counts from when it accepts the connection
	ended chan struct{} // closed when the server has disconnected it
	took  time.Duration // until then
	says  []byte        // what it was answered
}

// wholeBody is how long a request may take with its body, as docs/limits.md has it.
const wholeBody = time.Minute

// beginEndless connects and begins one. What comes is read all the time: only so is it seen when the connection ends.
func beginEndless(t *testing.T, address, with string) *endless {
	t.Helper()
	conn, err := net.Dial("tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	r := &endless{conn: conn, begun: time.Now(), ended: make(chan struct{})}
	go func() {
		defer close(r.ended)
		r.says, _ = io.ReadAll(conn) // any error is an end
		r.took = time.Since(r.begun)
	}()
	t.Cleanup(func() {
		_ = conn.Close()
		<-r.ended
	})
	_, _ = io.WriteString(conn, with)
	return r
}

// lasted waits until it is disconnected, which it has to be soon after its time is up, and returns how long it was connected.
func (r *endless) lasted(t *testing.T) time.Duration {
	t.Helper()
	const soon = 5 * time.Second // thousands are disconnected at the same time
	select {
	case <-r.ended:
	case <-time.After(time.Until(r.begun.Add(wholeBody + soon))):
		t.Fatalf("a request that does not end is still connected after %v", time.Since(r.begun))
	}
	if r.took > wholeBody+soon || strings.Contains(string(r.says), " 200 ") {
		t.Fatalf("a request that does not end is answered %.100q after %v", r.says, r.took)
	}
	return r.took
}

// TestSocketsThatNeverRead has clients that subscribe to large states which change all the time, and never read one: others get
// theirs as before, what is kept for the former is bounded, and they are disconnected.
func TestSocketsThatNeverRead(t *testing.T) {
	t.Parallel()
	silent := 100
	if longTests {
		silent = 5000
	}
	f := newFleet(t)
	s, process := f.Start(t, "127.0.0.1:0", "--write-deadline", "2s")
	pid := process.Cmd.Process.Pid
	s.Session("s")
	const components = 40
	ids := make([]apptest.Vars, components)
	for i := range ids {
		ids[i] = apptest.Powering(apptest.Xname(i), "s")
	}
	s.Put(ids...)
	s.Update("s", "status", "RUNNING")
	watchers := apptest.Crowd(t, s, 20, followS)
	rounds := 0
	// change writes new errors of 4 KB each, and returns how long it took until all others had them.
	change := func() time.Duration {
		rounds++
		patch := make([]apptest.Vars, components)
		for i := range patch {
			patch[i] = apptest.Vars{"id": apptest.Xname(i), "error": fmt.Sprint(rounds, " ", i, " ", strings.Repeat("x", 4<<10))}
		}
		began := time.Now()
		s.Must(apptest.PatchComponents, apptest.Vars{"in": patch})
		final := s.Status("s")
		apptest.Every(t, "the new state", watchers, apptest.Reached(final["revision"]))
		return time.Since(began)
	}
	slowest := func() (took time.Duration) {
		for range 10 {
			took = max(took, change())
		}
		return took
	}
	without, before := slowest(), resident(t, pid)
	open := func() float64 { return vitals(t, s)["process_open_fds"] }
	descriptors := open()
	for range silent {
		w := s.Begin(t)
		// What the kernels of both sides would keep of thousands is not bosgraph's, and more than a machine has.
		if err := w.SetReadBuffer(4 << 10); err != nil {
			t.Fatal(err)
		}
		w.Send(apptest.Subscribe("1", apptest.Follow, apptest.Vars{"name": "s"}))
	}
	begun, with := time.Now(), time.Duration(0)
	apptest.Eventually(t, "those who never read are disconnected", func() bool {
		with = max(with, change())
		return open() <= descriptors+5
	})
	unharmed(t, with, without)
	peak := peakOf(t, pid)
	if most := before + 200<<20; peak > most {
		t.Errorf("%d clients that never read took %d MB, %d before", silent, peak>>20, before>>20)
	}
	f.NoDrift(t)
	redistest.Figure(t, "%d sockets that never read states of 160 KB: the others have a change after %v at most, %v without; memory at most %d MB, %d before; "+
		"all disconnected %v after the last began", silent, with.Round(time.Millisecond), without.Round(time.Millisecond), peak>>20, before>>20, time.Since(begun).Round(100*time.Millisecond))
}

// slowestStatus is the 99th percentile of the time of a query.
func slowestStatus(s *apptest.Site) time.Duration {
	took := make([]time.Duration, 200)
	for i := range took {
		began := time.Now()
		s.Status("s")
		took[i] = time.Since(began)
	}
	slices.Sort(took)
	return took[len(took)*99/100]
}

// unharmed compares what others see while there is a fault with what they saw before.
func unharmed(t *testing.T, with, without time.Duration) {
	t.Helper()
	if most := 10*without + 200*time.Millisecond; with > most {
		t.Errorf("others wait %v, before it was %v", with, without)
	}
}
