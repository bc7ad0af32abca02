package app

import (
	"io"
	"net"
	"net/http"
	"sync"
	"testing"
	"time"

	"github.com/bosgraph/bosgraph/internal/config"
)

// TestSocketInitTimeout shows that a client that does not begin is closed, whatever
// else it says, and that one that has begun is not.
func TestSocketInitTimeout(t *testing.T) {
	s := serveLive(t, func(c *config.Config) { c.InitTimeout = 300 * time.Millisecond })
	begun := s.begin(t)
	converse(t, s, []conversation{
		{"silent", true, []act{closed(4408, "Connection initialisation timeout")}},
		{"asking", true, []act{send(`{"type":"ping"}`), get(`{"type":"pong"}`), closed(4408, "Connection initialisation timeout")}},
		{"in the middle of a message", true, []act{sendBytes(masked(textFrame, initialize)[:9]), closed(4408, "Connection initialisation timeout")}},
	})
	begun.idle(50 * time.Millisecond)
	begun.finish()
}

// TestSocketConnectionLimits shows what clients beyond the limits are told, and that
// a place is free again whatever its connection has ended by.
func TestSocketConnectionLimits(t *testing.T) {
	events := func(s *site, t *testing.T) *http.Response {
		w := s.connect(t)
		w.write("GET /graphql?query=subscription{sessionStatusUpdated(name:%22running%22){revision}} HTTP/1.1\r\nHost: x\r\nAccept: text/event-stream\r\n\r\n")
		return w.response()
	}
	for name, test := range map[string]struct {
		change func(*config.Config)
		status int
	}{
		"of the server": {func(c *config.Config) { c.MaxConnections = 2 }, http.StatusServiceUnavailable},
		"of an address": {func(c *config.Config) { c.MaxConnectionsPerAddress = 2 }, http.StatusTooManyRequests},
	} {
		t.Run(name, func(t *testing.T) {
			s := serveLive(t, test.change)
			s.running("running", "x1")
			for how, leave := range map[string]func(*wire){
				"ends its half":      func(w *wire) { w.finish() },
				"closes in order":    func(w *wire) { w.write(masked(closeFrame, "\x03\xe8")); w.closed(); w.finish() },
				"is closed":          func(w *wire) { w.send("{}"); w.closed(); w.finish() },
				"ends without words": func(w *wire) { _ = w.SetLinger(0); _ = w.Close() },
			} {
				first, second := s.admitted(t), s.admitted(t)
				wantError(t, s.connect(t).upgrade("GET /graphql"), test.status, "UNAVAILABLE")
				wantError(t, events(s, t), test.status, "UNAVAILABLE")
				s.must(`{ __typename }`) // is over at once, and does not count
				leave(first)
				t.Log("the place of one that", how)
				s.admitted(t).finish()
				second.finish()
			}
			for range 5 { // of those that fail none stays counted
				wantError(t, s.connect(t).upgrade("GET /graphql", header{"Sec-WebSocket-Key", ""}), http.StatusBadRequest, "BAD_USER_INPUT")
			}
			one, other := s.admitted(t), s.admitted(t)
			one.finish()
			other.finish()
		})
	}
}

// admitted opens a WebSocket as soon as there is place for it: a client hears of its
// end before the server counts it as gone.
func (s *site) admitted(t *testing.T) (w *wire) {
	t.Helper()
	eventually(t, "there is place", func() bool {
		w = s.connect(t)
		r := w.upgrade("GET /graphql")
		if r.StatusCode != http.StatusSwitchingProtocols {
			_ = w.Close()
		}
		return r.StatusCode == http.StatusSwitchingProtocols
	})
	return w
}

// TestSocketKeptAlive shows that clients are asked whether they are there, that those
// stay that answer in either way, and that the others are let go.
func TestSocketKeptAlive(t *testing.T) {
	const interval = 300 * time.Millisecond
	s := serveLive(t, func(c *config.Config) { c.PingInterval = interval })
	s.running("running", "x1")
	follow := func(t *testing.T) *wire {
		w := s.begin(t)
		for _, do := range watching() {
			do(w)
		}
		return w
	}
	for name, answer := range map[string]struct{ frame, message bool }{
		"answers by frame alone": {frame: true}, "answers by message alone": {message: true}, "answers both": {true, true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := follow(t)
			frames, messages := 0, 0
			for start := time.Now(); time.Since(start) < 5*interval; {
				w.until(patience)
				first, payload, err := w.frame()
				switch {
				case err != nil:
					t.Fatalf("it was let go after %d ping frames and %d messages: %v", frames, messages, err)
				case first == pingFrame:
					if frames++; answer.frame {
						w.write(masked(pongFrame, string(payload)))
					}
				case first == textFrame && string(payload) == `{"type":"ping"}`:
					if messages++; answer.message {
						w.send(`{"type":"pong"}`)
					}
				default:
					t.Fatalf("came %#x %q", first, payload)
				}
			}
			if frames < 3 || frames > 6 || messages < frames-1 {
				t.Errorf("it was asked %d times by frame and %d times by message in 5 intervals", frames, messages)
			}
		})
	}
	t.Run("does not answer", func(t *testing.T) {
		t.Parallel()
		w, start := follow(t), time.Now()
		w.until(patience)
		_, _ = io.Copy(io.Discard, w.in) // until it is let go, by an end or a reset
		if took := time.Since(start); took < 2*interval || took > 5*interval {
			t.Errorf("it was let go after %v, want %v", took, 5*interval/2)
		}
	})
}

// TestSocketHalfOpen shows that a client that has vanished, of which the network says
// nothing, is let go: it answers nothing, and takes nothing either.
func TestSocketHalfOpen(t *testing.T) {
	const interval = 200 * time.Millisecond
	s := serveLive(t, func(c *config.Config) { c.PingInterval = interval })
	s.running("running", "x1")
	w, start := s.begin(t), time.Now()
	for _, do := range watching() {
		do(w)
	}
	s.deserted(t)
	if took := time.Since(start); took < 2*interval || took > 10*interval {
		t.Errorf("it was let go after %v, want %v", took, 5*interval/2)
	}
}

// TestSocketServerStops shows how a server that stops takes leave: it says first that
// it is not ready, then sends one client after the other elsewhere, with no operation
// completed, and lets no new ones in.
func TestSocketServerStops(t *testing.T) {
	s := serveLive(t)
	s.running("running", "x1")
	const many = 20
	var clients []*wire
	for range many {
		w := s.begin(t)
		for _, do := range watching() {
			do(w)
		}
		clients = append(clients, w)
	}
	late, lateEvents := s.connect(t), s.connect(t) // connected already, as through an ingress
	const within = 2 * time.Second                 // and half of it for those who watch
	stopped := make(chan struct{})
	go func() {
		defer close(stopped)
		s.stop(t, within)
	}()

	var mu sync.Mutex
	var left []time.Time
	var all sync.WaitGroup
	for _, w := range clients {
		all.Go(func() {
			code, reason := w.closed() // and no complete before it
			mu.Lock()
			left = append(left, time.Now())
			first := len(left) == 1
			mu.Unlock()
			if code != 1001 || reason == "" {
				t.Errorf("closed with %d %q", code, reason)
			}
			if first {
				wantError(t, late.upgrade("GET /graphql"), http.StatusServiceUnavailable, "UNAVAILABLE")
				lateEvents.write("GET /graphql?query=subscription{sessionsUpdated{deletedId}} HTTP/1.1\r\nHost: x\r\nAccept: text/event-stream\r\n\r\n")
				wantError(t, lateEvents.response(), http.StatusServiceUnavailable, "UNAVAILABLE")
				status, _ := s.get("/readyz")
				if status != http.StatusServiceUnavailable {
					t.Errorf("/readyz answers %d while clients are sent elsewhere", status)
				}
				s.must(`{ session(name: "running") { name } }`) // requests are still answered
			}
			w.write(masked(closeFrame, "\x03\xe9"))
			w.finish()
		})
	}
	all.Wait()
	if len(left) != many {
		return
	}
	if over := left[many-1].Sub(left[0]); over < within/4 || over > within {
		t.Errorf("they all had to leave within %v, want it spread over about %v", over, within/2)
	}
	<-stopped
	if c, err := net.Dial("tcp", s.app.Addr()); err == nil {
		_ = c.Close()
		t.Error("it still listens")
	}
}
