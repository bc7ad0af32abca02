package redistest

import (
	"errors"
	"fmt"
	"strings"
	"testing"
)

// must asks a server that is up.
func must(t *testing.T, addr, command string) string {
	t.Helper()
	answer, err := ask(addr, command)
	if err != nil {
		t.Fatalf("%s: %s: %v", addr, command, err)
	}
	return answer
}

func TestServersShareNothing(t *testing.T) {
	a, b, mini := Server(t), Server(t), Mini(t)
	for i, addr := range []string{a, b, mini} {
		must(t, addr, fmt.Sprintf("SET who %d", i))
	}
	for i, addr := range []string{a, b, mini} {
		if got := must(t, addr, "GET who"); got != fmt.Sprint(i) {
			t.Errorf("server %d says it is %q", i, got)
		}
	}
}

func TestServerEndsWithItsTest(t *testing.T) {
	var addr string
	t.Run("inner", func(t *testing.T) {
		addr = Server(t)
		must(t, addr, "PING")
	})
	if answer, err := ask(addr, "PING"); err == nil {
		t.Errorf("still answers %q", answer)
	}
}

func TestKillAndStart(t *testing.T) {
	p := New(t)
	addr := p.Addr()
	must(t, addr, "SET k v")
	for range 3 {
		p.Kill()
		p.Kill() // one that is down stays down
		if answer, err := ask(addr, "PING"); err == nil {
			t.Fatalf("a killed server answers %q", answer)
		}
		p.Start()
		if p.Addr() != addr {
			t.Fatalf("moved from %s to %s", addr, p.Addr())
		}
		if got := must(t, addr, "DBSIZE"); got != "0" {
			t.Fatalf("came back with %s keys, not empty", got)
		}
		must(t, addr, "SET k v")
	}
	p.Start() // one that is up stays as it is
	if got := must(t, addr, "GET k"); got != "v" {
		t.Errorf("Start replaced a server that was up")
	}
}

func TestPauseAndResume(t *testing.T) {
	p := New(t)
	before := must(t, p.Addr(), "INCR n")
	p.Pause()
	p.Pause()
	if answer, err := ask(p.Addr(), "PING"); err == nil {
		t.Fatalf("a paused server answers %q", answer)
	}
	p.Resume()
	if got := must(t, p.Addr(), "GET n"); got != before {
		t.Errorf("n is %s after the pause, was %s: it is not the same server", got, before)
	}
	p.Pause()
	p.Kill() // also out of a pause
	p.Start()
	must(t, p.Addr(), "PING")
}

// fatalT is a test that only notes how it failed.
type fatalT struct {
	testing.TB
	said string
}

type fatal struct{}

func (f *fatalT) Helper() {}

func (f *fatalT) Fatal(args ...any) {
	f.said = fmt.Sprint(args...)
	panic(fatal{})
}

// failure runs do, which must fail its test, and returns what it said.
func failure(t *testing.T, do func(testing.TB)) string {
	t.Helper()
	f := &fatalT{TB: t}
	func() {
		defer func() {
			if r := recover(); r != nil && r != any(fatal{}) {
				panic(r)
			}
		}()
		do(f)
	}()
	if f.said == "" {
		t.Fatal("the test did not fail")
	}
	return f.said
}

func TestMissingRedisFails(t *testing.T) {
	t.Setenv("PATH", t.TempDir())
	for name, do := range map[string]func(testing.TB){
		"Server":  func(tb testing.TB) { Server(tb) },
		"Cluster": func(tb testing.TB) { Cluster(tb) },
	} {
		if said := failure(t, do); !strings.Contains(said, "`make test` installs it") {
			t.Errorf("%s: the message does not help: %s", name, said)
		}
	}
}

func TestPortOfAnotherServer(t *testing.T) {
	first, err := newServer()
	if err != nil {
		t.Fatal(err)
	}
	defer first.remove()
	second := &server{port: first.port, dir: t.TempDir(), args: first.args}
	if err := second.start(); !errors.Is(err, errPortTaken) {
		t.Errorf("start on a port where another Redis answers: %v", err)
	}
	must(t, first.addr(), "PING")
}

func TestBadOptionIsShown(t *testing.T) {
	_, err := newServer("--no-such-option", "yes")
	if err == nil || !strings.Contains(err.Error(), "no-such-option") {
		t.Errorf("what Redis said is not in the error: %v", err)
	}
}
