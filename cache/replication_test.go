package cache

import (
	"crypto/rand"
	"fmt"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/bosgraph/bosgraph/bos"
	"github.com/bosgraph/bosgraph/cache/internal/redisdb"
	"github.com/bosgraph/bosgraph/internal/redistest"
)

// pair are two Redises that take turns as the master. Whatever asks them asks the
// present master, as by a name that is moved.
type pair struct {
	*suite
	nodes  [2]*redis.Client
	procs  [2]*redistest.Process
	master int
}

func newPair(t *testing.T) *pair {
	t.Helper()
	p := &pair{suite: &suite{T: t, ctx: t.Context()}}
	for i := range p.nodes {
		p.procs[i] = redistest.New(t)
		p.nodes[i] = redis.NewClient(&redis.Options{Addr: p.procs[i].Addr(), DisableIdentity: true})
		t.Cleanup(func() { _ = p.nodes[i].Close() })
	}
	p.options = Options{Namespace: rand.Text(), Timeout: 20 * time.Second}
	p.at(0)
	return p
}

// at opens the store at a node: another client, as after a failover.
func (p *pair) at(node int) {
	p.Helper()
	p.master = node
	p.options.URL = "redis://" + p.procs[node].Addr()
	p.store = p.open(nil)
}

// follow makes a node the replica of the other and waits until it has everything.
func (p *pair) follow(node int) {
	p.Helper()
	host, port, err := net.SplitHostPort(p.procs[1-node].Addr())
	p.must(err)
	// By default a master waits for 5 s for more replicas to come.
	p.must(p.nodes[1-node].ConfigSet(p.ctx, "repl-diskless-sync-delay", "0").Err())
	p.must(p.nodes[node].ReplicaOf(p.ctx, host, port).Err())
	p.synced()
}

func (p *pair) synced() {
	p.Helper()
	p.eventually("the replica has everything", func() bool {
		p.must(p.nodes[p.master].Incr(p.ctx, "marker").Err())
		n, err := p.nodes[p.master].Wait(p.ctx, 1, time.Second).Result()
		return err == nil && n == 1
	})
}

func (p *pair) promote(node int) {
	p.Helper()
	p.must(p.nodes[node].ReplicaOf(p.ctx, "NO", "ONE").Err())
}

func (p *pair) eventually(what string, ok func() bool) {
	p.Helper()
	deadline := time.After(30 * time.Second)
	for !ok() {
		select {
		case <-time.After(5 * time.Millisecond):
		case <-deadline:
			p.Fatal("not within 30 s: " + what)
		}
	}
}

// revisions notes what each acknowledged write was given, to find what was given twice.
type revisions map[redisdb.Position]string

func (p *pair) given(r revisions, what string) {
	p.Helper()
	at := p.stored()
	if before, twice := r[at]; twice {
		p.Errorf("revision %d of epoch %s was given to %s and to %s", at.Revision, at.Epoch, before, what)
	}
	r[at] = what
}

// A master that fails over and later fails back, without having been restarted, has all
// scripts and lacks what was written last elsewhere.
func TestFailBackWithoutRestart(t *testing.T) {
	p := newPair(t)
	p.follow(1)
	r := revisions{}
	p.create("a")
	p.given(r, "the session")
	for round := range 6 {
		replica := 1 - p.master
		p.put(component("x1", "a"))
		p.given(r, fmt.Sprint("what both have in round ", round))
		p.synced()
		before := p.stored()
		// The replica stops: what is written from now on, it never gets.
		p.must(p.nodes[replica].ReplicaOf(p.ctx, "127.0.0.1", "1").Err())
		for i := range 5 {
			p.put(failing("x1", "a", fmt.Sprint("lost ", round, i)))
			p.given(r, fmt.Sprint("lost write ", i, " of round ", round))
		}
		p.promote(replica)
		old := p.master
		p.at(replica)
		p.follow(old)

		p.put(failing("x1", "a", fmt.Sprint("after ", round)))
		p.given(r, fmt.Sprint("the first after round ", round))
		if after := p.stored(); after.Epoch == before.Epoch {
			t.Errorf("round %d: the epoch is still %s", round, after.Epoch)
		}
		if drift, err := p.store.Recount(p.ctx, RecountOptions{}); drift != 0 || err != nil {
			t.Errorf("round %d: drift %d, %v", round, drift, err)
		}
	}
	redistest.Figure(t, "6 failovers back and forth without a restart: %d revisions, given out twice 0, drift 0", len(r))
}

// What makes another history of the data makes another epoch, and what does not leaves it.
func TestWhichEventsBeginAnEpoch(t *testing.T) {
	for _, test := range []struct {
		name  string
		event func(p *pair)
		stays bool
	}{
		{"nothing", func(*pair) {}, true},
		{"SCRIPT FLUSH", func(p *pair) { p.must(p.nodes[0].ScriptFlush(p.ctx).Err()) }, true},
		{"all connections are closed", func(p *pair) { p.nodes[0].ClientKillByFilter(p.ctx, "TYPE", "normal") }, true},
		{"a replica that is lost and comes back", func(p *pair) {
			p.procs[1].Kill()
			p.put(component("x1", "a"))
			p.procs[1].Start()
			p.follow(1)
		}, true},
		{"the master hangs for a while", func(p *pair) {
			p.procs[0].Pause()
			p.procs[0].Resume()
		}, true},
		{"a replica is promoted", func(p *pair) { p.promote(1); p.at(1) }, false},
		{"a planned failover, with everything", func(p *pair) {
			host, port, _ := net.SplitHostPort(p.procs[1].Addr())
			p.must(p.nodes[0].Do(p.ctx, "FAILOVER", "TO", host, port).Err())
			p.eventually("the replica is the master", func() bool { return isMaster(p, 1) })
			p.at(1)
		}, false},
		{"demoted and promoted again, with the connection kept", func(p *pair) {
			p.promote(1)
			p.master = 1
			p.follow(0)
			p.promote(0)
			p.master = 0
		}, false},
		{"a moment as the replica of nobody", func(p *pair) {
			p.must(p.nodes[0].ReplicaOf(p.ctx, "127.0.0.1", "1").Err())
			p.promote(0)
		}, false},
		{"a restart with all data", func(p *pair) {
			p.must(p.nodes[0].Save(p.ctx).Err())
			p.procs[0].Kill()
			p.procs[0].Start()
			if p.nodes[0].Exists(p.ctx, p.store.db.Keys.Meta()).Val() == 0 {
				p.Fatal("the data did not survive the restart")
			}
		}, false},
		{"a restart without data", func(p *pair) {
			p.procs[1].Kill()
			p.procs[0].Kill()
			p.procs[0].Start()
			p.must(p.nodes[0].FlushAll(p.ctx).Err())
		}, false},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel() // each has servers of its own, and spends its time waiting for them
			p := newPair(t)
			p.follow(1)
			p.create("a")
			p.synced()
			before := p.stored()
			test.event(p)
			epoch, err := p.store.Epoch(p.ctx)
			p.must(err)
			if same := epoch == before.Epoch; same != test.stays {
				t.Errorf("the epoch was %s and is %s", before.Epoch, epoch)
			}
			p.put(component("x1", "a"))
			if now := p.stored(); now.Epoch != epoch {
				t.Errorf("the first write begins another epoch: %s after %s", now.Epoch, epoch)
			}
			p.equal(p.recounted(false), []string{}, "found afterwards")
		})
	}
}

// Redis draws another id when its first replica is attached. Afterwards it looks like a server
// that was promoted long ago and has had no replicas since, so a new epoch begins.
func TestTheFirstReplicaBeginsAnEpoch(t *testing.T) {
	p := newPair(t)
	p.create("a")
	before := p.stored()
	p.follow(1)
	p.put(component("x1", "a"))
	if after := p.stored(); after.Epoch == before.Epoch {
		t.Errorf("the epoch is still %s", after.Epoch)
	}
	after := p.stored()
	p.procs[1].Kill()
	p.procs[1].Start()
	p.follow(1)
	p.put(failing("x1", "a", "after the replica came back"))
	if now := p.stored(); now.Epoch != after.Epoch {
		t.Errorf("a replica that comes back begins the epoch %s after %s", now.Epoch, after.Epoch)
	}
}

func isMaster(p *pair, node int) bool {
	return strings.Contains(p.nodes[node].Info(p.ctx, "replication").Val(), "role:master")
}

// A replica answers neither as a proof that all is there nor as one that something is lost.
func TestAReplicaIsNotAsked(t *testing.T) {
	p := newPair(t)
	p.follow(1)
	p.create("a")
	p.synced()
	before := p.stored()
	p.must(p.nodes[1].ConfigSet(p.ctx, "replica-read-only", "no").Err())
	p.at(1)
	_, err := p.store.Epoch(p.ctx)
	p.code(err, bos.Unavailable)
	_, err = p.store.PutComponents(p.ctx, []bos.ComponentPatch{component("x1", "a")})
	p.code(err, bos.Unavailable)
	_, err = p.store.NewLease(time.Minute).Hold(p.ctx, "")
	p.code(err, bos.Unavailable)
	if after := p.stored(); after != before {
		t.Errorf("before %+v, after %+v", before, after)
	}
}
