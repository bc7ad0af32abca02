package app

import (
	"context"
	"crypto/rand"
	"io"
	"log/slog"
	"net/http"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/bosgraph/bosgraph/internal/config"
	"github.com/bosgraph/bosgraph/internal/redistest"
)

// patience is how long a client waits for what has to come.
const patience = 10 * time.Second

// serveLive runs a server whose options may be such as the command line refuses, on
// the shared Redis. At the end of the test nothing may be left of what it ran.
func serveLive(t *testing.T, change ...func(*config.Config)) *site {
	t.Helper()
	redisURL := "redis://" + redistest.SharedServer(t)
	before := goleak.IgnoreCurrent()
	t.Cleanup(func() { goleak.VerifyNone(t, before) })
	s := &site{t: t, namespace: "test-" + rand.Text(), client: &http.Client{Timeout: time.Minute, Transport: &http.Transport{}}}
	c, err := config.Parse([]string{
		"serve", "--listen", "127.0.0.1:0", "--redis-url", redisURL, "--namespace", s.namespace, "--tick", "10ms",
	}, io.Discard, t.Output())
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range change {
		f(&c)
	}
	if s.app, err = New(c, slog.New(slog.NewTextHandler(t.Output(), &slog.HandlerOptions{Level: slog.LevelError}))); err != nil {
		t.Fatal(err)
	}
	if err := s.app.Start(); err != nil {
		t.Fatal(err)
	}
	s.base = "http://" + s.app.Addr()
	t.Cleanup(func() {
		s.client.CloseIdleConnections()
		if !s.app.stopping.Load() {
			s.stop(t, 2*time.Second)
		}
	})
	return s
}

// stop stops the server, which then runs nothing for anybody any more.
func (s *site) stop(t *testing.T, within time.Duration) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), within)
	defer cancel()
	if err := s.app.Stop(ctx); err != nil {
		t.Error(err)
	}
	if n := s.app.fanout.Executions(); n != 0 {
		t.Errorf("%d subscriptions are still executed", n)
	}
}

// deserted waits until nobody follows anything.
func (s *site) deserted(t *testing.T) {
	t.Helper()
	eventually(t, "no subscription is executed", func() bool { return s.app.fanout.Executions() == 0 })
}

// The subscriptions that most tests follow a session by.
const (
	followRevision = `subscription($name: String!) { sessionStatusUpdated(name: $name) { revision } }`
	followSession  = `subscription($name: String!) { sessionStatusUpdated(name: $name) { status session { name } } }`
	followActive   = `subscription($name: String!) { sessionStatusUpdated(name: $name) { counts { active } } }`
)

// running creates a session that is running with the component of that id.
func (s *site) running(name, id string) {
	s.t.Helper()
	s.session(name, "startTime", "2026-11-22T09:00:00Z")
	s.put(powering(id, name))
	s.update(name, "status", "RUNNING")
}

// complete creates a session that has ended.
func (s *site) complete(name string) {
	s.t.Helper()
	s.session(name, "startTime", "2026-11-22T09:00:00Z")
	s.update(name, "status", "COMPLETE", "endTime", "2026-11-22T09:30:00Z")
}
