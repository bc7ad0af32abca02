package transport

import (
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"
)

// listening serves with a Listener of those options.
func listening(t *testing.T, o ListenOptions, h http.HandlerFunc) (l *Listener, address string) {
	t.Helper()
	plain, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	l = Listen(plain, o)
	server := &http.Server{Handler: h}
	go func() { _ = server.Serve(l) }()
	t.Cleanup(func() { _ = server.Close() })
	return l, plain.Addr().String()
}

func connected(t *testing.T, address, text string) net.Conn {
	t.Helper()
	c, err := net.Dial("tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close() })
	if _, err := io.WriteString(c, text); err != nil {
		t.Fatal(err)
	}
	return c
}

const get = "GET / HTTP/1.1\r\nHost: h\r\n\r\n"

func answerTo(t *testing.T, c net.Conn) string {
	t.Helper()
	if err := c.SetReadDeadline(time.Now().Add(10 * time.Second)); err != nil {
		t.Fatal(err)
	}
	b := make([]byte, 4096)
	n, err := c.Read(b)
	if err != nil {
		t.Fatal(err)
	}
	return string(b[:n])
}

// TestConnectionsAreLimitedInAllAndByAddress shows that idle connections count, what those beyond the limits are
// answered, and that a place is free again once its connection has ended or is taken over.
func TestConnectionsAreLimitedInAllAndByAddress(t *testing.T) {
	taken := make(chan net.Conn, 1)
	handler := func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Take") == "" {
			return
		}
		c, _, err := http.NewResponseController(w).Hijack()
		if err == nil {
			c, err = takeOver(c)
		}
		if err != nil {
			t.Error(err)
		}
		taken <- c
	}
	for name, test := range map[string]struct {
		o      ListenOptions
		status string
	}{
		"in all":     {ListenOptions{Connections: 2, PerAddress: 9, WriteDeadline: time.Second}, "503"},
		"an address": {ListenOptions{Connections: 9, PerAddress: 2, WriteDeadline: time.Second}, "429"},
	} {
		t.Run(name, func(t *testing.T) {
			l, address := listening(t, test.o, handler)
			idle := connected(t, address, get)
			if got := answerTo(t, idle); !strings.HasPrefix(got, "HTTP/1.1 200") {
				t.Fatalf("answered %s", got)
			}
			stays := connected(t, address, "GET / HTTP/1.1\r\nHost: h\r\nTake: it\r\n\r\n")
			c := <-taken
			defer c.Close()
			other := connected(t, address, get)
			answerTo(t, other)
			if got := answerTo(t, connected(t, address, get)); !strings.HasPrefix(got, "HTTP/1.1 "+test.status) || !strings.Contains(got, `"UNAVAILABLE"`) {
				t.Errorf("beyond the limit: %s", got)
			}
			_ = idle.Close()
			for {
				if got := answerTo(t, connected(t, address, get)); strings.HasPrefix(got, "HTTP/1.1 200") {
					break
				}
			}
			_ = stays.Close()
			_ = other.Close()
			for n := 1; n > 0; {
				l.mu.Lock()
				n = l.count
				l.mu.Unlock()
				if n == 1 {
					break // the one that was let in last may have to be closed by the test's end
				}
			}
		})
	}
}

// TestAClientThatDoesNotReadItsAnswerIsDisconnected shows that a client that does not read is disconnected, whatever it
// has asked for, and that one that reads slowly is not.
func TestAClientThatDoesNotReadItsAnswerIsDisconnected(t *testing.T) {
	const size = 32 << 20
	ended := make(chan error, 2)
	_, address := listening(t, ListenOptions{Connections: 9, PerAddress: 9, WriteDeadline: 300 * time.Millisecond},
		func(w http.ResponseWriter, _ *http.Request) {
			var err error
			for range size / len(zeros) {
				if _, err = w.Write(zeros[:]); err != nil {
					break
				}
			}
			ended <- err
		})
	connected(t, address, get)
	select {
	case err := <-ended:
		if err == nil {
			t.Error("all was written to one who does not read")
		}
	case <-time.After(10 * time.Second):
		t.Error("one who does not read is not disconnected")
	}
	if n, err := io.Copy(io.Discard, io.LimitReader(connected(t, address, get), size)); n != size || err != nil {
		t.Errorf("one who reads got %d bytes, %v", n, err)
	}
	if err := <-ended; err != nil {
		t.Error(err)
	}
}

var zeros [64 << 10]byte
