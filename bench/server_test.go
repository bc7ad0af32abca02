package bench

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/bosgraph/bosgraph/internal/app"
	"github.com/bosgraph/bosgraph/internal/config"
)

// serverVariable makes a process the server; it holds the command line.
const serverVariable = "BENCH_SERVER"

// server is bosgraph in a process of its own, so that what it uses can be distinguished from
// what the benchmark does.
type server struct {
	url     string // without a path
	process *os.Process
}

// newServer starts a server, which ends with the benchmark or by stop.
func newServer(b *testing.B, options ...string) (s server, stop func()) {
	b.Helper()
	self, err := os.Executable()
	if err != nil {
		b.Fatal(err)
	}
	cmd := exec.Command(self)
	cmd.Env, cmd.Stderr = append(os.Environ(), serverVariable+"="+strings.Join(options, " ")), os.Stderr
	in, err := cmd.StdinPipe() // it ends when this is closed
	if err != nil {
		b.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		b.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		b.Fatal(err)
	}
	ended := false
	stop = func() {
		if ended {
			return
		}
		ended = true
		if err := errors.Join(in.Close(), cmd.Wait()); err != nil {
			b.Error(err)
		}
	}
	b.Cleanup(stop)
	line, err := bufio.NewReader(out).ReadString('\n')
	if err != nil {
		b.Fatal(err)
	}
	return server{strings.TrimSpace(line), cmd.Process}, stop
}

// serveAlone serves until stdin ends, and says where.
func serveAlone(options []string) error {
	// The one client of a benchmark asks for more than the budget of one.
	c, err := config.Parse(append([]string{"serve", "--listen", "127.0.0.1:0", "--audit-log", os.DevNull, "--max-cost-per-minute", "0"}, options...), io.Discard, os.Stderr)
	if err != nil {
		return err
	}
	a, err := app.New(c, slog.New(slog.NewTextHandler(os.Stderr, &slog.HandlerOptions{Level: slog.LevelWarn})))
	if err != nil {
		return err
	}
	if err := a.Start(); err != nil {
		return err
	}
	fmt.Println("http://" + a.Addr())
	_, _ = io.Copy(io.Discard, os.Stdin)
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	return a.Stop(ctx)
}

// computing is the computing time that the server has used. The kernel reports it in
// hundredths of a second.
func (s server) computing(b *testing.B) time.Duration {
	b.Helper()
	stat := s.read(b, "stat")
	fields := strings.Fields(stat[strings.LastIndexByte(stat, ')')+1:]) // from the third on: the second may hold blanks
	var ticks int
	for _, f := range fields[11:13] {
		n, err := strconv.Atoi(f)
		if err != nil {
			b.Fatal(err)
		}
		ticks += n
	}
	return time.Duration(ticks) * time.Second / 100
}

// mostMemory is the most memory that the server has had, in MiB.
func (s server) mostMemory(b *testing.B) float64 {
	b.Helper()
	_, rest, _ := strings.Cut(s.read(b, "status"), "VmHWM:")
	kilobytes, err := strconv.Atoi(strings.Fields(rest)[0])
	if err != nil {
		b.Fatal(err)
	}
	return float64(kilobytes) / 1024
}

func (s server) read(b *testing.B, file string) string {
	b.Helper()
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/%s", s.process.Pid, file))
	if err != nil {
		b.Fatal(err)
	}
	return string(text)
}
