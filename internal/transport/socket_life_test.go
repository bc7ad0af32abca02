package transport_test

import (
	"io"
	"net"
	"net/http"
	"sync"
	"testing"
	"time"

	"github.com/bosgraph/bosgraph/internal/apptest"
	"github.com/bosgraph/bosgraph/internal/config"
)

// TestASocketThatDoesNotBeginIsClosed shows that a client that does not begin is closed, whatever
// else it says, and that one that has begun is not.
func TestASocketThatDoesNotBeginIsClosed(t *testing.T) {
	s := apptest.ServeLive(t, func(c *config.Config) { c.InitTimeout = 300 * time.Millisecond })
	begun := s.Begin(t)
	converse(t, s, []conversation{
		{"silent", true, []act{closed(4408, "Connection initialisation timeout")}},
		{"asking", true, []act{send(`{"type":"ping"}`), get(`{"type":"pong"}`), closed(4408, "Connection initialisation timeout")}},
		{"in the middle of a message", true, []act{sendBytes(apptest.Masked(apptest.TextFrame, apptest.Initialize)[:9]), closed(4408, "Connection initialisation timeout")}},
	})
	begun.Idle(50 * time.Millisecond)
	begun.Finish()
}

// TestConnectionsBeyondTheLimitsAreRefused shows what clients beyond the limits get, and that
// a place is free again whatever its connection has ended by.
func TestConnectionsBeyondTheLimitsAreRefused(t *testing.T) {
	events := func(s *apptest.Site, t *testing.T) *http.Response {
		w := s.Connect(t)
		w.Write("GET /graphql?query=subscription{sessionStatusUpdated(name:%22running%22){revision}} HTTP/1.1\r\nHost: localhost\r\nAccept: text/event-stream\r\n\r\n")
		return w.Response()
	}
	for name, test := range map[string]struct {
		change func(*config.Config)
		status int
	}{
		"of the server": {func(c *config.Config) { c.MaxConnections = 2 }, http.StatusServiceUnavailable},
		"of an address": {func(c *config.Config) { c.MaxConnectionsPerAddress = 2 }, http.StatusTooManyRequests},
	} {
		t.Run(name, func(t *testing.T) {
			s := apptest.ServeLive(t, test.change)
			s.Running("running", "x1")
			for how, leave := range map[string]func(*apptest.Wire){
				"ends its half":      func(w *apptest.Wire) { w.Finish() },
				"closes in order":    func(w *apptest.Wire) { w.Write(apptest.Masked(apptest.CloseFrame, "\x03\xe8")); w.Closed(); w.Finish() },
				"is closed":          func(w *apptest.Wire) { w.Send("{}"); w.Closed(); w.Finish() },
				"ends without words": func(w *apptest.Wire) { _ = w.SetLinger(0); _ = w.Close() },
			} {
				first, second := admitted(t, s), admitted(t, s)
				wantError(t, s.Connect(t).Upgrade("GET /graphql"), test.status, "UNAVAILABLE")
				wantError(t, events(s, t), test.status, "UNAVAILABLE")
				s.Must(`{ __typename }`) // is over at once, and does not count
				leave(first)
				t.Log("the place of one that", how)
				admitted(t, s).Finish()
				second.Finish()
			}
			for range 5 { // of those that fail none stays counted
				wantError(t, s.Connect(t).Upgrade("GET /graphql", apptest.Header{"Sec-WebSocket-Key", ""}), http.StatusBadRequest, "BAD_USER_INPUT")
			}
			one, other := admitted(t, s), admitted(t, s)
			one.Finish()
			other.Finish()
		})
	}
}

// admitted opens a WebSocket as soon as there is place for it: a client notices its
// end before the server counts it as ended.
func admitted(t *testing.T, s *apptest.Site) (w *apptest.Wire) {
	t.Helper()
	apptest.Eventually(t, "there is place", func() bool {
		w = s.Connect(t)
		r := w.Upgrade("GET /graphql")
		if r.StatusCode != http.StatusSwitchingProtocols {
			_ = w.Close()
		}
		return r.StatusCode == http.StatusSwitchingProtocols
	})
	return w
}

// TestSocketsThatAnswerPingsStay shows that clients are asked whether they are there, that those
// stay that answer in either way, and that the others are disconnected.
func TestSocketsThatAnswerPingsStay(t *testing.T) {
	const interval = 300 * time.Millisecond
	s := apptest.ServeLive(t, func(c *config.Config) { c.PingInterval = interval })
	s.Running("running", "x1")
	follow := func(t *testing.T) *apptest.Wire {
		w := s.Begin(t)
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
				w.Until(apptest.Patience)
				first, payload, err := w.Frame()
				switch {
				case err != nil:
					t.Fatalf("it was disconnected after %d ping frames and %d messages: %v", frames, messages, err)
				case first == apptest.PingFrame:
					if frames++; answer.frame {
						w.Write(apptest.Masked(apptest.PongFrame, string(payload)))
					}
				case first == apptest.TextFrame && string(payload) == `{"type":"ping"}`:
					if messages++; answer.message {
						w.Send(`{"type":"pong"}`)
					}
				default:
					t.Fatalf("came %#x %q", first, payload)
				}
			}
			// By message only those are asked that have not answered the frame.
			if frames < 3 || frames > 6 || !answer.frame && messages < frames-1 || answer.frame && messages > 1 {
				t.Errorf("it was asked %d times by frame and %d times by message in 5 intervals", frames, messages)
			}
		})
	}
	t.Run("does not answer", func(t *testing.T) {
		t.Parallel()
		w, start := follow(t), time.Now()
		w.Until(apptest.Patience)
		_, _ = io.Copy(io.Discard, w.In) // until it is disconnected, by an end or a reset
		if took := time.Since(start); took < 2*interval || took > 5*interval {
			t.Errorf("it was disconnected after %v, want %v", took, 5*interval/2)
		}
	})
}

// TestAClientThatVanishedIsDisconnected shows that a client that has vanished, of which the network says
// nothing, is disconnected: it answers nothing, and takes nothing either.
func TestAClientThatVanishedIsDisconnected(t *testing.T) {
	const interval = 200 * time.Millisecond
	s := apptest.ServeLive(t, func(c *config.Config) { c.PingInterval = interval })
	s.Running("running", "x1")
	w, start := s.Begin(t), time.Now()
	for _, do := range watching() {
		do(w)
	}
	s.Deserted(t)
	if took := time.Since(start); took < 2*interval || took > 10*interval {
		t.Errorf("it was disconnected after %v, want %v", took, 5*interval/2)
	}
}

// TestSocketsAreClosedWhenTheServerStops shows how a server that stops takes leave: it says first that
// it is not ready, then sends one client after the other elsewhere, with no operation
// completed, and lets no new ones in.
func TestSocketsAreClosedWhenTheServerStops(t *testing.T) {
	s := apptest.ServeLive(t)
	s.Running("running", "x1")
	const many = 20
	var clients []*apptest.Wire
	for range many {
		w := s.Begin(t)
		for _, do := range watching() {
			do(w)
		}
		clients = append(clients, w)
	}
	late, lateEvents := s.Connect(t), s.Connect(t) // connected already, as through an ingress
	const within = 2 * time.Second                 // and half of it for those who watch
	stopped := make(chan struct{})
	go func() {
		defer close(stopped)
		s.Stop(within)
	}()

	var mu sync.Mutex
	var left []time.Time
	var all sync.WaitGroup
	for _, w := range clients {
		all.Go(func() {
			code, reason := w.Closed() // and no complete before it
			mu.Lock()
			left = append(left, time.Now())
			first := len(left) == 1
			mu.Unlock()
			if code != 1001 || reason == "" {
				t.Errorf("closed with %d %q", code, reason)
			}
			if first {
				wantError(t, late.Upgrade("GET /graphql"), http.StatusServiceUnavailable, "UNAVAILABLE")
				lateEvents.Write("GET /graphql?query=subscription{sessionsUpdated{deletedId}} HTTP/1.1\r\nHost: localhost\r\nAccept: text/event-stream\r\n\r\n")
				wantError(t, lateEvents.Response(), http.StatusServiceUnavailable, "UNAVAILABLE")
				status, _ := s.Get("/readyz")
				if status != http.StatusServiceUnavailable {
					t.Errorf("/readyz answers %d while clients are sent elsewhere", status)
				}
				s.Must(`{ session(name: "running") { name } }`) // requests are still answered
			}
			w.Write(apptest.Masked(apptest.CloseFrame, "\x03\xe9"))
			w.Finish()
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
	if c, err := net.Dial("tcp", s.App.Addr()); err == nil {
		_ = c.Close()
		t.Error("it still listens")
	}
}
