package app_test

import (
	"bufio"
	"context"
	"crypto/rand"
	"encoding/json"
	"fmt"
	"io"
	"math"
	"net"
	"net/http"
	"os"
	"os/exec"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/bosgraph/bosgraph/internal/apptest"
	"github.com/bosgraph/bosgraph/internal/redistest"
)

// What any request may cost a server, whatever it asks for.
const (
	mostForOne  = 150 << 20 // bytes over the idle server
	mostForMany = 500 << 20
	mostLoris   = 60 << 20
	manyAtOnce  = 50

	cpuOfQuery   = 250 * time.Millisecond // of a query that anybody may send, in a system of 100,000 components
	bytesOfQuery = 64 << 20               // and of a list of REST, however long it is
	cpuOfRefusal = 50 * time.Millisecond  // of what is refused
	// bytesOfRefusal are few megabytes because a collection may be due at any time; a body that is
	// refused at its end has been held.
	bytesOfRefusal = 48 << 20

	attempts   = 3                      // of which one has to be within these: the collector may run, or the machine do something else
	slowestP99 = 200 * time.Millisecond // of others' status queries meanwhile
)

// TestTheMostExpensiveRequestsAreBounded measures what the worst legal requests cost a server process: bytes
// answered, CPU and peak memory for one, and for 50 at once together with how long others
// wait meanwhile. Each request meets a new process.
//
// TEST_BOSGRAPH_LONG=1 uses a system of 100,000 components, runs 50 at once and checks the
// bounds; without it a small system shows that every request is answered as it should be,
// and what one costs. -short leaves out the 50. TEST_BOSGRAPH_BINARY measures another
// build, which is not checked.
//
//	TEST_BOSGRAPH_LONG=1 go test -v -timeout 60m -run TestTheMostExpensiveRequestsAreBounded ./internal/app
func TestTheMostExpensiveRequestsAreBounded(t *testing.T) {
	t.Parallel()
	if runtime.GOOS != "linux" {
		t.Skip("measures by /proc")
	}
	other := os.Getenv("TEST_BOSGRAPH_BINARY")
	binary := other
	if binary == "" {
		binary = apptest.Command(t)
	}
	long := os.Getenv("TEST_BOSGRAPH_LONG") == "1"
	f := &apptest.Fleet{Binary: binary, Redis: redistest.Server(t), Namespace: "test-" + rand.Text()}
	w := worstSystem{components: 2_000, texts: 60, details: 30, lists: 20, groups: 20}
	if long {
		w = worstSystem{components: 100_000, texts: 1_000, details: 300, lists: 300, groups: 500}
	}
	w.fill(t, f)

	fmt.Fprintf(t.Output(), "| request | bytes sent | answered | status | CPU s | peak MB over idle | 50 at once: peak MB | others' p99 ms |\n|---|---|---|---|---|---|---|---|\n")
	for _, r := range w.requests() {
		t.Run(r.name, func(t *testing.T) {
			one := w.measure(t, f, r, 1)
			for i := 1; i < attempts && other == "" && !one.within(r.kind); i++ {
				one = w.measure(t, f, r, 1)
			}
			row := fmt.Sprintf("| %s | %s | %s | %s | %.2f | %s |", r.name, size(one.Sent), size(one.Answered), one.Status, one.cpu.Seconds(), megabytes(one.peak))
			var many worstCost
			if long && !testing.Short() && r.socket == nil {
				many = w.measure(t, f, r, manyAtOnce)
				row += fmt.Sprintf(" %s | %.0f |", megabytes(many.peak), float64(many.p99.Microseconds())/1000)
			}
			fmt.Fprintln(t.Output(), row)
			if r.code == "" && strings.Contains(one.Head, `"errors"`) {
				t.Logf("with errors: %.600s", one.Head)
			}
			if other != "" {
				return
			}
			if r.code != "" && !strings.Contains(one.Head, r.code) && !strings.Contains(one.Tail, r.code) {
				t.Errorf("answered %s … %s, want %s", one.Head, one.Tail, r.code)
			}
			if !one.within(r.kind) {
				t.Errorf("it costs more than its kind may: %s", row)
			}
			if one.peak > mostForOne || many.peak > mostForMany || many.p99 > slowestP99 {
				t.Errorf("too expensive: %s", row)
			}
		})
	}
	t.Run("2,000 bodies that trickle", func(t *testing.T) { w.loris(t, f, other != "", long) })
}

// worstCost is what one request, or many at once, cost.
type worstCost struct {
	Sent, Answered int64
	Status         string
	Head, Tail     string // of the answer

	cpu  time.Duration
	peak int64
	p99  time.Duration // of others meanwhile
	each int           // of how many the CPU is to be divided among; 0 for one
}

// within says whether one request has cost no more than those of its kind may.
//
// The bounds are those of a machine that does nothing else, as the long form needs. Other tests run
// beside the short form, and CPU time is counted as longer then.
func (c worstCost) within(kind worstKind) bool {
	if os.Getenv("TEST_BOSGRAPH_LONG") != "1" {
		c.cpu /= 3
	}
	switch kind {
	case query:
		return c.cpu <= cpuOfQuery && c.peak <= bytesOfQuery
	case refusal:
		// A thousand things that are refused may take as many times the memory of one, within the bounds
		// of connections and of what each may have.
		return c.cpu <= cpuOfRefusal && (c.peak <= bytesOfRefusal || c.each > 1)
	case list:
		return c.peak <= bytesOfQuery
	default:
		return true
	}
}

// measure sends a request n times at once to a new server.
func (w worstSystem) measure(t *testing.T, f *apptest.Fleet, r worstRequest, n int) worstCost {
	t.Helper()
	s, p := f.Start(t, "127.0.0.1:0", r.options...)
	defer p.Kill()
	s.Must(`{ session(name: "wide") { status { percentSuccessful } } }`)
	pid := p.Cmd.Process.Pid
	idle, before := resident(t, pid), used(t, pid)
	resetPeak(t, pid)
	var cost worstCost
	if n == 1 {
		cost = r.run(t, s, math.MaxInt64)
	} else {
		cost = w.measureMany(t, s, r, n)
	}
	cost.cpu, cost.peak = (used(t, pid)-before)/time.Duration(max(1, cost.each)), max(0, peakOf(t, pid)-idle)
	if n == 1 && !cost.within(r.kind) {
		// The first request of its kind also loads the program's code and grows the heap, which takes
		// a process up to 0.1 s once.
		before = used(t, pid)
		r.run(t, s, math.MaxInt64)
		cost.cpu = min(cost.cpu, (used(t, pid)-before)/time.Duration(max(1, cost.each)))
	}
	return cost
}

// measureMany has a process of its own send the request, and asks the server meanwhile as
// others do: the sender's work would be measured as theirs if it were done here.
func (w worstSystem) measureMany(t *testing.T, s *apptest.Site, r worstRequest, n int) worstCost {
	t.Helper()
	load := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^TestExpensiveRequestsAreSent$")
	load.Env = append(os.Environ(), "TEST_BOSGRAPH_LOAD="+s.Base, "TEST_BOSGRAPH_LOAD_REQUEST="+r.name,
		fmt.Sprint("TEST_BOSGRAPH_LOAD_TIMES=", n), fmt.Sprint("TEST_BOSGRAPH_LOAD_SYSTEM=", w.components))
	load.SysProcAttr = apptest.EndWithParent()
	probing, stop := context.WithCancel(t.Context())
	var probes []time.Duration
	var prober sync.WaitGroup
	prober.Go(func() { probes = probe(probing, s) })
	out, err := load.Output()
	stop()
	prober.Wait()
	var cost worstCost
	if line, _, _ := strings.Cut(string(out), "\n"); err != nil || json.Unmarshal([]byte(line), &cost) != nil {
		t.Fatalf("%v: %s", err, out)
	}
	if len(probes) == 0 {
		t.Fatal("no request of others was answered meanwhile")
	}
	slices.Sort(probes)
	cost.p99 = probes[len(probes)*99/100]
	return cost
}

// TestExpensiveRequestsAreSent is the process that sends. It gives way to the others: what it takes to
// make and read megabytes would be measured as the server's.
func TestExpensiveRequestsAreSent(t *testing.T) {
	base := os.Getenv("TEST_BOSGRAPH_LOAD")
	if base == "" {
		t.Skip("it is run by TestTheMostExpensiveRequestsAreBounded")
	}
	if err := syscall.Setpriority(syscall.PRIO_PROCESS, 0, 19); err != nil {
		t.Fatal(err)
	}
	components, _ := strconv.Atoi(os.Getenv("TEST_BOSGRAPH_LOAD_SYSTEM"))
	n, _ := strconv.Atoi(os.Getenv("TEST_BOSGRAPH_LOAD_TIMES"))
	all := worstSystem{components: components}.requests()
	r := all[slices.IndexFunc(all, func(r worstRequest) bool { return r.name == os.Getenv("TEST_BOSGRAPH_LOAD_REQUEST") })]
	if r.body != nil {
		body := r.body()
		r.body = func() string { return body }
	}
	most := int64(math.MaxInt64)
	if n > 1 && r.path != "" {
		most = mostRead
	}
	costs := make([]worstCost, n)
	var sending sync.WaitGroup
	for i := range n {
		sending.Go(func() { costs[i] = r.run(t, &apptest.Site{T: t, Base: base}, most) })
	}
	sending.Wait()
	text, err := json.Marshal(costs[0])
	if err != nil {
		t.Fatal(err)
	}
	fmt.Println(string(text))
}

// mostRead is how much is read of each of many streams that never hold much at a time.
const mostRead = 20 << 20

// probe asks for a status every few milliseconds, as others do meanwhile.
func probe(ctx context.Context, s *apptest.Site) (took []time.Duration) {
	const query = `{"query":"{ session(name: \"wide\") { status { percentSuccessful counts { managed } } } }"}`
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for {
		start := time.Now()
		response, err := s.Client.Post(s.Base+"/graphql", "application/json", strings.NewReader(query))
		if err == nil {
			_, _ = io.Copy(io.Discard, response.Body)
			_ = response.Body.Close()
		}
		if ctx.Err() != nil {
			return took
		}
		took = append(took, time.Since(start))
		select {
		case <-ctx.Done():
			return took
		case <-tick.C:
		}
	}
}

// loris opens 2,000 connections that claim a large body and send next to nothing of it.
func (w worstSystem) loris(t *testing.T, f *apptest.Fleet, other, long bool) {
	n := 200
	if long {
		n = 2_000
	}
	s, p := f.Start(t, "127.0.0.1:0")
	defer p.Kill()
	pid := p.Cmd.Process.Pid
	idle := resident(t, pid)
	resetPeak(t, pid)
	for range n {
		conn, err := net.Dial("tcp", strings.TrimPrefix(s.Base, "http://"))
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close()
		fmt.Fprintf(conn, "POST /graphql HTTP/1.1\r\nHost: %s\r\nContent-Type: application/json\r\nContent-Length: 16000000\r\n\r\n{\"query\":\"",
			strings.TrimPrefix(s.Base, "http://"))
	}
	s.Must(`{ serverInfo { epoch } }`) // what was sent before has been taken in
	peak := max(0, peakOf(t, pid)-idle)
	fmt.Fprintf(t.Output(), "| %d bodies that trickle | | | | | %s | | |\n", n, megabytes(peak))
	if !other && peak > mostLoris {
		t.Errorf("%s MB for %d connections", megabytes(peak), n)
	}
}

// manySockets is how many there are of what a socket test has many of.
func manySockets() int {
	if os.Getenv("TEST_BOSGRAPH_LONG") == "1" {
		return 9_000 // as many as one address may have, and a few are left for others
	}
	return 500
}

// run sends the request once and reads the answer, or so much of it.
func (r worstRequest) run(t *testing.T, s *apptest.Site, most int64) worstCost {
	if r.socket != nil {
		return r.socket(t, s, manySockets())
	}
	body, method, path := "", http.MethodGet, r.path
	if path == "" {
		body, method, path = r.body(), http.MethodPost, "/graphql"
	}
	request, err := http.NewRequest(method, s.Base+path, strings.NewReader(body))
	if err != nil {
		t.Error(err)
		return worstCost{}
	}
	request.Header.Set("Content-Type", "application/json")
	response, err := (&http.Client{Timeout: 5 * time.Minute, Transport: &http.Transport{DisableKeepAlives: true, DisableCompression: true}}).Do(request)
	if err != nil {
		return worstCost{Sent: int64(len(body)), Status: "cut off"}
	}
	defer response.Body.Close()
	head := make([]byte, 1000)
	got, _ := io.ReadFull(response.Body, head)
	last := &tail{}
	more, _ := io.Copy(last, io.LimitReader(response.Body, most))
	return worstCost{Sent: int64(len(body)), Answered: int64(got) + more, Status: strconv.Itoa(response.StatusCode), Head: string(head[:got]), Tail: string(last.b)}
}

// tail keeps the last bytes written.
type tail struct{ b []byte }

func (l *tail) Write(b []byte) (int, error) {
	l.b = append(l.b, b[max(0, len(b)-1000):]...)
	l.b = l.b[max(0, len(l.b)-1000):]
	return len(b), nil
}

func size(n int64) string {
	switch {
	case n >= 1<<20:
		return fmt.Sprintf("%.1f MB", float64(n)/(1<<20))
	case n >= 1<<10:
		return fmt.Sprintf("%.1f KB", float64(n)/(1<<10))
	}
	return fmt.Sprint(n)
}

func megabytes(n int64) string { return fmt.Sprintf("%.0f", float64(n)/(1<<20)) }

// procLine is the number behind a label in a file of /proc, in the file's unit.
func procLine(t *testing.T, pid int, file, label string) int64 {
	t.Helper()
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/%s", pid, file))
	if err != nil {
		t.Fatal(err)
	}
	for lines := bufio.NewScanner(strings.NewReader(string(text))); lines.Scan(); {
		if words := strings.Fields(lines.Text()); len(words) > 1 && words[0] == label {
			n, err := strconv.ParseInt(words[1], 10, 64)
			if err != nil {
				t.Fatal(err)
			}
			return n
		}
	}
	t.Fatalf("no %s in %s", label, file)
	return 0
}

func resident(t *testing.T, pid int) int64 { return procLine(t, pid, "status", "VmRSS:") << 10 }
func peakOf(t *testing.T, pid int) int64   { return procLine(t, pid, "status", "VmHWM:") << 10 }

// resetPeak makes the peak begin with what is resident now.
func resetPeak(t *testing.T, pid int) {
	t.Helper()
	if err := os.WriteFile(fmt.Sprintf("/proc/%d/clear_refs", pid), []byte("5"), 0); err != nil {
		t.Fatal(err)
	}
}

// used is the CPU time of a process, user and system.
func used(t *testing.T, pid int) time.Duration {
	t.Helper()
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		t.Fatal(err)
	}
	fields := strings.Fields(string(text[strings.LastIndexByte(string(text), ')')+1:]))
	var ticks int64
	for _, f := range fields[11:13] {
		n, err := strconv.ParseInt(f, 10, 64)
		if err != nil {
			t.Fatal(err)
		}
		ticks += n
	}
	return time.Duration(ticks) * time.Second / 100 // USER_HZ, which is the same everywhere
}
