package cache

import (
	"testing"
	"time"

	"github.com/bosgraph/bosgraph/bos"
)

// The slot of a namespace moves from node to node while it is written and read, by
// redis-cli and with its defaults; now and then to a node that has just been restarted
// and knows no scripts. TEST_BOSGRAPH_LONG=1 does it 20 times.
func TestReshardUnderLoad(t *testing.T) {
	s, nodes := clusterSuite(t, false, 5*time.Second)
	components := 1000
	if long() {
		components = 10_000
	}
	s.preload(components)
	_, received, _ := s.feed(s.open(nil), time.Second)
	l := s.clusterLoad()
	masters := nodes.Masters()
	for n := range clusterRounds(20) {
		from, to := masters[n%2], masters[(n+1)%2]
		if n%2 == 0 {
			nodes.Kill(to)
			nodes.Start(to)
			nodes.Settle()
		}
		l.answered()
		at := time.Now()
		s.must(nodes.Reshard(from, to))
		t.Logf("moved in %v", time.Since(at))
		if got := nodes.Master(0); got != to {
			t.Fatalf("%s has the slot, want %s", got, to)
		}
		l.answered()
		received.alive(received.now(), anyProbe)
	}
	l.verify()
}

// While a slot moves, writes are refused as UNAVAILABLE within the time of an exchange
// and change nothing; reads are answered, wherever their keys are.
func TestWhileASlotMovesReadsAreAnsweredAndWritesRefused(t *testing.T) {
	s, nodes := clusterSuite(t, false, 5*time.Second)
	const patience = 500 * time.Millisecond
	s.options.Timeout = patience
	s.store = s.open(nil)
	s.preload(24)
	before := s.status("big")
	m := nodes.Move(nodes.Masters()[0], nodes.Masters()[1])
	for keys := 0; ; keys += 20 {
		at := time.Now()
		_, err := s.store.PutComponents(s.ctx, []bos.ComponentPatch{component("x1", "big")})
		s.code(err, bos.Unavailable)
		if took := time.Since(at); took > 4*patience {
			t.Errorf("refused after %v", took)
		}
		now := s.status("big")
		if now.Revision != before.Revision || now.Tally != before.Tally || len(now.Errors) != len(before.Errors) {
			t.Errorf("with %d keys moved the status is %+v, was %+v", keys, now, before)
		}
		for i, g := range now.Errors {
			if b := before.Errors[i]; g.Message != b.Message || g.Count != b.Count || len(g.First) != len(b.First) {
				t.Errorf("with %d keys moved a group is %+v, was %+v", keys, g, b)
			}
		}
		ids := []string{"y00000", "y00001", "y00002", "nobody"}
		found, err := s.store.ReadComponents(s.ctx, ids, true)
		s.must(err)
		for i, c := range found[:3] {
			if c == nil || *c.RetryPolicy != i {
				t.Errorf("with %d keys moved a component is %+v", keys, c)
			}
		}
		if found[3] != nil {
			t.Errorf("with %d keys moved there is %+v", keys, found[3])
		}
		if m.Keys(20) == 0 {
			break
		}
	}
	m.End()
	s.put(component("x1", "big"))
	s.equal(s.recounted(false), []string{}, "found")
	s.audit()
}
