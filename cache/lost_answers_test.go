package cache

import (
	"fmt"
	"testing"
	"time"

	"github.com/bosgraph/bosgraph/bos"
	"github.com/bosgraph/bosgraph/internal/redistest"
)

// TestLostAnswersChangeNothingTwice loses the answer to every write of a producer: Redis has made the change, the connection
// is closed, and the write is sent again. TEST_BOSGRAPH_LONG=1 loses 1,000.
func TestLostAnswersChangeNothingTwice(t *testing.T) {
	s := &suite{T: t, ctx: t.Context(), options: Options{URL: "redis://" + redistest.SharedServer(t), Namespace: t.Name(), Timeout: 20 * time.Second}}
	s.store = s.open(nil)
	s.create("all")
	var faults redistest.Faults
	unlucky := s.open(faults.Dialer())
	rounds := 25
	if long() {
		rounds = 250
	}
	lost, wanted := 0, map[string]int{} // what the records should say
	lose := func() { faults.LoseNextAnswer("evalsha", func() { lost++ }) }
	for n := range rounds {
		session, x := fmt.Sprint("s", n), fmt.Sprint("x", n%10)
		before := s.stored().Revision
		lose()
		_, err := unlucky.CreateSession(s.ctx, bos.NewSession{SessionKey: name(session), Operation: bos.OperationBoot, TemplateName: "compute", Source: bos.SourceProducer})
		s.must(err) // not CONFLICT, although it exists by then
		lose()
		patch := component(x, "all")
		patch.RetryPolicy = &n
		s.applied(1)(unlucky.PutComponents(s.ctx, []bos.ComponentPatch{patch}))
		wanted[x] = n
		lose()
		_, err = unlucky.UpdateSession(s.ctx, name(session), bos.SessionUpdate{State: new(bos.StateRunning)})
		s.must(err)
		lose()
		s.applied(1)(unlucky.PatchComponents(s.ctx, []bos.ComponentPatch{{ID: x, Error: new(fmt.Sprint("error ", n))}}))
		if now := s.stored().Revision; now != before+4 {
			t.Errorf("round %d: four writes are %d revisions", n, now-before)
		}
	}
	if lost != 4*rounds {
		t.Errorf("%d answers of %d writes were lost", lost, 4*rounds)
	}
	for id, want := range wanted {
		found, err := s.store.ReadComponents(s.ctx, []string{id}, true)
		s.must(err)
		if found[0] == nil || *found[0].RetryPolicy != want || found[0].Error != fmt.Sprint("error ", want) {
			t.Errorf("%s is %+v, want it as round %d left it", id, found[0], want)
		}
	}
	drift := s.recounted(false)
	s.equal(drift, []string{}, "found")
	redistest.Figure(t, "%d answers lost: applied twice 0, drift %d", lost, len(drift))
	s.audit()
	s.sweep()
}
