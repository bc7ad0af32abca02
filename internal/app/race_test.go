package app

import (
	"encoding/json"
	"fmt"
	mathrand "math/rand/v2"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
)

// testCompletionRace lets two servers complete one session at the same moment, in
// every way there is, many times.
func testCompletionRace(t *testing.T, f *fleet) {
	a, _ := f.serve(t)
	b, _ := f.serve(t)
	const races = 200
	seen := map[string]string{}
	for i := range races {
		name, x, y := fmt.Sprint("race", i), xname(2*i), xname(2*i+1)
		a.session(name, "startTime", "2026-01-01T00:00:00Z")
		a.put(powering(x, name), powering(y, name))
		complete := vars{"name": name, "status": "COMPLETE"}
		one := call{a, patchComponents, []vars{finished(x), finished(y)}}
		other := call{b, updateSession, complete}
		ends := map[any]bool{} // those that were asked for
		switch i % 4 {
		case 1: // each has the last component
			one.in, other = []vars{finished(x)}, call{b, patchComponents, []vars{finished(y)}}
		case 2: // an end time comes with it
			complete["endTime"] = "2099-01-01T00:00:00Z"
			ends["2099-01-01T00:00:00Z"] = true
		case 3: // and another by the other server
			one = call{a, updateSession, vars{"name": name, "status": "COMPLETE", "endTime": "2098-01-01T00:00:00Z"}}
			complete["endTime"] = "2099-01-01T00:00:00Z"
			ends["2098-01-01T00:00:00Z"], ends["2099-01-01T00:00:00Z"] = true, true
		}
		a.update(name, "status", "RUNNING")

		var codes []string
		for _, got := range atOnce(one, other) {
			codes = append(codes, got...)
		}
		// Who asks for an end time and comes second is told so; nobody else is.
		if len(codes) > min(len(ends), 1) || len(codes) == 1 && codes[0] != "CONFLICT" || i%4 == 3 && len(codes) != 1 {
			t.Fatalf("race %d was answered %v", i, codes)
		}
		seen[name] = agreedSnapshot(t, name, a, b)
		end := a.must(`query($n: String!) { session(name: $n) { status { timing { endTime } } } }`, vars{"n": name}).at("session.status.timing.endTime")
		wanted := ends[end] || i%4 < 3 && len(codes) == len(ends) && end != nil
		if !wanted {
			t.Fatalf("race %d ended %v, answered %v", i, end, codes)
		}
	}

	// One snapshot a session, and nothing that comes later changes it.
	var frozen []string
	for entry := range strings.Lines(f.raw(t, "ZRANGE", "{"+f.namespace+"}:rx", "0", "-1")) {
		_, scope, _ := strings.Cut(strings.TrimSpace(entry), ":")
		frozen = append(frozen, scope)
	}
	slices.Sort(frozen)
	if n := len(frozen); n != races || len(slices.Compact(frozen)) != races {
		t.Errorf("%d snapshots of %d sessions: %v", n, races, frozen)
	}
	var later []vars
	for i := range 2 * races {
		later = append(later, vars{"id": xname(i), "error": "later", "enabled": true, "status": vars{"statusOverride": "failed"}})
	}
	b.must(patchComponents, vars{"in": later})
	for name, before := range seen {
		if codes := b.ask(updateSession, vars{"in": vars{"name": name, "endTime": "2097-01-01T00:00:00Z"}}).codes(); !slices.Equal(codes, []string{"CONFLICT"}) {
			t.Fatalf("a new end of %s was answered %v", name, codes)
		}
		if after := agreedSnapshot(t, name, a, b); after != before {
			t.Fatalf("a snapshot changed from\n%s\nto\n%s", before, after)
		}
	}
	f.noDrift(t)
}

func finished(id string) vars {
	return vars{"id": id, "enabled": false, "status": vars{"phase": ""}}
}

// call is a mutation of one server.
type call struct {
	s        *site
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
			if codes[i], err = try(c.s, c.mutation, vars{"in": c.in}); err != nil {
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
func agreedSnapshot(t *testing.T, name string, servers ...*site) string {
	t.Helper()
	var first string
	for _, s := range servers {
		r := s.must(`query($n: String!) { session(name: $n) { id status { status revision fromSnapshot managedComponentsCount
			percentSuccessful percentFailed counts { active } errorSummary { message count } timing { startTime endTime duration } } } }`, vars{"n": name})
		if r.at("session.status.status") != "COMPLETE" || r.at("session.status.fromSnapshot") != true {
			t.Fatalf("it is not complete: %s", r.body)
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
func testRecountOnline(t *testing.T, f *fleet) {
	s, _ := f.serve(t)
	const recounts, clients, components = 5, 4, 2000
	var all []vars
	for i := range components {
		all = append(all, powering(xname(i), "s0"))
	}
	s.put(all...)
	for i := range 4 {
		s.session(fmt.Sprint("s", i))
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
				codes, err := try(s, mutation, vars{"in": in})
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
		f.noDrift(t)
		if written.Load() == before {
			t.Error("nothing was written meanwhile")
		}
	}
}

// randomBatch changes, moves, stages, deletes and brings back some components.
func randomBatch(components int) (mutation string, in any) {
	ids, batch := []string{}, []vars{}
	session := fmt.Sprint("s", mathrand.IntN(4))
	kind := mathrand.IntN(6)
	for _, i := range mathrand.Perm(components)[:100] {
		id := xname(i)
		ids = append(ids, id)
		switch kind {
		case 0, 1:
			batch = append(batch, powering(id, session))
		case 2:
			batch = append(batch, vars{"id": id, "error": fmt.Sprint("error ", mathrand.IntN(3))})
		case 3:
			batch = append(batch, vars{"id": id, "session": session})
		default:
			batch = append(batch, vars{"id": id, "stagedState": vars{"session": session}, "enabled": mathrand.IntN(2) == 0})
		}
	}
	switch kind {
	case 0, 1:
		return putComponents, batch
	case 5:
		return deleteComponents, ids
	}
	return patchComponents, batch
}
