package redistest

import (
	"fmt"
	"strings"
	"testing"
)

const (
	masters = 3
	slots   = 16_384
)

// Cluster starts a Redis Cluster of three masters, without replicas, for this
// test alone and returns their addresses. It takes more than two seconds, which
// Redis waits before it takes writes: prefer [SharedCluster].
func Cluster(t testing.TB) []string {
	t.Helper()
	cluster, err := newCluster()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { removeAll(cluster) })
	return addrs(cluster)
}

func newCluster(options ...string) (cluster []*server, err error) {
	defer func() {
		if err != nil {
			removeAll(cluster)
		}
	}()
	options = append([]string{"--cluster-enabled", "yes", "--cluster-announce-ip", "127.0.0.1"}, options...)
	for i := range masters {
		s, err := newServer(options...)
		if err != nil {
			return cluster, err
		}
		cluster = append(cluster, s)
		if err := order(s,
			fmt.Sprintf("CLUSTER ADDSLOTSRANGE %d %d", slots*i/masters, slots*(i+1)/masters-1),
			// Epochs that differ from the start spare the masters a vote.
			fmt.Sprintf("CLUSTER SET-CONFIG-EPOCH %d", i+1),
		); err != nil {
			return cluster, err
		}
	}
	for i, s := range cluster {
		for _, other := range cluster[i+1:] {
			if err := order(s, fmt.Sprintf("CLUSTER MEET 127.0.0.1 %d", other.port)); err != nil {
				return cluster, err
			}
		}
	}
	// Each master finds out by itself; a client may ask any of them first.
	for _, s := range cluster {
		if err := until(patience, s.dead, func() error { return clusterOK(s) }); err != nil {
			return cluster, fmt.Errorf("redistest: the cluster does not come up: %w", err)
		}
	}
	return cluster, nil
}

func order(s *server, commands ...string) error {
	for _, command := range commands {
		if _, err := ask(s.addr(), command); err != nil {
			return fmt.Errorf("redistest: %s: %w", command, err)
		}
	}
	return nil
}

// clusterOK reports whether a master serves, and knows who serves the rest.
func clusterOK(s *server) error {
	info, err := ask(s.addr(), "CLUSTER INFO")
	if err != nil {
		return err
	}
	for _, want := range []string{"cluster_state:ok", fmt.Sprintf("cluster_size:%d\r", masters)} {
		if !strings.Contains(info, want) {
			return fmt.Errorf("%s is not at %q:\n%s", s.addr(), want, info)
		}
	}
	return nil
}

func addrs(servers []*server) []string {
	var all []string
	for _, s := range servers {
		all = append(all, s.addr())
	}
	return all
}

func removeAll(servers []*server) {
	for _, s := range servers {
		s.remove()
	}
}
