package bench

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"net"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"
)

// raw is a bare connection to Redis: what is sent over it has been made before, so
// that only Redis and the wire take time.
type raw struct {
	net.Conn
	answers *bufio.Reader
}

func dial(b *testing.B, addr string) *raw {
	b.Helper()
	conn, err := net.Dial("tcp", addr)
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { _ = conn.Close() })
	return &raw{conn, bufio.NewReader(conn)}
}

// must sends a command and returns its answer.
func (r *raw) must(b *testing.B, words ...string) string {
	b.Helper()
	answer, err := r.do(wire(words...))
	if err != nil {
		b.Fatal(err)
	}
	return answer
}

// do sends a command and returns its answer; of an array, the first element.
func (r *raw) do(command []byte) (string, error) {
	if _, err := r.Write(command); err != nil {
		return "", err
	}
	return r.read()
}

func (r *raw) read() (string, error) {
	line, err := r.answers.ReadString('\n')
	if err != nil {
		return "", err
	}
	kind, rest := line[0], strings.TrimSuffix(line[1:], "\r\n")
	if kind == '+' || kind == ':' {
		return rest, nil
	}
	if kind == '-' {
		return "", errors.New(rest)
	}
	n, err := strconv.Atoi(rest)
	switch {
	case err != nil:
		return "", fmt.Errorf("unexpected answer %q", line)
	case kind == '$' && n >= 0:
		text := make([]byte, n+len("\r\n"))
		_, err := io.ReadFull(r.answers, text)
		return string(text[:n]), err
	case kind == '*':
		var first string
		for i := range n {
			one, err := r.read()
			if err != nil {
				return "", err
			}
			if i == 0 {
				first = one
			}
		}
		return first, nil
	}
	return "", nil
}

// wire is a command as clients write it.
func wire(words ...string) []byte {
	command := fmt.Appendf(nil, "*%d\r\n", len(words))
	for _, w := range words {
		command = fmt.Appendf(command, "$%d\r\n%s\r\n", len(w), w)
	}
	return command
}

// unwire reads the command that b begins with, up to so many of its words, and
// returns its length in bytes; 0 if it is not all there.
func unwire(b []byte, most int) (words []string, size int) {
	rest := b
	header := func(kind byte) (n int, ok bool) {
		line, _, ok := strings.Cut(string(rest[:min(len(rest), 32)]), "\r\n")
		if !ok || line == "" || line[0] != kind {
			return 0, false
		}
		n, err := strconv.Atoi(line[1:])
		rest = rest[len(line)+2:]
		return n, err == nil
	}
	count, ok := header('*')
	if !ok {
		return nil, 0
	}
	for range count {
		n, ok := header('$')
		if !ok || len(rest) < n+2 {
			return nil, 0
		}
		if len(words) < most {
			words = append(words, string(rest[:n]))
		}
		rest = rest[n+2:]
	}
	return words, len(b) - len(rest)
}

// calls is how many commands Redis has run since its start, those that scripts
// call among them, but for the ones that ask for this.
func (r *raw) calls(b *testing.B) int {
	b.Helper()
	var all int
	for line := range strings.Lines(r.must(b, "INFO", "commandstats")) {
		name, rest, _ := strings.Cut(line, ":calls=")
		count, _, _ := strings.Cut(rest, ",")
		if n, err := strconv.Atoi(count); err == nil && name != "cmdstat_info" {
			all += n
		}
	}
	return all
}

// commands is how many commands Redis runs for each of n reads. Servers have commands of their
// own run meanwhile, such as a probe of the notices once a second: of several attempts, the one
// with the fewest counts. An attempt should take much less than a second.
func (r *raw) commands(b *testing.B, n int, read func()) float64 {
	b.Helper()
	var attempts []int
	for range 7 {
		before := r.calls(b)
		read()
		attempts = append(attempts, r.calls(b)-before)
	}
	return float64(slices.Min(attempts)) / float64(n)
}

// memory is what Redis holds, in bytes.
func (r *raw) memory(b *testing.B) int {
	b.Helper()
	return int(r.info(b, "memory", "used_memory"))
}

// computing is the computing time that Redis has used.
func (r *raw) computing(b *testing.B) time.Duration {
	b.Helper()
	seconds := r.info(b, "cpu", "used_cpu_user") + r.info(b, "cpu", "used_cpu_sys")
	return time.Duration(seconds * float64(time.Second))
}

// info is a number that Redis reports about itself.
func (r *raw) info(b *testing.B, section, name string) float64 {
	b.Helper()
	_, rest, _ := strings.Cut(r.must(b, "INFO", section), "\n"+name+":")
	text, _, _ := strings.Cut(rest, "\r")
	n, err := strconv.ParseFloat(text, 64)
	if err != nil {
		b.Fatalf("Redis does not report its %s: %v", name, err)
	}
	return n
}
