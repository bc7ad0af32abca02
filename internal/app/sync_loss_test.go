package app_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"log/slog"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/bosgraph/bosgraph/internal/app"
	"github.com/bosgraph/bosgraph/internal/bossync/bosfake"
	graphclient "github.com/bosgraph/bosgraph/internal/client"
	"github.com/bosgraph/bosgraph/internal/redistest"
	watchcommand "github.com/bosgraph/bosgraph/internal/watch"
)

// observer is somebody who watches a session with the command.
type observer struct {
	out, err bytes.Buffer
	exited   chan int
}

func (f followedSite) observe(name string) *observer {
	w := &observer{exited: make(chan int, 1)}
	o := watchcommand.Options{Options: graphclient.Options{Server: f.Base, Patience: time.Minute}, Session: untenanted(name)}
	go func() { w.exited <- watchcommand.Run(f.T.Context(), o, &w.out, &w.err) }()
	return w
}

// exits waits for the end, and wants a status and a word of what is shown.
func (w *observer) exits(t *testing.T, status int, says string) {
	t.Helper()
	select {
	case got := <-w.exited:
		if all := w.out.String() + w.err.String(); got != status || !strings.Contains(all, says) {
			t.Errorf("watch exits with %d, want %d and %q:\n%s", got, status, says, all)
		}
	case <-time.After(30 * time.Second):
		t.Fatal("watch does not end")
	}
}

// begun is how many sweeps have begun.
func begun(fake *bosfake.BOS) int { return fake.Traffic().ByPath["/v2/sessions"] }

// TestDeletedComponentsAreRemovedWithinThreeSweeps deletes components at a BOS with BOS's limits: they are removed within
// three whole sweeps, a session completes meanwhile, and nothing is stale for long. The short
// form deletes as many as a request's limit just excludes, as many as are asked for by name,
// and a fifth of all, more than which would be doubted; `make long` deletes other numbers, too, and has more components.
func TestDeletedComponentsAreRemovedWithinThreeSweeps(t *testing.T) {
	t.Parallel()
	all, numbers := 1000, []int{10, 20, 200}
	if longTests {
		all, numbers = 5000, []int{1, 9, 10, 20, 120, 200, 1000}
	}
	tenth := all / 10
	for _, n := range numbers {
		t.Run(fmt.Sprint(n), func(t *testing.T) {
			fake := bosfake.New(bosfake.Options{})
			ids := fake.AddComponents(all)
			for _, name := range []string{"ends", "runs"} {
				fake.CreateSession(untenanted(name))
			}
			fake.Start(untenanted("ends"), ids[8*tenth:9*tenth]...)
			fake.Start(untenanted("runs"), ids[9*tenth:]...)
			f := followBOS(t, "", fake, "--bos-interval", "300ms")
			w := f.observe("ends")
			fake.Finish(ids[8*tenth : 9*tenth]...)
			fake.Delete(ids[:n]...)
			fake.Complete(untenanted("ends"))
			fake.SaveStatus(untenanted("ends"))
			from := begun(fake)
			removed, ended, stale := 0, 0, 0
			f.eventually("they are removed, and the session is complete", func() bool {
				now := begun(fake) - from
				if f.App.SyncState().Stale(time.Now()) {
					stale = now
				}
				if removed == 0 && f.Must(`{ components { totalCount } }`).At("components.totalCount") == float64(all-n) {
					removed = now
				}
				if ended == 0 && f.Status("ends")["status"] == "COMPLETE" {
					ended = now
				}
				return removed > 0 && ended > 0
			})
			// The first sweep that begins from then on may be one that sees nothing of it yet.
			if removed > 3+1 || ended > 2+1 || stale > 2 {
				t.Errorf("removed after %d sweeps, complete after %d, stale until the %dth", removed, ended, stale)
			}
			t.Logf("removed after %d sweeps, complete after %d, stale until the %dth", removed, ended, stale)
			w.exits(t, 0, fmt.Sprintf("all %d components successful", tenth))
			f.likeBOS("/v2/sessions/ends/status", "")
			f.sweeps(1)
			if problem := f.sync(); problem != "" {
				t.Errorf("problem: %s", problem)
			}
		})
	}
}

// flushes are the ways in which BOS loses its database, in sweeps between the parts.
var flushes = map[string][]func(*bosfake.BOS){
	"all at once":      {func(b *bosfake.BOS) { b.FlushComponents(); b.FlushSessions() }},
	"sessions first":   {(*bosfake.BOS).FlushSessions, (*bosfake.BOS).FlushComponents},
	"components first": {(*bosfake.BOS).FlushComponents, (*bosfake.BOS).CompleteEmpty, (*bosfake.BOS).FlushSessions},
}

// longTests says whether tests that take minutes run whole, as `make long` has them.
var longTests = os.Getenv("TEST_BOSGRAPH_LONG") == "1"

// flushesInShort are the cells of TestABOSThatLosesItsDataIsNotBelievedAtOnce that run always: each way of losing the
// database, each time of its return, and both sides of what counts as much.
var flushesInShort = map[string]bool{
	"8 components, all at once, restored never":        true,
	"300 components, sessions first, restored at once": true,
	"300 components, components first, restored late":  true,
	"300 components, components first, restored never": true,
	"8 components, sessions first, restored late":      true,
	"300 components, all at once, restored at once":    true,
}

// TestABOSThatLosesItsDataIsNotBelievedAtOnce lets BOS lose its database while a session runs. Nothing is completed
// and nothing removed that comes back; what does not is believed after a while. The whole
// matrix runs in `make long`.
func TestABOSThatLosesItsDataIsNotBelievedAtOnce(t *testing.T) {
	t.Parallel()
	tried := 0
	t.Cleanup(func() { // after the losses, which are tried in parallel
		if !t.Failed() {
			redistest.Figure(t, "%d losses: of what came back, sessions lost 0, components removed 0, false completions 0", tried)
		}
	})
	for _, size := range []int{8, 300, 5000} {
		for how, parts := range flushes {
			for _, restored := range []string{"at once", "late", "never"} {
				name := fmt.Sprintf("%d components, %s, restored %s", size, how, restored)
				if !longTests && !flushesInShort[name] {
					continue
				}
				tried++
				t.Run(name, func(t *testing.T) {
					t.Parallel() // they mostly wait for sweeps
					testFlush(t, size, parts, restored)
				})
			}
		}
	}
}

func testFlush(t *testing.T, size int, parts []func(*bosfake.BOS), restored string) {
	fake := bosfake.New(bosfake.Options{})
	ids := fake.AddComponents(size)
	for _, name := range []string{"done", "s"} {
		fake.CreateSession(untenanted(name))
	}
	fake.Start(untenanted("s"), ids...)
	fake.Finish(ids[:size/2]...)
	fake.Complete(untenanted("done"))
	fake.SaveStatus(untenanted("done"))
	const least = time.Second
	confirm := time.Hour // restored, or confirmed by an operator, before that
	if restored == "never" && len(parts) == 1 {
		confirm = least
	}
	f := followBOS(t, "", fake, "--bos-confirm-time", confirm.String())
	f.sweeps(2)
	w := f.observe("s")
	lists := func() string {
		return string(f.Must(`{ components { totalCount } sessions { edges { node { name deleted
			status { status managedComponentsCount percentSuccessful statusNote timing { endTime } } } } } }`).Body)
	}
	before := lists()
	restore := fake.Backup()

	since, from := time.Now(), begun(fake)
	for i, part := range parts {
		if i > 0 {
			seen := begun(fake)
			f.eventually("another sweep", func() bool { return begun(fake) > seen+1 })
			if now := lists(); now != before {
				t.Errorf("before all is lost\n%s\nbefore\n%s", now, before)
			}
		}
		part(fake)
		if i == 0 {
			f.eventually("the operator is notified", func() bool {
				return strings.Contains(f.sync(), "BOS lists ") && f.App.SyncState().Stale(time.Now())
			})
			if after := begun(fake) - from; after > 2+1 { // the one that was under way sees half of it
				t.Errorf("notified after %d sweeps", after)
			}
		}
	}
	if restored == "never" {
		f.eventually("it is believed", func() bool {
			if len(parts) > 1 {
				f.acceptOnceAllIsLost()
			}
			return f.Must(`{ components { totalCount } }`).At("components.totalCount") == 0.0 &&
				f.Must(`{ session(name: "s") { deleted } }`).At("session.deleted") == true && f.sync() == ""
		})
		if took := time.Since(since); len(parts) == 1 && took < least {
			t.Errorf("believed after %v", took)
		}
		s := f.Must(`{ session(name: "s") { status { status managedComponentsCount statusNote fromSnapshot timing { endTime } } } }`)
		for path, want := range map[string]any{
			"status": "RUNNING", "managedComponentsCount": float64(size), "statusNote": "deleted at BOS while running",
			"fromSnapshot": true, "timing.endTime": nil,
		} {
			if have := s.At("session.status." + path); have != want {
				t.Errorf("%s is %v, want %v", path, have, want)
			}
		}
		w.exits(t, watchcommand.Deleted, "was deleted at BOS while RUNNING")
		noDrift(t, f.Site)
		return
	}

	seen := begun(fake)
	more := 1
	if restored == "late" {
		more = 6 // twice as many sweeps as it takes, but not the time
	}
	f.eventually("sweeps", func() bool { return begun(fake) > seen+more })
	if now := lists(); now != before {
		t.Errorf("while it lasts\n%s\nbefore\n%s", now, before)
	}
	restore()
	f.eventually("no problem is reported any more", func() bool { return f.sync() == "" && !f.App.SyncState().Stale(time.Now()) })
	f.sweeps(1)
	if now := lists(); now != before {
		t.Errorf("restored\n%s\nbefore\n%s", now, before)
	}
	fake.Finish(ids...)
	fake.Complete(untenanted("s"))
	fake.SaveStatus(untenanted("s"))
	w.exits(t, watchcommand.Successful, fmt.Sprintf("all %d components successful", size))
	f.likeBOS("/v2/sessions/s/status", "")
	noDrift(t, f.Site)
}

// acceptOnceAllIsLost confirms, as an operator would, what BOS has lost in parts, once components and a session are missing. Time must not
// confirm it: on a machine that is slow enough it would be over between the parts, and components that BOS is believed to have lost keep no
// session from being completed that BOS has completed meanwhile.
func (f followedSite) acceptOnceAllIsLost() {
	f.T.Helper()
	text, err := f.App.Store().SyncNote(f.T.Context())
	var note struct{ Doubt, Less string }
	if err == nil && text != "" {
		err = json.Unmarshal([]byte(text), &note)
	}
	if err == nil && strings.Contains(note.Less, "fewer component") && strings.Contains(note.Less, "fewer running session") {
		err = f.App.Store().AcceptSync(f.T.Context(), note.Doubt)
	}
	if err != nil {
		f.T.Error(err)
	}
}

// TestAnOperatorConfirmsOneLossOnly lets an operator confirm what BOS has lost. What is lost later has to
// be confirmed again.
func TestAnOperatorConfirmsOneLossOnly(t *testing.T) {
	t.Parallel()
	fake := bosfake.New(bosfake.Options{})
	ids := fake.AddComponents(300)
	for _, name := range []string{"s", "t"} {
		fake.CreateSession(untenanted(name))
		fake.Start(untenanted(name), ids[:10]...)
	}
	redis := "redis://" + redistest.SharedServer(t)
	f := followBOS(t, redis, fake, "--bos-confirm-time", "1h")
	accept := func(want bool, says string) {
		t.Helper()
		var out bytes.Buffer
		if accepted, err := app.Accept(t.Context(), f.App.Config(), &out, slog.New(slog.DiscardHandler)); err != nil || accepted != want || !strings.Contains(out.String(), says) {
			t.Errorf("accepted: %v, %v, %s", accepted, err, out.String())
		}
	}
	accept(false, "Nothing to confirm")
	count := func() any { return f.Must(`{ components { totalCount } }`).At("components.totalCount") }
	fake.Delete(ids[100:]...)
	f.eventually("it is doubted", func() bool { return strings.Contains(f.sync(), "200 fewer components (100 instead of 300)") })
	f.eventually("the note is left", func() bool {
		note, err := f.App.Store().SyncNote(t.Context())
		return err == nil && strings.Contains(note, `"doubt":`)
	})
	accept(true, "Confirmed: BOS lists 200 fewer components (100 instead of 300)\n")
	if n := count(); n != 100.0 {
		t.Errorf("it says so with %v components", n)
	}

	fake.DeleteSession(untenanted("s"))
	f.eventually("that is doubted", func() bool { return strings.Contains(f.sync(), `1 fewer running session ("s")`) })
	from := begun(fake)
	f.eventually("more sweeps", func() bool { return begun(fake) > from+4 })
	if deleted := f.Must(`{ session(name: "s") { deleted } }`).At("session.deleted"); deleted != false {
		t.Error("a later loss was taken for the one that was confirmed")
	}
	// Meanwhile other sessions complete.
	fake.Complete(untenanted("t"))
	fake.SaveStatus(untenanted("t"))
	f.eventually("another session is complete", func() bool { return f.Status("t")["status"] == "COMPLETE" })
	f.eventually("the note is left", func() bool {
		note, err := f.App.Store().SyncNote(t.Context())
		return err == nil && strings.Contains(note, "running session")
	})
	accept(true, "fewer running session")
	f.eventually("it is deleted", func() bool {
		return f.Must(`{ session(name: "s") { deleted } }`).At("session.deleted") == true && f.sync() == ""
	})
	noDrift(t, f.Site)
}

// TestANewServerDoubtsALossAsWell starts a server beside a BOS that has lost everything: what
// another has stored stays.
func TestANewServerDoubtsALossAsWell(t *testing.T) {
	t.Parallel()
	fake, _ := sessionAtBOS(50)
	redis := "redis://" + redistest.SharedServer(t)
	first := followBOS(t, redis, fake)
	if err := first.App.Stop(t.Context()); err != nil {
		t.Fatal(err)
	}
	restore := fake.Backup()
	fake.FlushComponents()
	fake.FlushSessions()
	second := startFollowing(t, redis, fake, "--namespace", first.Namespace)
	second.eventually("it is doubted", func() bool {
		return strings.Contains(second.sync(), "50 fewer components (0 instead of 50) and 1 fewer running session")
	})
	from := begun(fake)
	second.eventually("more sweeps", func() bool { return begun(fake) > from+4 })
	if st := second.Status("s"); st["status"] != "RUNNING" || st["stale"] != true {
		t.Errorf("meanwhile the session is %v", st)
	}
	restore()
	second.eventually("all is well", func() bool { return second.sync() == "" })
	second.likeBOS("/v2/sessions/s/status", "")
}
