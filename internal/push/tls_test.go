package push

import (
	"crypto/tls"
	"errors"
	"io"
	"net"
	"net/http/httptest"
	"runtime"
	"strconv"
	"testing"
	"time"
)

// certificate is one that no client of these tests checks.
func certificate(t testing.TB) tls.Certificate {
	t.Helper()
	s := httptest.NewTLSServer(nil)
	defer s.Close()
	return s.TLS.Certificates[0]
}

// overTLS is a pair of connections after the handshake.
func overTLS(t testing.TB) (server, client net.Conn) {
	t.Helper()
	plain, far := tcp(t)
	secured := tls.Server(&Wire{Conn: plain}, &tls.Config{Certificates: []tls.Certificate{certificate(t)}, MinVersion: tls.VersionTLS12})
	theirs := tls.Client(far, &tls.Config{InsecureSkipVerify: true}) //nolint:gosec // of a test
	shaken := make(chan error, 1)
	go func() { shaken <- secured.Handshake() }()
	if err := errors.Join(theirs.Handshake(), <-shaken); err != nil {
		t.Fatal(err)
	}
	return secured, theirs
}

// TestLastBytesOverTLS shows that a client gets all and then a proper end, by which it knows that
// nothing was cut off, also if it was slow.
func TestLastBytesOverTLS(t *testing.T) {
	for _, slow := range []bool{false, true} {
		c, client := pair(t, "tls", time.Minute)
		sent := 0
		if slow {
			sent = stuff(t, c)
		}
		c.Offer(&lastly{message('l', 1, 100)}, new([]byte))
		got, err := io.ReadAll(client)
		if err != nil || len(got) != sent+headSize+100 {
			t.Errorf("slow %v: %d bytes of %d, then %v", slow, len(got), sent+headSize+100, err)
		}
	}
}

// lastly has one message, after which nothing comes.
type lastly struct{ message []byte }

func (l *lastly) Append(to []byte) ([]byte, bool) {
	to = append(to, l.message...)
	l.message = nil
	return to, len(to) > 0
}

// BenchmarkOffer is what a message costs that the kernel takes at once.
func BenchmarkOffer(b *testing.B) {
	for _, kind := range []string{"tcp", "tls"} {
		for _, size := range []int{300, 4000} {
			b.Run(kind+"/"+byteCount(size), func(b *testing.B) {
				server, client := tcp(b)
				if kind == "tls" {
					_ = server.Close()
					_ = client.Close()
					server, client = overTLS(b)
				}
				c := New(server, time.Minute)
				defer c.Close()
				defer client.Close()
				go func() {
					drained := client
					if t, ok := client.(*tls.Conn); ok {
						drained = t.NetConn() // who decrypts it is another machine
					}
					_, _ = io.Copy(io.Discard, drained)
				}()
				text := message('m', 0, size-headSize)
				b.ReportAllocs()
				b.SetBytes(int64(size))
				for b.Loop() {
					for c.isBusy() { // the client is slower than this loop
						runtime.Gosched()
					}
					if _, err := c.Write(text); err != nil {
						b.Fatal(err)
					}
				}
			})
		}
	}
}

func byteCount(n int) string { return strconv.Itoa(n) + "B" }
