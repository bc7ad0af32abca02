package redistest

import (
	"fmt"
	"strings"
	"testing"
)

// Failover is a master, its replica and a Sentinel that watches both, as "main". The two
// change places as often as wanted, and neither is ever restarted.
type Failover struct {
	t        testing.TB
	nodes    [2]*server
	sentinel *server
	master   int
}

// NewFailover starts them.
func NewFailover(t testing.TB) *Failover {
	t.Helper()
	f := &Failover{t: t, nodes: [2]*server{New(t).s, New(t).s}}
	for _, s := range f.nodes {
		// By default a master waits for 5 s for more replicas to come.
		f.order(s, "CONFIG SET repl-diskless-sync-delay 0")
	}
	f.follow(1)
	f.sentinel = newSentinel(t, f.nodes[0].addr())
	f.watchful(false)
	f.known()
	return f
}

// known waits until Sentinel knows which is the master and that it has a replica.
func (f *Failover) known() {
	f.t.Helper()
	f.until("Sentinel knows both", func() error {
		info, err := ask(f.sentinel.addr(), "INFO sentinel")
		if err == nil && !strings.Contains(info, "address="+f.Master()+",slaves=1,") {
			err = fmt.Errorf("it says %s", info)
		}
		return err
	})
}

// Sentinel returns the address of the Sentinel.
func (f *Failover) Sentinel() string { return f.sentinel.addr() }

// Master returns the address of the present master.
func (f *Failover) Master() string { return f.nodes[f.master].addr() }

// Switch lets the master hang, and its replica take over without what last writes. The
// former master comes back as a replica and loses that, too.
func (f *Failover) Switch(last func()) {
	f.t.Helper()
	old, next := f.nodes[f.master], f.nodes[1-f.master]
	f.Sync()
	// A master that is not there: the replica keeps what it has, gets nothing more, and still
	// counts as a replica that Sentinel may promote.
	f.order(next, "REPLICAOF 127.0.0.1 1")
	last()
	if err := old.pause(); err != nil {
		f.t.Fatal(err)
	}
	f.watchful(true)
	f.until("the replica is promoted", func() error { return f.has(next, "role:master") })
	f.master = 1 - f.master
	f.known()
	f.watchful(false)
	if err := old.resume(); err != nil {
		f.t.Fatal(err)
	}
	f.follow(1 - f.master) // which Sentinel does some seconds later
	f.Sync()
}

// watchful has Sentinel act soon, or leave everything as it is for minutes: a machine that
// is busy for a second is not to make a failover, and a replica of nobody is to stay that.
func (f *Failover) watchful(soon bool) {
	f.t.Helper()
	// No failover begins sooner than twice its timeout after the last one has begun.
	down, timeout := 120_000, 180_000
	if soon {
		down, timeout = 1000, 3000
	}
	f.order(f.sentinel, fmt.Sprintf("SENTINEL SET main failover-timeout %d", timeout))
	f.order(f.sentinel, fmt.Sprintf("SENTINEL SET main down-after-milliseconds %d", down))
}

// Sync waits until the replica has everything.
func (f *Failover) Sync() {
	f.t.Helper()
	master := f.nodes[f.master]
	f.until("the replica has everything", func() error {
		if err := f.has(f.nodes[1-f.master], "master_link_status:up"); err != nil {
			return err
		}
		// A write, so that there is an offset that the replica can't have had before.
		if _, err := ask(master.addr(), "INCR redistest"); err != nil {
			return err
		}
		info, err := ask(master.addr(), "INFO replication")
		if err != nil {
			return err
		}
		_, offset, _ := strings.Cut(info, "master_repl_offset:")
		offset, _, _ = strings.Cut(offset, "\r")
		return f.has(f.nodes[1-f.master], "master_repl_offset:"+offset)
	})
}

// follow makes a node the replica of the other.
func (f *Failover) follow(node int) {
	f.t.Helper()
	f.order(f.nodes[node], fmt.Sprintf("REPLICAOF 127.0.0.1 %d", f.nodes[1-node].port))
}

func (f *Failover) has(s *server, want string) error {
	info, err := ask(s.addr(), "INFO replication")
	if err == nil && !strings.Contains(info, want) {
		err = fmt.Errorf("%s is not at %q:\n%s", s.addr(), want, info)
	}
	return err
}

func (f *Failover) order(s *server, command string) {
	f.t.Helper()
	if err := order(s, command); err != nil {
		f.t.Fatal(err)
	}
}

func (f *Failover) until(what string, ok func() error) {
	f.t.Helper()
	if err := until(patience, nil, ok); err != nil {
		f.t.Fatalf("redistest: %s: %v", what, err)
	}
}
