package app_test

import (
	"bufio"
	"context"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/bosgraph/bosgraph/internal/apptest"
	"github.com/bosgraph/bosgraph/internal/redistest"
)

// onDirectory is a fleet of one on a directory whose path is short, as a socket's has to be.
func onDirectory(t *testing.T) *apptest.Fleet {
	t.Helper()
	dir, err := os.MkdirTemp("", "")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	return &apptest.Fleet{Binary: apptest.Command(t), DataDir: dir, Namespace: "data"}
}

// redisOf is the process id of the redis-server on a directory; 0 if it does not answer.
func redisOf(t *testing.T, dir string) int {
	t.Helper()
	conn, err := net.Dial("unix", filepath.Join(dir, "redis", "redis.sock"))
	if err != nil {
		return 0
	}
	defer conn.Close()
	fmt.Fprint(conn, "INFO server\r\n")
	for lines := bufio.NewScanner(conn); lines.Scan(); {
		if text, found := strings.CutPrefix(lines.Text(), "process_id:"); found {
			pid, err := strconv.Atoi(text)
			if err != nil {
				t.Fatal(err)
			}
			return pid
		}
	}
	return 0
}

// ids is how many components a producer writes, one after the other: so that an update that is lost is not
// hidden by a later one.
const ids = 1000

// updates is one producer, whose components say by which of its updates they were written.
type updates struct {
	first int // the number of its first component

	mu   sync.Mutex
	acks []time.Time // of each update, by its number
}

// send sends updates until one fails, or crashed is set.
func (u *updates) send(s *apptest.Site, round int, crashed *atomic.Bool) {
	for n := 0; !crashed.Load(); n++ {
		c := apptest.Powering(apptest.Xname(u.first+n%ids), "boot")
		c["error"] = fmt.Sprint(round, " ", n)
		codes, err := apptest.Try(s, apptest.PutComponents, apptest.Vars{"in": []apptest.Vars{c}})
		if err != nil || len(codes) > 0 {
			return
		}
		u.mu.Lock()
		u.acks = append(u.acks, time.Now())
		u.mu.Unlock()
	}
}

// older says whether an update was acknowledged before that time.
func (u *updates) older(than time.Time) bool {
	u.mu.Lock()
	defer u.mu.Unlock()
	return len(u.acks) > 0 && u.acks[0].Before(than)
}

// lost counts the updates that were acknowledged and are not stored: those before that time, and those after it.
func (u *updates) lost(stored map[string]string, round int, at time.Time) (old, recent int) {
	for n, ack := range u.acks {
		last := -1
		_, _ = fmt.Sscanf(stored[apptest.Xname(u.first+n%ids)], fmt.Sprint(round, " %d"), &last) // an earlier round: none of this one
		switch {
		case last >= n:
		case ack.Before(at):
			old++
		default:
			recent++
		}
	}
	return old, recent
}

// storedErrors reads the errors of all components.
func storedErrors(s *apptest.Site) map[string]string {
	all := map[string]string{}
	for after := any(nil); ; {
		r := s.Must(`query($after: String) { components(first: 1000, after: $after) { edges { node { id error } } pageInfo { endCursor hasNextPage } } }`, apptest.Vars{"after": after})
		for _, c := range r.At("components.edges").([]any) {
			all[apptest.At(c, "node.id").(string)] = apptest.At(c, "node.error").(string)
		}
		if after = r.At("components.pageInfo.endCursor"); r.At("components.pageInfo.hasNextPage") == false {
			return all
		}
	}
}

// TestADataDirectoryOutlivesAnyCrash kills the server, its redis-server and both, while producers write.
func TestADataDirectoryOutlivesAnyCrash(t *testing.T) {
	t.Parallel()
	rounds := 3
	if longTests {
		rounds = 60
	}
	f := onDirectory(t)
	s, process := f.Start(t, "127.0.0.1:0")
	s.Session("boot")
	all := make([]*updates, 4)
	for i := range all {
		all[i] = &updates{first: i * ids}
	}
	written, recent := 0, 0
	for round := range rounds {
		server, redis := round%3 != 1, round%3 != 0 // which of them are killed
		var running sync.WaitGroup
		var crashed atomic.Bool
		for _, u := range all {
			u.acks = nil
			running.Go(func() { u.send(s, round, &crashed) })
		}
		apptest.Eventually(t, "updates are older than a second", func() bool { return all[0].older(time.Now().Add(-1100 * time.Millisecond)) })
		pid, at := redisOf(t, f.DataDir), time.Now()
		if redis {
			_ = syscall.Kill(pid, syscall.SIGKILL) // fails only if it has ended already
		}
		if server {
			process.Kill()
		}
		crashed.Store(true) // of redis-server alone a client may see nothing
		running.Wait()
		if server {
			s, process = f.Start(t, "127.0.0.1:0")
		}
		apptest.Eventually(t, "another redis-server is ready", func() bool {
			if now := redisOf(t, f.DataDir); now == 0 || now == pid {
				return false
			}
			status, _ := s.Get("/readyz")
			return status == http.StatusOK
		})
		stored := storedErrors(s)
		for _, u := range all {
			o, r := u.lost(stored, round, at.Add(-time.Second))
			if o > 0 {
				t.Errorf("round %d: %d updates were lost that had been acknowledged a second before the crash", round, o)
			}
			written, recent = written+len(u.acks), recent+r
		}
		f.NoDrift(t)
	}
	redistest.Figure(t, "%d crashes of a server, its redis-server or both (AOF every second): acknowledged %d updates, lost 0 older than a second and %d younger", rounds, written, recent)
}

// TestADataDirectoryIsBackedUpRestoredAndMoved runs the commands of the documentation, each at the server's state
// that it says.
func TestADataDirectoryIsBackedUpRestoredAndMoved(t *testing.T) {
	t.Parallel()
	f := onDirectory(t)
	backup, other := t.TempDir(), t.TempDir()
	_, section, _ := strings.Cut(readFile(t, "../../docs/operations.md"), "\n## The data directory\n")
	section, _, _ = strings.Cut(section, "\n## ")
	blocks := regexp.MustCompile("(?s)```sh\n(.*?)```").FindAllStringSubmatch(section, -1)
	if len(blocks) != 3 {
		t.Fatalf("%d blocks of commands, not those for a backup, a restore and a move", len(blocks))
	}
	try := func(i int, backup string) (string, error) {
		script := strings.NewReplacer("/var/lib/bosgraph", f.DataDir, "/var/backups", backup, "/var/lib/redis", other).Replace(blocks[i][1])
		ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
		defer cancel()
		out, err := exec.CommandContext(ctx, "sh", "-c", script).CombinedOutput() // as in a terminal, where a failed command ends nothing
		return script + "\n" + string(out), err
	}
	do := func(i int) {
		if out, err := try(i, backup); err != nil {
			t.Fatalf("%s: %v", out, err)
		}
	}
	sessions := func(s *apptest.Site) string {
		return fmt.Sprint(s.Must(`{ sessions(first: 5) { edges { node { name } } } }`).At("sessions.edges"))
	}

	s, process := f.Start(t, "127.0.0.1:0")
	do(0)
	s.Session("kept")
	want, first := sessions(s), time.Now().Unix()
	apptest.Eventually(t, "a backup has another name", func() bool { return time.Now().Unix() > first })
	do(0)
	if out, err := try(0, filepath.Join(backup, "missing")); err == nil {
		t.Errorf("a backup that failed ends without an error: %s", out)
	}
	rewrite := exec.Command("redis-cli", "-s", filepath.Join(f.DataDir, "redis", "redis.sock"), "CONFIG", "GET", "auto-aof-rewrite-percentage")
	if out, err := rewrite.Output(); err != nil || !strings.HasSuffix(string(out), "\n100\n") {
		t.Errorf("after the backups the log is rewritten like this: %q, %v", out, err)
	}
	s.Session("later")
	process.End()
	do(1)
	s, process = f.Start(t, "127.0.0.1:0")
	if have := sessions(s); have != want {
		t.Errorf("restored are %s, not %s", have, want)
	}
	process.End()
	do(2)
	moved := *f
	moved.DataDir, moved.Redis = "", redistest.New(t, "--dir", other, "--appendonly", "yes").Addr()
	s, _ = moved.Serve(t)
	if have := sessions(s); have != want {
		t.Errorf("moved are %s, not %s", have, want)
	}
	moved.NoDrift(t)
}
