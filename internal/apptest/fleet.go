package apptest

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"
)

// Fleet is what may run on one namespace of a Redis of its own, of a cluster, or on a directory.
type Fleet struct {
	Binary, Redis, DataDir, Namespace string
	Cluster                           []string // its nodes, instead of Redis
	Env                               []string // of its programs, besides that of the test
}

// command is the command with these words, on the fleet's namespace.
func (f *Fleet) command(ctx context.Context, words ...string) *exec.Cmd {
	state := []string{"--redis-url", "redis://" + f.Redis}
	switch {
	case f.DataDir != "":
		state = []string{"--data-dir", f.DataDir}
	case f.Cluster != nil:
		state = []string{"--redis-url", ClusterURL(f.Cluster)}
	}
	cmd := exec.CommandContext(ctx, f.Binary, slices.Concat(words, state, []string{"--namespace", f.Namespace})...)
	cmd.Env = append(os.Environ(), f.Env...)
	return cmd
}

// Serve starts a server, and returns it as a site and what kills it.
func (f *Fleet) Serve(t *testing.T, options ...string) (s *Site, kill func()) {
	t.Helper()
	s, process := f.Start(t, "127.0.0.1:0", options...)
	return s, process.Kill
}

// ServeAt is Serve on an address that is known beforehand.
func (f *Fleet) ServeAt(t *testing.T, address string) (s *Site, kill func()) {
	t.Helper()
	s, process := f.Start(t, address)
	return s, process.Kill
}

// Start starts a server on an address, and returns it as a site and as a process.
func (f *Fleet) Start(t *testing.T, address string, options ...string) (s *Site, p *Process) {
	t.Helper()
	cmd := f.command(context.Background(), append([]string{"serve", "--listen", address, "--log-format", "json"}, options...)...)
	// The address is read from the log, as port 0 lets the kernel choose it: a port that was
	// looked for beforehand may be taken by then.
	base := make(chan string, 1)
	cmd.Stderr = &lines{each: func(text []byte) {
		var line struct{ Msg, Level, GraphQL string }
		if json.Unmarshal(text, &line) == nil && line.Msg == "serving" {
			base <- strings.TrimSuffix(line.GraphQL, "/graphql")
		} else if line.Level != "INFO" {
			fmt.Fprintf(t.Output(), "%s\n", text)
		}
	}}
	p = Run(t, cmd)
	s = newSite(t, f.Namespace)
	select {
	case s.Base = <-base:
	// A server that cannot start is noticed at once, and not after the whole time.
	case <-p.dead:
		t.Fatal("the server has ended")
	case <-time.After(30 * time.Second):
		t.Fatal("the server does not come up")
	}
	return s, p
}

// Recount runs the command of that name, and returns the N of its "drift N".
func (f *Fleet) Recount(t *testing.T, options ...string) (drift int, output string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	cmd := f.command(ctx, append([]string{"recount"}, options...)...)
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	stdout, err := cmd.Output()
	status := 0
	if exit := (*exec.ExitError)(nil); errors.As(err, &exit) {
		status = exit.ExitCode()
	} else if err != nil {
		t.Fatal(err)
	}
	output = strings.TrimRight(string(stdout), "\n")
	last := output[strings.LastIndexByte(output, '\n')+1:]
	drift, err = strconv.Atoi(strings.TrimPrefix(last, "drift "))
	// What it prints and what it exits with have to say the same, as scripts go by either.
	if err != nil || !strings.HasPrefix(last, "drift ") || (status == 0) != (drift == 0) || status > 1 {
		t.Fatalf("recount %v exits with %d and ends with %q\n%s", options, status, last, stderr.Bytes())
	}
	return drift, output
}

// NoDrift wants a recount to find nothing.
func (f *Fleet) NoDrift(t *testing.T) {
	t.Helper()
	if drift, output := f.Recount(t); drift != 0 {
		t.Fatalf("the recount says\n%s", output)
	}
}

// Raw sends one command to Redis behind the servers' backs. An array is returned
// as its items on lines of their own.
func (f *Fleet) Raw(t *testing.T, words ...string) string {
	t.Helper()
	conn, err := net.Dial("tcp", f.Redis)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	if err := conn.SetDeadline(time.Now().Add(30 * time.Second)); err != nil {
		t.Fatal(err)
	}
	// By hand: a client of Redis would retry, or decode what is to be seen as it is.
	fmt.Fprintf(conn, "*%d\r\n", len(words))
	for _, w := range words {
		fmt.Fprintf(conn, "$%d\r\n%s\r\n", len(w), w)
	}
	answer, err := readAnswer(bufio.NewReader(conn))
	if err != nil {
		t.Fatalf("%q: %v", words, err)
	}
	return answer
}

// readAnswer reads one answer of Redis.
func readAnswer(r *bufio.Reader) (string, error) {
	header, err := r.ReadString('\n')
	if err != nil {
		return "", err
	}
	kind, rest := header[0], strings.TrimSpace(header[1:])
	if kind == '-' {
		return "", errors.New(rest)
	}
	if kind == '+' || kind == ':' {
		return rest, nil
	}
	n, err := strconv.Atoi(rest)
	if err != nil || n < 0 {
		return "", err // -1 is "no value"
	}
	if kind == '$' {
		text := make([]byte, n+len("\r\n"))
		_, err := io.ReadFull(r, text)
		return string(text[:n]), err
	}
	items := make([]string, n)
	for i := range items {
		if items[i], err = readAnswer(r); err != nil {
			return "", err
		}
	}
	return strings.Join(items, "\n"), nil
}
