package app_test

import (
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/bosgraph/bosgraph/internal/redistest"
)

// TestHeadersThatComeByteByByte opens connections whose requests never get to the end of their headers: others are answered
// as before. The long form opens 5,000, and waits until they are disconnected.
func TestHeadersThatComeByteByByte(t *testing.T) {
	t.Parallel()
	slow := 300
	if longTests {
		slow = 5000
	}
	f := newFleet(t)
	s, _ := f.Serve(t)
	s.Session("s")
	slowest := func() time.Duration {
		took := make([]time.Duration, 200)
		for i := range took {
			began := time.Now()
			s.Status("s")
			took[i] = time.Since(began)
		}
		slices.Sort(took)
		return took[len(took)*99/100]
	}
	without := slowest()
	begun := time.Now()
	all := make([]net.Conn, slow)
	for i := range all {
		conn, err := net.Dial("tcp", strings.TrimPrefix(s.Base, "http://"))
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close()
		all[i] = conn
	}
	const header = "GET /graphql?query={serverInfo{epoch}} HTTP/1.1\r\n"
	for i := range header {
		for _, conn := range all {
			_, _ = io.WriteString(conn, header[i:i+1]) // it may have been disconnected by now
		}
	}
	with := slowest()
	if most := 10*without + 200*time.Millisecond; with > most {
		t.Errorf("p99 of a query is %v, was %v", with, without)
	}
	disconnected := "not waited for"
	if longTests {
		for _, conn := range all {
			if err := conn.SetReadDeadline(begun.Add(time.Minute)); err != nil {
				t.Fatal(err)
			}
			if answer, err := io.ReadAll(conn); errors.Is(err, os.ErrDeadlineExceeded) || strings.Contains(string(answer), " 200 ") {
				t.Fatalf("a connection whose headers do not end is answered %.100q, %v", answer, err)
			}
		}
		disconnected = fmt.Sprint("after ", time.Since(begun).Round(time.Second))
	}
	redistest.Figure(t, "%d connections whose headers do not end: p99 of a query %v, %v without; disconnected: %s",
		slow, with.Round(100*time.Microsecond), without.Round(100*time.Microsecond), disconnected)
}
