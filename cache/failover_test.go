package cache

import (
	"context"
	"sync"
	"testing"
	"time"

	"github.com/bosgraph/bosgraph/bos"
	"github.com/bosgraph/bosgraph/internal/redistest"
)

// mostLonger is how much longer than the cluster itself a store may be unavailable.
const mostLonger = 2 * time.Second

// allowed is that bound, by which the long form decides. The short form runs with the race
// detector and beside other packages on the same processors: it only has to see that a
// store does not stay away, as it did for a minute when nothing had the topology read.
func allowed() time.Duration {
	if long() {
		return mostLonger
	}
	return 3 * mostLonger
}

// A master of a cluster is lost, killed or hung, and its replica takes its place: the store
// writes and reads, and its feed delivers, soon after any client could. TEST_BOSGRAPH_LONG=1
// does it 10 times each.
func TestClusterMasterIsLost(t *testing.T) {
	s, nodes := clusterSuite(t, true, 1500*time.Millisecond)
	s.preload(20)
	_, received, _ := s.feed(s.open(nil), time.Second)
	received.alive(0, anyProbe)
	for _, loss := range []struct {
		how        string
		lose, back func(addr string)
	}{
		{"killed", nodes.Kill, nodes.Start},
		{"hung", nodes.Pause, nodes.Resume},
	} {
		rounds := 1 // of each: so the second is of a master that was a replica before
		if long() {
			rounds = 10
		}
		for range rounds {
			master := nodes.Master(0)
			s.put(component("x1", "big"))
			loss.lose(master)
			at := time.Now()
			cluster, store := s.recovery(nodes.Addrs(), received, received.now())
			for what, took := range store {
				redistest.Figure(t, "%s: the cluster was away for %v, %s for %v more", loss.how, cluster.Sub(at).Round(time.Millisecond), what, took.Sub(cluster).Round(time.Millisecond))
				if took.Sub(cluster) > allowed() {
					t.Errorf("%s: after the cluster %s took %v, at most it may take %v", loss.how, what, took.Sub(cluster), allowed())
				}
			}
			loss.back(master)
			nodes.Settle()
		}
	}
	s.equal(s.recounted(false), []string{}, "found")
}

// recovery asks a cluster that has just lost a master, all the time, and returns when the
// slot of the namespace can be written, by a client that asks every node, and when
// each of the ways of the store works.
func (s *suite) recovery(addrs []string, received *recorder, from int) (cluster time.Time, store map[string]time.Time) {
	s.Helper()
	store = map[string]time.Time{}
	ctx, cancel := context.WithTimeout(s.ctx, time.Minute)
	defer cancel()
	var all, direct sync.WaitGroup
	var mu sync.Mutex
	until := func(work *sync.WaitGroup, done func() bool, record func(time.Time)) {
		work.Go(func() {
			pulse := time.NewTicker(5 * time.Millisecond)
			defer pulse.Stop()
			for ; ctx.Err() == nil; <-pulse.C {
				if done() {
					mu.Lock()
					defer mu.Unlock()
					record(time.Now())
					return
				}
			}
		})
	}
	asked, found := context.WithCancel(ctx)
	defer found()
	for _, addr := range addrs {
		until(&direct, func() bool {
			answer, err := redistest.Try(addr, "SET", "{"+s.options.Namespace+"}probe", "1")
			return asked.Err() != nil || err == nil && answer == "OK"
		}, func(now time.Time) {
			if cluster.IsZero() {
				cluster = now
			}
			found()
		})
	}
	n := 0
	until(&all, func() bool {
		n++
		patch := component("x1", "big")
		patch.RetryPolicy = &n
		_, err := s.store.PutComponents(ctx, []bos.ComponentPatch{patch})
		return err == nil
	}, func(now time.Time) { store["a write"] = now })
	reader := s.open(nil)
	until(&all, func() bool {
		found, err := reader.ReadSessions(ctx, []bos.SessionRead{{SessionKey: name("big"), Want: everything}})
		return err == nil && found[0] != nil
	}, func(now time.Time) { store["a status"] = now })
	until(&all, func() bool { return count(received.after(from), "alive") > 0 },
		func(now time.Time) { store["the feed"] = now })
	direct.Wait()
	all.Wait()
	if ctx.Err() != nil {
		s.Fatalf("not back within a minute: cluster %v, %v", cluster, store)
	}
	return cluster, store
}
