package cache

import (
	"fmt"
	"testing"
	"time"

	"github.com/bosgraph/bosgraph/bos"
	"github.com/bosgraph/bosgraph/internal/redistest"
)

// TestWhatAFailoverLoses counts what a master acknowledges that its replica never gets: all of it is lost when the replica
// takes over, and nothing that waited for the replica. TEST_BOSGRAPH_LONG=1 fails over 20 times.
func TestWhatAFailoverLoses(t *testing.T) {
	for _, replicas := range []int{0, 1} {
		t.Run(fmt.Sprint("waiting for ", replicas), func(t *testing.T) {
			t.Parallel()
			rounds := 2
			if long() {
				rounds = 20
			}
			p := newPair(t)
			p.follow(1)
			p.create("a")
			p.options.Replicas, p.options.Timeout = replicas, 800*time.Millisecond
			p.at(0)
			n, acknowledged, lost := 0, 0, 0
			for range rounds {
				replica, acks := 1-p.master, []int{}
				write := func() {
					n++
					number, patch := n, component("x1", "a")
					patch.RetryPolicy = &number
					if _, err := p.store.PutComponents(p.ctx, []bos.ComponentPatch{patch}); err == nil {
						acks = append(acks, number)
					}
				}
				for len(acks) < 20 {
					write()
				}
				// From here on the replica gets nothing more.
				p.must(p.nodes[replica].ReplicaOf(p.ctx, "127.0.0.1", "1").Err())
				for range 3 {
					write()
				}
				p.promote(replica)
				p.at(replica)
				stored := 0
				found, err := p.store.ReadComponents(p.ctx, []string{"x1"}, true)
				p.must(err)
				if found[0] != nil {
					stored = *found[0].RetryPolicy
				}
				for _, number := range acks {
					if number > stored {
						lost++
					}
				}
				acknowledged += len(acks)
				p.follow(1 - replica)
			}
			if waits := replicas > 0; waits != (lost == 0) {
				t.Errorf("%d of %d acknowledged writes were lost", lost, acknowledged)
			}
			drift, err := p.store.Recount(p.ctx, RecountOptions{})
			if drift != 0 || err != nil {
				t.Errorf("drift %d, %v", drift, err)
			}
			redistest.Figure(t, "%d failovers with `--redis-wait %d`, 3 writes each after the replica was cut off: acknowledged %d, lost %d, drift %d",
				rounds, replicas, acknowledged, lost, drift)
		})
	}
}
