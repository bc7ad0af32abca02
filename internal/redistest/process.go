package redistest

import (
	"fmt"
	"path/filepath"
	"testing"
	"time"

	"github.com/alicebob/miniredis/v2"
)

// Server starts a redis-server for this test alone and returns its address.
func Server(t testing.TB) string {
	t.Helper()
	return New(t).Addr()
}

// Mini starts the in-memory stand-in for this test alone and returns its
// address. It is faster than Redis, and not the same: see it as a first lane.
func Mini(t testing.TB) string {
	t.Helper()
	return miniredis.RunT(t).Addr()
}

// Process is a redis-server that a test can take down and bring back.
type Process struct {
	t testing.TB
	s *server
}

// New starts a redis-server for this test alone, with these options of its command line.
func New(t testing.TB, options ...string) *Process {
	t.Helper()
	s, err := newServer(options...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.remove)
	return &Process{t: t, s: s}
}

// SetClock restarts the server, empty, with a clock that is ahead of the machine's; behind, if ahead is negative.
func (p *Process) SetClock(ahead time.Duration) {
	p.t.Helper()
	const library = "/usr/lib/*/faketime/libfaketime.so.1"
	found, err := filepath.Glob(library)
	if err != nil || len(found) == 0 {
		p.t.Fatalf("redistest: no %s: `make test` installs it (scripts/need.sh)", library)
	}
	p.Kill()
	p.s.env = []string{
		// Redis' own malloc asks for the time before libfaketime is ready: here it gets libc's.
		"LD_PRELOAD=" + found[0] + " libc.so.6", fmt.Sprintf("FAKETIME=%+ds", int(ahead.Seconds())),
		"FAKETIME_DONT_FAKE_MONOTONIC=1", // only the time of day is off
	}
	p.Start()
}

// Addr is where the server listens, as host:port. It stays the same over Kill
// and Start.
func (p *Process) Addr() string { return p.s.addr() }

// Start brings a killed server back on the same address, empty, and returns when
// it answers. It does nothing to one that is up.
func (p *Process) Start() {
	p.t.Helper()
	if err := p.s.start(); err != nil {
		p.t.Fatal(err)
	}
}

// Kill ends the server at once, as a crash would, and returns when it has ended.
func (p *Process) Kill() { p.s.kill() }

// Pause stops the server in its tracks: connections stay open, nothing is
// answered. It returns when that is so.
func (p *Process) Pause() {
	p.t.Helper()
	if err := p.s.pause(); err != nil {
		p.t.Fatal(err)
	}
}

// Resume continues a paused server, with whatever was sent to it meanwhile.
func (p *Process) Resume() {
	p.t.Helper()
	if err := p.s.resume(); err != nil {
		p.t.Fatal(err)
	}
}
