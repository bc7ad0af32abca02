package bos_test

import (
	"fmt"

	"github.com/bosgraph/bosgraph/bos"
)

// A session's status is made of integers: what its components count as, added up. The
// staged component is managed and counts in no other share.
func ExampleSummarize() {
	components := []bos.Component{
		{ID: "x1000c0s0b0n0", Enabled: true, Session: "monday"},
		{ID: "x1000c0s0b0n1", Enabled: true, Session: "monday", StatusRecord: bos.StatusRecord{Phase: bos.PhaseConfiguring}},
		{ID: "x1000c0s1b0n0", Session: "monday", StatusRecord: bos.StatusRecord{Override: bos.OverrideFailed},
			Error: "the BMC did not answer"},
		{ID: "x1000c0s1b0n1", Enabled: true, StagedState: &bos.StagedState{Session: "monday"}},
		{ID: "x1000c0s2b0n0", Enabled: true, Session: "tuesday"},
	}
	tally, groups := bos.Summarize(bos.SessionKey{Name: "monday"}, components, nil)
	status := bos.Status{Session: &bos.Session{State: bos.StateRunning}, Tally: tally, Errors: groups}

	fmt.Printf("%d managed, %d active\n", status.Managed(), tally.Active)
	fmt.Printf("%.2f %% successful, %.2f %% failed, %.2f %% staged\n",
		status.PercentSuccessful(), status.PercentFailed(), status.PercentStaged())
	fmt.Printf("%.2f %% configuring\n", status.Phases().PercentConfiguring)
	for _, g := range status.Errors {
		fmt.Printf("%d: %s (%s)\n", g.Count, g.Message, g.List())
	}
	// Output:
	// 4 managed, 3 active
	// 25.00 % successful, 25.00 % failed, 25.00 % staged
	// 25.00 % configuring
	// 1: the BMC did not answer (x1000c0s1b0n0)
}

// Percentages are rounded as Python rounds, so small parts of many components vanish:
// programs compare counts.
func ExamplePercent() {
	fmt.Println(bos.Percent(1, 3), bos.Percent(1, 20_000), bos.Percent(1, 20_001), bos.Percent(0, 0))
	// Output: 33.33 0.01 0 0
}
