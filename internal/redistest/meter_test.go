package redistest

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"strings"
	"testing"
	"time"
)

func TestAMeterCountsWhatPasses(t *testing.T) {
	get := func(keys ...string) string {
		var all string
		for _, k := range keys {
			all += wire("get", k)
		}
		return all
	}
	pipeline := get("a", "b", "c")
	tests := []struct {
		name     string
		bursts   [][]string // of each burst the pieces it is sent in
		trips    int
		commands []string
	}{
		{name: "nothing", bursts: nil},
		{name: "one command", bursts: [][]string{{get("a")}}, trips: 1, commands: []string{"GET a"}},
		{name: "a command of one line", bursts: [][]string{{"get a\r\n"}}, trips: 1, commands: []string{"GET a"}},
		{name: "one after the other", bursts: [][]string{{get("a")}, {get("b")}}, trips: 2, commands: []string{"GET a", "GET b"}},
		{name: "a pipeline", bursts: [][]string{{pipeline}}, trips: 1, commands: []string{"GET a", "GET b", "GET c"}},
		{name: "a pipeline cut within a command", trips: 1, commands: []string{"GET a", "GET b", "GET c"},
			bursts: [][]string{{pipeline[:len(pipeline)/2], pipeline[len(pipeline)/2:]}}},
		{name: "single bytes of one command", bursts: [][]string{strings.Split(get("a"), "")}, trips: 1, commands: []string{"GET a"}},
		{name: "two pipelines", bursts: [][]string{{get("a", "b")}, {get("c", "d")}}, trips: 2,
			commands: []string{"GET a", "GET b", "GET c", "GET d"}},
		{name: "no key", bursts: [][]string{{wire("PING")}}, trips: 1, commands: []string{"PING "}},
		{name: "a value of several lines", bursts: [][]string{{wire("SET", "k", "*1\r\n$4\r\nPING\r\n")}}, trips: 1, commands: []string{"SET k"}},
		{name: "a script's key", bursts: [][]string{{wire("EVAL", "return 1", "2", "k1", "k2", "arg")}}, trips: 1, commands: []string{"EVAL k1"}},
		{name: "a script without keys", bursts: [][]string{{wire("EVAL", "return 1", "0", "arg")}}, trips: 1, commands: []string{"EVAL "}},
	}
	m := NewMeter(t, Server(t))
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			conn := through(t, m)
			m.Reset()
			answers := bufio.NewReader(conn)
			for _, burst := range test.bursts {
				answered, commands := frames{}, frames{}
				expect := 0
				for _, piece := range burst {
					if _, err := io.WriteString(conn, piece); err != nil {
						t.Fatal(err)
					}
					for b := []byte(piece); len(b) > 0; {
						n, whole := commands.next(b)
						if b = b[n:]; whole {
							expect++
						}
					}
				}
				for expect > 0 {
					one, err := answers.ReadByte()
					if err != nil {
						t.Fatal(err)
					}
					if _, whole := answered.next([]byte{one}); whole {
						expect--
					}
				}
			}
			got := m.Snapshot()
			var commands []string
			for _, c := range got.Commands {
				commands = append(commands, c.Name()+" "+c.Key())
			}
			if got.RoundTrips != test.trips || fmt.Sprint(commands) != fmt.Sprint(test.commands) {
				t.Errorf("%d round trips, %q; want %d, %q", got.RoundTrips, commands, test.trips, test.commands)
			}
		})
	}
}

// TestAMeterPassesOnEverything shows that a client can't distinguish a meter from its Redis, even one
// that goes away.
func TestAMeterPassesOnEverything(t *testing.T) {
	p := New(t)
	m := NewMeter(t, p.Addr())
	long := strings.Repeat("x", 1<<20)
	conn := through(t, m)
	if _, err := io.WriteString(conn, wire("SET", "k", long)+wire("STRLEN", "k")); err != nil {
		t.Fatal(err)
	}
	want := fmt.Sprintf("+OK\r\n:%d\r\n", len(long))
	got := make([]byte, len(want))
	if _, err := io.ReadFull(conn, got); err != nil || string(got) != want {
		t.Fatalf("read %q, %v; want %q", got, err, want)
	}
	p.Kill()
	if n, err := conn.Read(got); err == nil {
		t.Errorf("read %q of a Redis that was killed", got[:n])
	}
	if answer, err := ask(m.Addr(), "PING"); err == nil {
		t.Errorf("a Redis that is down answers %q", answer)
	}
	p.Start()
	must(t, m.Addr(), "PING")
}

func through(t *testing.T, m *Meter) net.Conn {
	t.Helper()
	conn, err := net.Dial("tcp", m.Addr())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close() }) // it may have ended
	if err := conn.SetDeadline(time.Now().Add(patience)); err != nil {
		t.Fatal(err)
	}
	return conn
}
