package app

import (
	"bufio"
	"bytes"
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/bosgraph/bosgraph/internal/redistest"
)

// TestProcesses runs the command itself: what these tests show holds for servers
// that share nothing but Redis, and that may end at any instant.
func TestProcesses(t *testing.T) {
	binary := filepath.Join(t.TempDir(), "bosgraph")
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Minute)
	defer cancel()
	if out, err := exec.CommandContext(ctx, "go", "build", "-o", binary, "../..").CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	for name, test := range map[string]func(*testing.T, *fleet){
		"killed in the middle of an ingest":  testKilled,
		"two servers complete one session":   testCompletionRace,
		"recount while others write":         testRecountOnline,
		"recount finds and mends any damage": testRecountRepairs,
		"who follows BOS is killed":          testLeaderKilled,
		"who follows BOS is overtaken":       testLeaderOvertaken,
	} {
		t.Run(name, func(t *testing.T) {
			test(t, &fleet{binary: binary, redis: redistest.Server(t), namespace: "test-" + rand.Text()})
		})
	}
}

// fleet is what may run on one namespace of a Redis of its own.
type fleet struct{ binary, redis, namespace string }

func (f *fleet) command(ctx context.Context, words ...string) *exec.Cmd {
	return exec.CommandContext(ctx, f.binary, append(words, "--redis-url", "redis://"+f.redis, "--namespace", f.namespace)...)
}

// serve starts a server, and returns it as a site and what kills it.
func (f *fleet) serve(t *testing.T, options ...string) (s *site, kill func()) {
	t.Helper()
	s, process := f.start(t, "127.0.0.1:0", options...)
	return s, process.kill
}

// serveAt is serve on an address that is known beforehand.
func (f *fleet) serveAt(t *testing.T, address string) (s *site, kill func()) {
	t.Helper()
	s, process := f.start(t, address)
	return s, process.kill
}

// process is a server that runs.
type process struct {
	cmd  *exec.Cmd
	dead chan struct{} // closed when it has ended
}

func (p *process) kill() {
	_ = p.cmd.Process.Kill() // fails only if it has ended already
	<-p.dead
}

func (f *fleet) start(t *testing.T, address string, options ...string) (s *site, p *process) {
	t.Helper()
	cmd := f.command(context.Background(), append([]string{"serve", "--listen", address, "--log-format", "json"}, options...)...)
	cmd.SysProcAttr = endWithParent()
	stderr, err := cmd.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	base, dead, started := make(chan string, 1), make(chan struct{}), make(chan error, 1)
	go func() {
		// The kernel's "parent" is this thread, so it has to live as long.
		runtime.LockOSThread()
		defer runtime.UnlockOSThread()
		err := cmd.Start()
		started <- err
		if err != nil {
			return
		}
		defer close(dead)
		for lines := bufio.NewScanner(stderr); lines.Scan(); {
			var line struct{ Msg, Level, GraphQL string }
			if json.Unmarshal(lines.Bytes(), &line) == nil && line.Msg == "serving" {
				base <- strings.TrimSuffix(line.GraphQL, "/graphql")
			} else if line.Level != "INFO" {
				fmt.Fprintf(t.Output(), "%s\n", lines.Bytes())
			}
		}
		_ = cmd.Wait() // its error says that we killed it
	}()
	if err := <-started; err != nil {
		t.Fatal(err)
	}
	p = &process{cmd, dead}
	t.Cleanup(p.kill)
	s = &site{t: t, namespace: f.namespace, client: &http.Client{Timeout: time.Minute, Transport: &http.Transport{}}}
	t.Cleanup(s.client.CloseIdleConnections)
	select {
	case s.base = <-base:
	case <-dead:
		t.Fatal("the server has ended")
	case <-time.After(30 * time.Second):
		t.Fatal("the server does not come up")
	}
	return s, p
}

// recount runs the command of that name, and returns the N of its "drift N".
func (f *fleet) recount(t *testing.T, options ...string) (drift int, output string) {
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
	if err != nil || !strings.HasPrefix(last, "drift ") || (status == 0) != (drift == 0) || status > 1 {
		t.Fatalf("recount %v exits with %d and ends with %q\n%s", options, status, last, stderr.Bytes())
	}
	return drift, output
}

func (f *fleet) noDrift(t *testing.T) {
	t.Helper()
	if drift, output := f.recount(t); drift != 0 {
		t.Fatalf("the recount says\n%s", output)
	}
}

// raw sends one command to Redis behind the servers' backs. An array is returned
// as its items on lines of their own.
func (f *fleet) raw(t *testing.T, words ...string) string {
	t.Helper()
	conn, err := net.Dial("tcp", f.redis)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	if err := conn.SetDeadline(time.Now().Add(30 * time.Second)); err != nil {
		t.Fatal(err)
	}
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
