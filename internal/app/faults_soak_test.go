package app_test

import (
	"crypto/rand"
	"os"
	"testing"
	"time"

	"github.com/bosgraph/bosgraph/internal/apptest"
	"github.com/bosgraph/bosgraph/internal/redistest"
)

// TestOneFaultAfterTheOther writes to two servers all the time, with watchers at both, and has two more follow a BOS, while something
// breaks again and again: all recover each time, nothing acknowledged is lost, nothing that BOS has is removed, and the server that
// lives on does not grow. The long form does so for half an hour, with a fault every minute; the short one has each fault once.
func TestOneFaultAfterTheOther(t *testing.T) {
	t.Parallel()
	redis := redistest.New(t)
	network := redistest.NewNetwork(t, redis.Addr())
	f := newFleet(t)
	f.Redis = network.Addr()
	s, b := newSoak(t, f), newSoakBOS(t, f)
	everybody := append(append([]*apptest.Watcher{}, s.all...), b.all...)
	set := func(setting, value string) { redistest.Do(t, redis.Addr(), "CONFIG", "SET", setting, value) }
	n, slowest := s.breaks(30, append(b.breaks(),
		func() {
			redis.Pause()
			apptest.Every(t, "that it may be behind", everybody, func(w *apptest.Watcher) bool { return w.Now("stale") == true })
			redis.Resume()
		},
		func() { closeConnections(t, redis.Addr()) },
		func() { redistest.Do(t, redis.Addr(), "SCRIPT", "FLUSH") },
		func() { redistest.Do(t, redis.Addr(), "CLIENT", "PAUSE", "700", "ALL") },
		s.replaceOther,
		s.standStill,
		func() {
			network.Worsen("latency", map[string]int{"latency": 200, "jitter": 100})
			s.written(5)
			network.Heal()
		},
		func() {
			s.fails(func() { network.Worsen("limit_data", map[string]int{"bytes": 100}) })
			network.Heal()
		},
		func() { s.fails(func() { set("maxmemory", "1") }); set("maxmemory", "0") },
		func() { s.fails(func() { set("min-replicas-to-write", "1") }); set("min-replicas-to-write", "0") },
	), b.recovered)
	redistest.Figure(t, "%d faults, recovered after at most %v; %s", n, slowest.Round(time.Millisecond), s.converges())
	redistest.Figure(t, "%s", b.converges())
}

// TestOneFaultAfterTheOtherOnACluster does so with a Redis Cluster whose masters have replicas, and with changes that are acknowledged
// once a replica has them: nothing acknowledged is lost, and no fault is the server's own. The long form takes seven minutes.
func TestOneFaultAfterTheOtherOnACluster(t *testing.T) {
	t.Parallel()
	if os.Getenv("TEST_BOSGRAPH_FAULTS") == "" {
		t.Skip("takes longer than the other tests: run by make faults")
	}
	nodes := redistest.NewNodes(t, true, 1500*time.Millisecond)
	f := &apptest.Fleet{Binary: apptest.Command(t), Cluster: nodes.Addrs(), Namespace: rand.Text()}
	for redistest.Slot(f.Namespace) != 0 { // the one that Reshard moves
		f.Namespace = rand.Text()
	}
	s := newSoak(t, f, "--redis-wait", "1")
	// lose has the replica of the master of the namespace take its place.
	lose := func(lose, back func(addr string)) func() {
		return func() {
			master := nodes.Master(0)
			lose(master)
			nodes.TakenOver(master)
			back(master)
			nodes.Settle()
		}
	}
	n, slowest := s.breaks(7, []func(){
		lose(nodes.Kill, nodes.Start),
		lose(nodes.Pause, nodes.Resume),
		func() {
			from, to := nodes.Master(0), nodes.Master(8000)
			if to == from {
				to = nodes.Master(16_000)
			}
			if err := nodes.Reshard(from, to); err != nil {
				t.Fatal(err)
			}
		},
		func() { redistest.Do(t, nodes.Master(0), "SCRIPT", "FLUSH") },
		func() {
			for _, addr := range nodes.Addrs() {
				closeConnections(t, addr)
			}
		},
		s.replaceOther,
		s.standStill,
	}, nodes.Settle)
	redistest.Figure(t, "a cluster with `--redis-wait 1`: %d faults, recovered after at most %v; INTERNAL 0, %s", n, slowest.Round(time.Millisecond), s.converges())
}
