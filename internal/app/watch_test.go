package app

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/bosgraph/bosgraph/internal/redistest"
)

// TestWatchCommands runs the commands that people and scripts follow sessions with.
func TestWatchCommands(t *testing.T) {
	binary := filepath.Join(t.TempDir(), "bosgraph")
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Minute)
	defer cancel()
	if out, err := exec.CommandContext(ctx, "go", "build", "-o", binary, "../..").CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	redis := redistest.Server(t)
	for name, test := range map[string]func(*testing.T, *fleet){
		"in a pipe":              testWatchPipe,
		"its statuses":           testWatchStatuses,
		"over a restart":         testWatchRestart,
		"on a terminal":          testWatchTerminal,
		"on terminals of a kind": testWatchTerminals,
		"failed":                 testFailed,
	} {
		t.Run(name, func(t *testing.T) {
			test(t, &fleet{binary: binary, redis: redis, namespace: "test-" + rand.Text()})
		})
	}
}

func testWatchPipe(t *testing.T, f *fleet) {
	s, _ := f.serve(t)
	s.session("s")
	lines, objects := f.follow(t, s, "watch", "s"), f.follow(t, s, "watch", "--json", "s")
	lines.tells(t, "PENDING")
	s.run("s")
	lines.tells(t, "RUNNING")
	s.finish("s", 0, 1, 1)
	lines.tells(t, "no power")
	objects.tells(t, `"failed":1`)
	s.finish("s", 1, watched, 0)
	lines.exits(t, 1, "")
	objects.exits(t, 1, "")
	compared(t, "pipe.txt", lines.told())

	var last struct {
		Time       time.Time
		Event      string
		Outcome    string
		ExitStatus int
		Status     struct {
			Status string
			Counts struct{ Successful, Failed int }
			Timing struct{ EndTime time.Time }
		}
	}
	status := last.Status
	for line := range strings.Lines(objects.told()) {
		if err := json.Unmarshal([]byte(line), &last); err != nil {
			t.Fatalf("%v in the line %q", err, line)
		}
		if last.Event == "status" {
			status = last.Status
		}
	}
	if last.Event != "end" || last.Outcome != "failures" || last.ExitStatus != 1 {
		t.Errorf("at the end comes %+v", last)
	}
	if status.Status != "COMPLETE" || status.Counts.Successful != watched-1 || status.Counts.Failed != 1 || status.Timing.EndTime.IsZero() {
		t.Errorf("the last status is %+v", status)
	}
}

// testWatchStatuses goes through the statuses that scripts act on.
func testWatchStatuses(t *testing.T, f *fleet) {
	s, kill := f.serve(t)
	for _, name := range []string{"well", "deleted", "interrupted", "terminated", "lost"} {
		s.boot(name)
	}
	s.session("owned", "tenant", "blue")
	s.session("broken")
	s.update("broken", "status", "COMPLETE", "error", "no boot set")

	well := f.follow(t, s, "watch", "well")
	well.tells(t, "RUNNING")
	s.finish("well", 0, watched, 0)
	well.exits(t, 0, "")
	f.follow(t, s, "watch", "well").exits(t, 0, "") // once more, now that it is frozen

	broken := f.follow(t, s, "watch", "broken")
	broken.exits(t, 1, "")
	broken.tells(t, "set-up failed: no boot set")

	f.follow(t, s, "watch", "nobody").exits(t, 2, `there is no session "nobody"`)
	f.follow(t, s, "watch", "owned").exits(t, 2, `there is no session "owned" without a tenant`)
	f.follow(t, s, "watch", "owned", "--tenant", "red").exits(t, 2, `tenant "red" has no session "owned"`)
	f.follow(t, &site{base: s.base + "/base"}, "watch", "well").exits(t, 2, "405 Method Not Allowed, which is not bosgraph's")
	f.follow(t, &site{base: "http://127.0.0.1:1"}, "watch", "well", "--patience", "10ms").exits(t, 2, "connection refused")
	f.follow(t, s, "watch", "well", "--token-file", "/nowhere").exits(t, 2, "/nowhere")

	deleted := f.follow(t, s, "watch", "deleted")
	deleted.tells(t, "RUNNING")
	s.must(deleteSession, vars{"in": vars{"name": "deleted"}})
	deleted.exits(t, 2, `no session "deleted"`)

	for name, signal := range map[string]os.Signal{"interrupted": os.Interrupt, "terminated": syscall.SIGTERM} {
		w := f.follow(t, s, "watch", name)
		w.tells(t, "RUNNING")
		if err := w.Process.Signal(signal); err != nil {
			t.Fatal(err)
		}
		w.exits(t, 130, "")
		w.tells(t, "interrupted")
	}

	lost, objects := f.follow(t, s, "watch", "lost", "--patience", "300ms"), f.follow(t, s, "watch", "lost", "--patience", "300ms", "--json")
	lost.tells(t, "RUNNING")
	objects.tells(t, "RUNNING")
	kill()
	lost.exits(t, 2, "out of reach for")
	lost.tells(t, "no connection, trying again")
	objects.exits(t, 2, "out of reach for")
	objects.tells(t, `"connected":false`)
	objects.tells(t, `"outcome":"lost","exitStatus":2`)
}

// testWatchRestart follows a session while its server is killed and another takes the
// address.
func testWatchRestart(t *testing.T, f *fleet) {
	s, kill := f.serve(t)
	s.boot("s")
	s.boot("quiet")
	var all []*follower
	for _, words := range [][]string{{"watch", "s"}, {"watch", "s", "--json"}, {"watch", "quiet"}, {"watch", "quiet", "--json"}} {
		w := f.follow(t, s, words...)
		w.tells(t, "RUNNING")
		all = append(all, w)
	}
	kill()
	for _, w := range all {
		eventually(t, "it notices", func() bool {
			return strings.Contains(w.told(), "no connection") || strings.Contains(w.told(), `"connected":false`)
		})
	}
	again, _ := f.serveAt(t, strings.TrimPrefix(s.base, "http://"))
	again.finish("s", 0, 1, 0)
	for _, w := range all[2:] { // nothing has happened to this one meanwhile
		eventually(t, "it is back", func() bool {
			return strings.Contains(w.told(), "connected again") || strings.Contains(w.told(), `"connected":true`)
		})
	}
	again.finish("s", 1, watched, 0)
	again.finish("quiet", 0, watched, 0)
	for _, w := range all {
		w.exits(t, 0, "")
	}
	all[0].tells(t, "all 20 components successful")
}

func testFailed(t *testing.T, f *fleet) {
	s, _ := f.serve(t)
	const most = 2345 // three pages
	var components []vars
	var want []string
	for i := range most {
		c := powering(xname(i), "s")
		if i%10 != 0 {
			c["error"], c["status"] = fmt.Sprint("error ", i%3), vars{"statusOverride": "failed"}
			want = append(want, xname(i))
		}
		components = append(components, c)
	}
	s.session("s")
	s.put(components...)
	s.boot("well")

	w := f.follow(t, s, "failed", "s")
	w.exits(t, 0, "")
	if got := w.told(); got != strings.Join(want, ",")+"\n" {
		t.Errorf("it prints %s", clip(got))
	}
	w = f.follow(t, s, "failed", "s", "--json")
	w.exits(t, 0, "")
	var objects []struct{ ID, Error string }
	if err := json.Unmarshal([]byte(w.told()), &objects); err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, o := range objects {
		got = append(got, o.ID)
		if !strings.HasPrefix(o.Error, "error ") {
			t.Errorf("the error of %s is %q", o.ID, o.Error)
		}
	}
	if !slices.Equal(got, want) {
		t.Errorf("as JSON it prints %d components, not %d", len(got), len(want))
	}
	for _, test := range []struct {
		words           []string
		status          int
		told, complaint string
	}{
		{[]string{"failed", "well"}, 0, "\n", ""},
		{[]string{"failed", "well", "--json"}, 0, "[]\n", ""},
		{[]string{"failed", "nobody"}, 2, "", `there is no session "nobody"`},
		{[]string{"failed", "s", "--tenant", "blue"}, 2, "", `tenant "blue" has no session "s"`},
	} {
		w := f.follow(t, s, test.words...)
		w.exits(t, test.status, test.complaint)
		if got := w.told(); got != test.told {
			t.Errorf("%v prints %q", test.words, got)
		}
	}
	f.follow(t, &site{base: "http://127.0.0.1:1"}, "failed", "s", "--patience", "10ms").exits(t, 2, "connection refused")
}
