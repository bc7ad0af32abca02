package cache

import (
	"cmp"
	"context"
	"crypto/rand"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"slices"
	"strconv"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/bosgraph/bosgraph/bos"
	"github.com/bosgraph/bosgraph/cache/lua"
	"github.com/bosgraph/bosgraph/internal/redistest"
)

// TestModel runs random calls against a store and the model beside it, and after
// each compares all that can be read, then all that is stored. `make long` runs 500 sequences.
func TestModel(t *testing.T) {
	for _, lane := range []struct {
		backend string
		checks  int
	}{{"redis", 6}, {"miniredis", 1}} {
		t.Run(lane.backend, func(t *testing.T) {
			for _, b := range backends {
				if b.name == lane.backend {
					bound(t, lane.checks)
					testModel(t, b.url(t))
				}
			}
		})
	}
}

// bound has rapid make so many checks, unless its flag or variable says how many.
func bound(t *testing.T, checks int) {
	t.Helper()
	f := flag.Lookup("rapid.checks")
	was := f.Value.String()
	if _, ok := os.LookupEnv("RAPID_CHECKS"); ok || was != f.DefValue {
		return
	}
	if err := f.Value.Set(strconv.Itoa(checks)); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = f.Value.Set(was) }) // it was read from there
}

func testModel(t *testing.T, url string) {
	rapid.Check(t, func(rt *rapid.T) {
		x := &machine{t: t, model: newModel(), prints: map[bos.SessionKey]string{}, changed: map[bos.SessionKey]bool{}, known: map[string]bool{}}
		x.model.note = x.note
		// A write by which a session ends is sent twice, and makes its change the second time.
		x.faults.Passed = "ends"
		x.note()
		x.suite = &suite{T: t, ctx: context.WithoutCancel(t.Context()), options: Options{URL: url, Namespace: rand.Text(), Timeout: 20 * time.Second, Now: x.model.clock.Now}}
		x.store = openUntil(rt, x.options)
		unlucky := x.options
		unlucky.Dialer = x.faults.Dialer()
		x.unlucky = openUntil(rt, unlucky)
		for _, store := range []*Store{x.store, x.unlucky} {
			store.NoteEvents(true, []int{10, 50})
		}
		if err := x.store.Ping(x.ctx); err != nil {
			rt.Fatal(err)
		}
		// Known from the start: an answer "no such script" that is lost shows nothing.
		x.must(lua.Write.Load(x.ctx, x.store.db.Client).Err())
		rt.Cleanup(x.sweep)
		actions := map[string]func(*rapid.T){"": x.check, "again": x.again, "exchange": x.exchange, "lostAnswer": x.lostAnswer}
		for name, draw := range steps {
			actions[name] = func(rt *rapid.T) { x.step(rt, x.store, draw(rt)) }
		}
		rt.Repeat(actions)
	})
}

// openUntil opens a store for one sequence, of which there may be thousands.
func openUntil(rt *rapid.T, o Options) *Store {
	store, err := Open(o)
	if err != nil {
		rt.Fatal(err)
	}
	rt.Cleanup(func() { _ = store.Close() })
	return store
}

// machine is one sequence.
type machine struct {
	*suite
	t       *testing.T
	model   *model
	unlucky *Store // loses answers
	faults  redistest.Faults
	armed   bool
	last    *step

	known   map[string]bool // incarnations ever seen
	counter string          // the namespace's, at the last check

	print    string // of the model, and
	prints   map[bos.SessionKey]string
	anything bool // has changed since the last check, and
	changed  map[bos.SessionKey]bool
}

func (x *machine) step(rt *rapid.T, store *Store, s step) {
	rt.Log(s.text)
	x.model.clock.pass(time.Duration(rapid.IntRange(0, 3).Draw(rt, "pause")) * 400 * time.Millisecond)
	x.last = &s
	want := s.expect(x.model)
	x.note()
	rest := x.model.rest // this call's: another may be made in its midst
	x.model.rest = nil
	got := s.do(x.ctx, store)
	if rest != nil {
		rest()
		x.note()
	}
	if got != want {
		rt.Fatalf("%s: the outcome is %q, want %q", s.text, got, want)
	}
}

// note keeps what a call has changed, even if the next takes it back.
func (x *machine) note() {
	for _, key := range modelScopes() {
		now := x.model.print(&key)
		x.changed[key] = x.changed[key] || now != x.prints[key]
		x.prints[key] = now
	}
	x.model.sample()
	print := x.model.print(nil)
	x.anything = x.anything || print != x.print
	x.print = print
}

// again makes the last call a second time, which mostly changes nothing.
func (x *machine) again(rt *rapid.T) {
	if x.last == nil {
		rt.Skip()
	}
	x.step(rt, x.store, *x.last)
}

// exchange gives a tenant some of what it does not own for all that it does.
func (x *machine) exchange(rt *rapid.T) {
	tenant := rapid.SampledFrom(modelTenants).Draw(rt, "tenant")
	others := slices.DeleteFunc(slices.Clone(modelIDs), func(id string) bool { return x.model.owners[id][tenant] })
	if len(others) == 0 {
		rt.Skip()
	}
	x.step(rt, x.store, tenantStep(tenant, rapid.SliceOfN(rapid.SampledFrom(others), 1, 4).Draw(rt, "ids")))
}

// lostAnswer writes while the next answer to a script is lost, and another writer
// comes before the client sends its write again.
func (x *machine) lostAnswer(rt *rapid.T) {
	between := patchStep(drawPatches.Draw(rt, "between"))
	call := rapid.SampledFrom([]string{"put", "patch", "delete", "finish", "update", "create", "putTenant"}).Draw(rt, "call")
	s := steps[call](rt)
	if !x.armed { // a call that writes nothing leaves it to a later one
		x.armed = true
		x.faults.LoseNextAnswer("evalsha", func() {
			x.armed = false
			x.step(rt, x.store, between)
		})
	}
	// What it remembers may be out of date: then the answer that is lost is that nothing was changed, and the call comes after what
	// comes between.
	x.unlucky.recent.doubt()
	x.step(rt, x.unlucky, s)
}

// check compares everything with the model.
func (x *machine) check(rt *rapid.T) {
	x.checkSessions(rt)
	x.checkComponents(rt)
	x.checkStays(rt)
	x.checkTroubles(rt)
	x.checkLists(rt)
	x.checkKeys(rt)
	x.checkEvents(rt)
	counter := x.store.db.Client.HGet(x.ctx, x.store.db.Keys.Meta(), "rev").Val()
	if x.counter != "" && x.anything == (counter == x.counter) {
		rt.Fatalf("revision %s follows %s, and it is %v that something changed", counter, x.counter, x.anything)
	}
	x.counter, x.anything = counter, false
	clear(x.changed)
	// In a test of its own, which separates this sequence's drift from those that
	// rapid has tried before.
	if !x.t.Run("audit", func(t *testing.T) { (&suite{T: t, ctx: x.ctx, store: x.store, options: x.options}).audit() }) {
		rt.Fatal("what is stored is not what the records make")
	}
	if drift, err := x.store.Recount(x.ctx, RecountOptions{}); err != nil || drift != 0 {
		rt.Fatalf("the recount says drift %d (%v), the audit none", drift, err)
	}
}

func (x *machine) checkSessions(rt *rapid.T) {
	var reads []bos.SessionRead
	var want []*modelSession
	for _, key := range modelScopes() {
		reads = append(reads, bos.SessionRead{SessionKey: key, Want: everything})
		want = append(want, x.model.sessions[key])
	}
	for _, s := range x.model.history {
		reads = append(reads, bos.SessionRead{SessionKey: s.SessionKey, Incarnation: s.Incarnation, Want: everything})
		want = append(want, s)
	}
	live := map[string]bool{}
	for _, s := range want {
		if s != nil {
			live[s.Incarnation] = true
		}
	}
	for incarnation := range x.known {
		if !live[incarnation] {
			reads = append(reads, bos.SessionRead{SessionKey: name("a"), Incarnation: incarnation, Want: everything})
			want = append(want, nil)
		}
	}
	found, err := x.store.ReadSessions(x.ctx, reads)
	if err != nil {
		rt.Fatal(err)
	}
	for i, got := range found {
		if (got == nil) != (want[i] == nil) {
			rt.Fatalf("session %s %s is %+v, want %+v", reads[i].SessionKey, reads[i].Incarnation, got, want[i])
		}
		if got != nil {
			x.checkSession(rt, got, want[i])
			x.checkProgress(rt, got.Status, want[i])
			x.checkPhaseStays(rt, got.Status, want[i])
		}
	}
}

func (x *machine) checkSession(rt *rapid.T, got *bos.Session, s *modelSession) {
	if s.Incarnation == "" {
		if got.Incarnation == "" || x.known[got.Incarnation] {
			rt.Fatalf("session %s has the incarnation %q, which is not a new one", s.SessionKey, got.Incarnation)
		}
		s.Incarnation, x.known[got.Incarnation] = got.Incarnation, true
	}
	if s.frozen != nil && !s.Unfinished() && s.EndTime == "" && s.ended == "" {
		if _, err := got.EndTime.UTC(); err != nil {
			rt.Fatalf("session %s has completed and ended %q", s.SessionKey, got.EndTime)
		}
		s.ended = got.EndTime
	}
	want := s.Session
	want.EndTime = cmp.Or(s.EndTime, s.ended)
	st := x.model.status(s)
	if g, w := describe(got, got.Status.Tally, got.Status.Errors), describe(&want, st.Tally, st.Groups); g != w {
		rt.Fatalf("session %s is\n%s\nand the records make\n%s", s.SessionKey, g, w)
	}
	if g, w := fmt.Sprint(got.Status.ByCabinet), fmt.Sprint(st.ByCabinet); g != w {
		rt.Fatalf("session %s has the cabinets\n%s\nand the records make\n%s", s.SessionKey, g, w)
	}
	if got.Status.GroupCount != len(st.Groups) || got.Status.FromSnapshot != (s.frozen != nil) || got.Status.Timing.EndTime != want.EndTime {
		rt.Fatalf("session %s has %d groups, snapshot %v, timing %v", s.SessionKey, got.Status.GroupCount, got.Status.FromSnapshot, got.Status.Timing)
	}
	x.checkRevision(rt, got.Status, s)
}

// checkRevision wants a new one where something of the session has changed, and
// the same where nothing has.
func (x *machine) checkRevision(rt *rapid.T, got *bos.Status, s *modelSession) {
	changed := x.changed[s.SessionKey]
	switch {
	case s.revision == 0:
	case got.Revision < s.revision,
		!changed && got.Revision != s.revision,
		changed && s.frozen == nil && got.Revision == s.revision:
		rt.Fatalf("session %s: revision %d follows %d, and it is %v that something changed", s.SessionKey, got.Revision, s.revision, changed)
	}
	s.revision = got.Revision
}

// describe spells out a session and its numbers, to be compared.
func describe(s *bos.Session, tally bos.Tally, groups []bos.ErrorGroup) string {
	record := *s
	record.Status, record.Version = nil, ""
	text, err := json.Marshal([]any{record, tally, append([]bos.ErrorGroup{}, groups...)})
	if err != nil {
		panic(err)
	}
	return string(text)
}

// checkComponents compares whole records.
func (x *machine) checkComponents(rt *rapid.T) {
	found, err := x.store.ReadComponents(x.ctx, modelIDs, true)
	if err != nil {
		rt.Fatal(err)
	}
	for i, id := range modelIDs {
		var want *bos.Component
		if c, ok := x.model.components[id]; ok {
			want = &c
			if since := x.model.since[id]; found[i] != nil && !found[i].StatusSince.Equal(since) {
				rt.Fatalf("component %s has its status since %v, want %v", id, found[i].StatusSince, since)
			}
		}
		got, err1 := json.Marshal(found[i])
		expected, err2 := json.Marshal(want)
		if err1 != nil || err2 != nil || string(got) != string(expected) {
			rt.Fatalf("component %s is\n%s\nwant\n%s", id, got, expected)
		}
	}
}
