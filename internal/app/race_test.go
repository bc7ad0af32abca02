package app_test

import (
	"encoding/json"
	"fmt"
	mathrand "math/rand/v2"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/bosgraph/bosgraph/internal/apptest"
	"github.com/bosgraph/bosgraph/internal/redistest"
)

// testCompletionRace lets two servers complete one session at the same moment, in
// every way there is, many times.
func testCompletionRace(t *testing.T, f *apptest.Fleet) {
	a, _ := f.Serve(t)
	b, _ := f.Serve(t)
	races := 100
	if longTests {
		races = 200
	}
	seen := map[string]string{}
	for i := range races {
		name, x, y := fmt.Sprint("race", i), apptest.Xname(2*i), apptest.Xname(2*i+1)
		a.Session(name, "startTime", "2026-01-01T00:00:00Z")
		a.Put(apptest.Powering(x, name), apptest.Powering(y, name))
		complete := apptest.Vars{"name": name, "status": "COMPLETE"}
		one := call{a, apptest.PatchComponents, []apptest.Vars{apptest.Finished(x), apptest.Finished(y)}}
		other := call{b, apptest.UpdateSession, complete}
		ends := map[any]bool{} // those that were asked for
		switch i % 4 {
		case 1: // each has the last component
			one.in, other = []apptest.Vars{apptest.Finished(x)}, call{b, apptest.PatchComponents, []apptest.Vars{apptest.Finished(y)}}
		case 2: // an end time comes with it
			complete["endTime"] = "2099-01-01T00:00:00Z"
			ends["2099-01-01T00:00:00Z"] = true
		case 3: // and another by the other server
			one = call{a, apptest.UpdateSession, apptest.Vars{"name": name, "status": "COMPLETE", "endTime": "2098-01-01T00:00:00Z"}}
			complete["endTime"] = "2099-01-01T00:00:00Z"
			ends["2098-01-01T00:00:00Z"], ends["2099-01-01T00:00:00Z"] = true, true
		}
		a.Update(name, "status", "RUNNING")

		var codes []string
		for _, got := range atOnce(one, other) {
			codes = append(codes, got...)
		}
		// A client that asks for an end time and comes second gets an error; no other does.
		if len(codes) > min(len(ends), 1) || len(codes) == 1 && codes[0] != "CONFLICT" || i%4 == 3 && len(codes) != 1 {
			t.Fatalf("race %d was answered %v", i, codes)
		}
		seen[name] = agreedSnapshot(t, name, a, b)
		end := a.Must(`query($n: String!) { session(name: $n) { status { timing { endTime } } } }`, apptest.Vars{"n": name}).At("session.status.timing.endTime")
		wanted := ends[end] || i%4 < 3 && len(codes) == len(ends) && end != nil
		if !wanted {
			t.Fatalf("race %d ended %v, answered %v", i, end, codes)
		}
	}

	// One snapshot a session, and nothing that comes later changes it.
	var frozen []string
	for entry := range strings.Lines(f.Raw(t, "ZRANGE", "{"+f.Namespace+"}:rx", "0", "-1")) {
		_, scope, _ := strings.Cut(strings.TrimSpace(entry), ":")
		frozen = append(frozen, scope)
	}
	slices.Sort(frozen)
	if n := len(frozen); n != races || len(slices.Compact(frozen)) != races {
		t.Errorf("%d snapshots of %d sessions: %v", n, races, frozen)
	}
	var later []apptest.Vars
	for i := range 2 * races {
		later = append(later, apptest.Vars{"id": apptest.Xname(i), "error": "later", "enabled": true, "status": apptest.Vars{"statusOverride": "failed"}})
	}
	b.Must(apptest.PatchComponents, apptest.Vars{"in": later})
	for name, before := range seen {
		if codes := b.Ask(apptest.UpdateSession, apptest.Vars{"in": apptest.Vars{"name": name, "endTime": "2097-01-01T00:00:00Z"}}).Codes(); !slices.Equal(codes, []string{"CONFLICT"}) {
			t.Fatalf("a new end of %s was answered %v", name, codes)
		}
		if after := agreedSnapshot(t, name, a, b); after != before {
			t.Fatalf("a snapshot changed from\n%s\nto\n%s", before, after)
		}
	}
	f.NoDrift(t)
	redistest.Figure(t, "%d races of two servers: snapshots %d, changed afterwards 0, drift 0", races, len(frozen))
}

// testThreeComplete lets three servers complete one session at the same moment, each with an
// end time of its own.
func testThreeComplete(t *testing.T, f *apptest.Fleet) {
	races := 30
	if longTests {
		races = 1000
	}
	var servers [3]*apptest.Site
	for i := range servers {
		servers[i], _ = f.Serve(t)
	}
	winners := 0
	for i := range races {
		name, x := fmt.Sprint("race", i), apptest.Xname(i)
		servers[0].Session(name, "startTime", "2026-01-01T00:00:00Z")
		servers[0].Put(apptest.Powering(x, name))
		servers[0].Update(name, "status", "RUNNING")
		calls, ends := []call{}, []string{}
		for n, s := range servers {
			ends = append(ends, fmt.Sprintf("209%d-01-01T00:00:00Z", n))
			calls = append(calls, call{s, apptest.UpdateSession, apptest.Vars{"name": name, "status": "COMPLETE", "endTime": ends[n]}})
		}
		won := ""
		for n, codes := range atOnce(calls...) {
			switch {
			case len(codes) == 0:
				won += ends[n]
				winners++
			case !slices.Equal(codes, []string{"CONFLICT"}):
				t.Fatalf("race %d was answered %v", i, codes)
			}
		}
		if got := agreedSnapshot(t, name, servers[:]...); won == "" || !strings.Contains(got, `"endTime":"`+won+`"`) {
			t.Fatalf("race %d was won by %q, and is %s", i, won, got)
		}
	}
	f.NoDrift(t)
	redistest.Figure(t, "%d races of three servers: winners %d, drift 0", races, winners)
}

// call is a mutation of one server.
type call struct {
	s        *apptest.Site
	mutation string
	in       any
}

// atOnce makes calls at the same moment, and returns the codes of each.
func atOnce(calls ...call) [][]string {
	codes := make([][]string, len(calls))
	start := make(chan struct{})
	var all sync.WaitGroup
	for i, c := range calls {
		all.Go(func() {
			<-start
			var err error
			if codes[i], err = apptest.Try(c.s, c.mutation, apptest.Vars{"in": c.in}); err != nil {
				codes[i] = []string{err.Error()}
			}
		})
	}
	close(start)
	all.Wait()
	return codes
}

// agreedSnapshot reads all of a complete session's status, which every server has to
// answer alike.
func agreedSnapshot(t *testing.T, name string, servers ...*apptest.Site) string {
	t.Helper()
	var first string
	for _, s := range servers {
		r := s.Must(`query($n: String!) { session(name: $n) { id status { status revision fromSnapshot managedComponentsCount
			percentSuccessful percentFailed counts { active } errorSummary { message count } timing { startTime endTime duration } } } }`, apptest.Vars{"n": name})
		if r.At("session.status.status") != "COMPLETE" || r.At("session.status.fromSnapshot") != true {
			t.Fatalf("it is not complete: %s", r.Body)
		}
		text, err := json.Marshal(r.Data)
		if err != nil {
			t.Fatal(err)
		}
		if first == "" {
			first = string(text)
		}
		if string(text) != first {
			t.Fatalf("one server says\n%s\nand the other\n%s", first, text)
		}
	}
	return first
}

// testRecountOnline recounts while several clients keep changing what is counted.
func testRecountOnline(t *testing.T, f *apptest.Fleet) {
	s, _ := f.Serve(t)
	const clients, components = 4, 2000
	recounts := 3
	if longTests {
		recounts = 5
	}
	var all []apptest.Vars
	for i := range components {
		all = append(all, apptest.Powering(apptest.Xname(i), "s0"))
	}
	s.Put(all...)
	for i := range 4 {
		s.Session(fmt.Sprint("s", i))
	}
	var stop atomic.Bool
	var written atomic.Int64
	var running sync.WaitGroup
	defer running.Wait()
	defer stop.Store(true)
	for range clients {
		running.Go(func() {
			for !stop.Load() {
				mutation, in := randomBatch(components)
				codes, err := apptest.Try(s, mutation, apptest.Vars{"in": in})
				if err != nil || slices.ContainsFunc(codes, func(c string) bool { return c != "CONFLICT" && c != "NOT_FOUND" }) {
					t.Errorf("a writer got %v, %v", codes, err)
					return
				}
				written.Add(1)
			}
		})
	}
	for range recounts {
		before := written.Load()
		f.NoDrift(t)
		if written.Load() == before {
			t.Error("nothing was written meanwhile")
		}
	}
}

// randomBatch changes, moves, stages, deletes and brings back some components.
func randomBatch(components int) (mutation string, in any) {
	ids, batch := []string{}, []apptest.Vars{}
	session := fmt.Sprint("s", mathrand.IntN(4))
	kind := mathrand.IntN(6)
	for _, i := range mathrand.Perm(components)[:100] {
		id := apptest.Xname(i)
		ids = append(ids, id)
		switch kind {
		case 0, 1:
			batch = append(batch, apptest.Powering(id, session))
		case 2:
			batch = append(batch, apptest.Vars{"id": id, "error": fmt.Sprint("error ", mathrand.IntN(3))})
		case 3:
			batch = append(batch, apptest.Vars{"id": id, "session": session})
		default:
			batch = append(batch, apptest.Vars{"id": id, "stagedState": apptest.Vars{"session": session}, "enabled": mathrand.IntN(2) == 0})
		}
	}
	switch kind {
	case 0, 1:
		return apptest.PutComponents, batch
	case 5:
		return apptest.DeleteComponents, ids
	}
	return apptest.PatchComponents, batch
}
