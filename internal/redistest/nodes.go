package redistest

import (
	"errors"
	"fmt"
	"os/exec"
	"strconv"
	"strings"
	"testing"
	"time"
)

// Nodes is a Redis Cluster whose nodes a test can take down, and whose slots it can
// move. Its methods fail the test if the cluster does not do what it was asked to.
type Nodes struct {
	t       testing.TB
	servers []*server // masters first, in the order of their slots at first
}

// NewNodes starts a cluster of three masters for this test alone, with a replica each if
// wanted. A node that has not answered for that long counts as failed.
func NewNodes(t testing.TB, replicas bool, timeout time.Duration) *Nodes {
	t.Helper()
	options := []string{
		"--cluster-node-timeout", strconv.FormatInt(timeout.Milliseconds(), 10), "--repl-diskless-sync-delay", "0",
		"--repl-ping-replica-period", "1",
	}
	cluster, err := newCluster(options...)
	n := &Nodes{t: t, servers: cluster}
	t.Cleanup(func() { removeAll(n.servers) })
	n.must(err)
	if !replicas {
		return n
	}
	for _, master := range cluster {
		s, err := newServer(append([]string{"--cluster-enabled", "yes", "--cluster-announce-ip", "127.0.0.1"}, options...)...)
		n.must(err)
		n.servers = append(n.servers, s)
		id, err := ask(master.addr(), "CLUSTER MYID")
		n.must(err)
		for _, other := range cluster {
			n.must(order(s, fmt.Sprintf("CLUSTER MEET 127.0.0.1 %d", other.port)))
		}
		// Tried until it works: a node can follow a master only once the others have made it
		// known.
		n.must(until(patience, s.dead, func() error { return order(s, "CLUSTER REPLICATE "+id) }))
	}
	n.Settle()
	return n
}

func (n *Nodes) must(err error) {
	n.t.Helper()
	if err != nil {
		n.t.Fatal(err)
	}
}

// Addrs are the addresses of all nodes, up or not.
func (n *Nodes) Addrs() []string { return addrs(n.servers) }

// Masters are the addresses of the first masters, by their slots at the start.
func (n *Nodes) Masters() []string { return addrs(n.servers[:masters]) }

func (n *Nodes) node(addr string) *server {
	n.t.Helper()
	for _, s := range n.servers {
		if s.addr() == addr {
			return s
		}
	}
	n.t.Fatalf("redistest: no node has the address %q", addr)
	return nil
}

// Kill ends a node as SIGKILL does; Start, Pause and Resume, too, do what the methods of [Process] do.
func (n *Nodes) Kill(addr string) { n.node(addr).kill() }

// Start starts a node again. It remembers its place in the cluster, but has no keys.
func (n *Nodes) Start(addr string) { n.t.Helper(); n.must(n.node(addr).start()) }

// Pause suspends a node's process: its connections stay open, and nothing is answered.
func (n *Nodes) Pause(addr string) { n.t.Helper(); n.must(n.node(addr).pause()) }

// Resume lets a paused node continue.
func (n *Nodes) Resume(addr string) { n.t.Helper(); n.must(n.node(addr).resume()) }

// Master returns the node that has a slot, as all nodes see it.
func (n *Nodes) Master(slot int) string {
	n.t.Helper()
	n.Settle()
	view, err := viewOf(n.servers[0])
	n.must(err)
	for addr, slots := range view {
		for _, part := range strings.Fields(slots) {
			low, high, ok := strings.Cut(part, "-")
			if !ok {
				high = low
			}
			first, _ := strconv.Atoi(low)
			last, _ := strconv.Atoi(high)
			if first <= slot && slot <= last {
				return addr
			}
		}
	}
	n.t.Fatalf("redistest: nobody has the slot %d: %v", slot, view)
	return ""
}

// TakenOver waits until others have the slots of a master that is away.
func (n *Nodes) TakenOver(master string) {
	n.t.Helper()
	n.must(until(patience, nil, func() error {
		for _, s := range n.servers {
			if s.addr() == master {
				continue
			}
			if view, err := viewOf(s); err != nil || view[master] != "" {
				return fmt.Errorf("%s sees %v, %w", s.addr(), view, err)
			}
		}
		return nil
	}))
}

// Settle waits until all nodes serve, agree about who has which slots, and replicas have
// what their masters have.
func (n *Nodes) Settle() {
	n.t.Helper()
	n.must(until(patience, nil, func() error {
		var first string
		for _, s := range n.servers {
			if err := clusterOK(s); err != nil {
				return err
			}
			view, err := viewOf(s)
			if err != nil {
				return err
			}
			if all := fmt.Sprint(view); first == "" {
				first = all
			} else if all != first {
				return fmt.Errorf("%s sees %s, another %s", s.addr(), all, first)
			}
			info, err := ask(s.addr(), "INFO replication")
			if err != nil {
				return err
			}
			if strings.Contains(info, "master_link_status:down") {
				return fmt.Errorf("%s has no link to its master", s.addr())
			}
			// A replica that is online gets nothing before its first acknowledgement, of an
			// offset beyond 0: the master sends it a ping a second.
			master := len(n.servers) > masters && strings.Contains(info, "role:master")
			if master && (!strings.Contains(info, "state=online") || strings.Contains(info, "offset=0,")) {
				return fmt.Errorf("%s has no replica", s.addr())
			}
		}
		return nil
	}))
}

// viewOf says which slots each master has, by address, as a node sees it. A slot that is
// being moved is an error.
func viewOf(s *server) (map[string]string, error) {
	nodes, err := ask(s.addr(), "CLUSTER NODES")
	if err != nil {
		return nil, err
	}
	if strings.Contains(nodes, "[") {
		return nil, errors.New("a slot is being moved")
	}
	view := map[string]string{}
	for _, line := range strings.Split(strings.TrimSpace(nodes), "\n") {
		words := strings.Fields(line)
		if len(words) > 8 {
			addr, _, _ := strings.Cut(words[1], "@")
			view[addr] = strings.Join(words[8:], " ")
		}
	}
	return view, nil
}

// Reshard has redis-cli move the first slot of one master to another.
func (n *Nodes) Reshard(from, to string, options ...string) error {
	n.t.Helper()
	n.Settle()
	ids := make([]string, 2)
	for i, addr := range []string{from, to} {
		id, err := ask(addr, "CLUSTER MYID")
		n.must(err)
		ids[i] = id
	}
	out, err := exec.Command("redis-cli", append([]string{
		"--cluster", "reshard", from, "--cluster-from", ids[0], "--cluster-to", ids[1], "--cluster-slots", "1", "--cluster-yes",
	}, options...)...).CombinedOutput()
	if err != nil {
		return fmt.Errorf("redis-cli --cluster reshard: %w\n%s", err, out)
	}
	return nil
}

// Slot returns the slot of a key, as Redis Cluster computes it of the key's hash tag.
func Slot(key string) int {
	if _, rest, ok := strings.Cut(key, "{"); ok {
		if tag, _, closed := strings.Cut(rest, "}"); closed && tag != "" {
			key = tag
		}
	}
	var crc uint16 // CRC-16/XMODEM
	for _, b := range []byte(key) {
		crc ^= uint16(b) << 8
		for range 8 {
			carry := crc&0x8000 != 0
			if crc <<= 1; carry {
				crc ^= 0x1021
			}
		}
	}
	return int(crc) % slots
}

// Move is a slot on its way, step by step.
type Move struct {
	n        *Nodes
	from, to *server
	slot     int
	ids      [2]string
}

// Move begins to move the first slot of all, as redis-cli does.
func (n *Nodes) Move(from, to string) *Move {
	n.t.Helper()
	m := &Move{n: n, from: n.node(from), to: n.node(to)}
	for i, addr := range []string{from, to} {
		var err error
		m.ids[i], err = ask(addr, "CLUSTER MYID")
		n.must(err)
	}
	n.must(order(m.to, fmt.Sprintf("CLUSTER SETSLOT %d IMPORTING %s", m.slot, m.ids[0])))
	n.must(order(m.from, fmt.Sprintf("CLUSTER SETSLOT %d MIGRATING %s", m.slot, m.ids[1])))
	return m
}

// Keys moves at most so many keys of the slot, and returns how many there were.
func (m *Move) Keys(most int) int {
	m.n.t.Helper()
	out, err := exec.Command("redis-cli", "-p", strconv.Itoa(m.from.port),
		"CLUSTER", "GETKEYSINSLOT", strconv.Itoa(m.slot), strconv.Itoa(most)).Output()
	m.n.must(err)
	keys := strings.Fields(string(out))
	for _, key := range keys {
		m.n.must(order(m.from, fmt.Sprintf("MIGRATE 127.0.0.1 %d %s 0 1000", m.to.port, key)))
	}
	return len(keys)
}

// End gives the slot to where its keys are by now.
func (m *Move) End() {
	m.n.t.Helper()
	for _, s := range []*server{m.to, m.from} {
		m.n.must(order(s, fmt.Sprintf("CLUSTER SETSLOT %d NODE %s", m.slot, m.ids[1])))
	}
	m.n.Settle()
}
