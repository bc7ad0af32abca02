package cache_test

import (
	"context"
	"fmt"

	"github.com/alicebob/miniredis/v2"

	"github.com/bosgraph/bosgraph/bos"
	"github.com/bosgraph/bosgraph/cache"
)

// A session is created, its components are stored, and its status is read: one write
// each, one read. The session completes in the write that leaves it without an active
// component, and its status is frozen.
func Example() {
	redis, err := miniredis.Run() // in production a Redis server, Sentinel or Cluster
	if err != nil {
		panic(err)
	}
	defer redis.Close()
	store, err := cache.Open(cache.Options{URL: "redis://" + redis.Addr(), Namespace: "example"})
	if err != nil {
		panic(err)
	}
	defer store.Close()

	ctx, monday := context.Background(), bos.SessionKey{Name: "monday"}
	check := func(err error) {
		if err != nil {
			panic(err)
		}
	}
	show := func() {
		found, err := store.ReadSessions(ctx, []bos.SessionRead{{SessionKey: monday, Want: bos.Want{Status: true}}})
		check(err)
		st := found[0].Status
		fmt.Printf("%s: %d managed, %.0f %% successful, frozen: %t\n", st.State(), st.Managed(), st.PercentSuccessful(), st.FromSnapshot)
	}

	_, err = store.CreateSession(ctx, bos.NewSession{
		SessionKey: monday, Operation: bos.OperationBoot, TemplateName: "compute", Source: bos.SourceProducer,
	})
	check(err)
	var components []bos.ComponentPatch
	for _, id := range []string{"x1000c0s0b0n0", "x1000c0s0b0n1"} {
		components = append(components, bos.ComponentPatch{
			ID: id, Enabled: new(true), Session: &monday.Name, Status: &bos.StatusPatch{Phase: new("powering_on")},
		})
	}
	_, err = store.PutComponents(ctx, components)
	check(err)
	_, err = store.UpdateSession(ctx, monday, bos.SessionUpdate{State: new(bos.StateRunning)})
	check(err)
	show()

	for i := range components { // both have booted, and BOS has disabled them
		components[i].Enabled, components[i].Status = new(false), &bos.StatusPatch{Phase: new("")}
	}
	result, err := store.PatchComponents(ctx, components)
	check(err)
	fmt.Println(result.Applied, "applied")
	show()
	// Output:
	// running: 2 managed, 0 % successful, frozen: false
	// 2 applied
	// complete: 2 managed, 100 % successful, frozen: true
}
