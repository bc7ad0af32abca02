package redistest

import (
	"fmt"
	"testing"
	"time"
)

func TestSlotsAreThoseOfRedis(t *testing.T) {
	addr := Cluster(t)[0]
	for _, key := range []string{"a", "foo", "{bosgraph}:meta", "{}x", "a{b", "x{y}{z}"} {
		if want := must(t, addr, "CLUSTER KEYSLOT "+key); fmt.Sprint(Slot(key)) != want {
			t.Errorf("the slot of %q is %d, want %s", key, Slot(key), want)
		}
	}
}

func TestNodesFollowReshardingAndFailure(t *testing.T) {
	n := NewNodes(t, true, time.Second)
	masters := n.Masters()
	if got := n.Master(0); got != masters[0] {
		t.Fatalf("%s has slot 0, want %s", got, masters[0])
	}
	if err := n.Reshard(masters[0], masters[1]); err != nil {
		t.Fatal(err)
	}
	if got := n.Master(0); got != masters[1] {
		t.Fatalf("%s has slot 0, want %s", got, masters[1])
	}
	n.Kill(masters[1])
	n.TakenOver(masters[1])
	n.Start(masters[1])
	if got := n.Master(0); got == masters[1] {
		t.Error("the master that was killed has its slots again, and no keys")
	}
}
