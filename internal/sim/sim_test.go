package sim

import (
	"context"
	"maps"
	"reflect"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/bosgraph/bosgraph/bos"
)

// progress returns all calls of the first hours.
func progress(seed uint64, components int) []command {
	var all []command
	w := newWorld(seed, components)
	start := time.Date(2026, 11, 22, 9, 0, 0, 0, time.UTC)
	for now := time.Duration(0); now < 3*time.Hour; now += 5 * time.Second {
		all = append(all, w.advance(now, start.Add(now))...)
	}
	return all
}

func TestSameSeedSameWorld(t *testing.T) {
	first := progress(7, 120)
	if len(first) < 500 {
		t.Fatalf("only %d calls in three hours", len(first))
	}
	if !reflect.DeepEqual(first, progress(7, 120)) {
		t.Error("the same seed gave another progress")
	}
	if reflect.DeepEqual(first, progress(8, 120)) {
		t.Error("another seed gave the same progress")
	}
}

func TestARoundCompletesEverySession(t *testing.T) {
	f := newFake(t)
	const components = batch + 200 // more than one call can hold
	f.simulate(Options{Components: components, Seed: 1, Speed: 10}, 1)

	for _, key := range f.created {
		if s := f.sessions[key]; s.State != bos.StateComplete && s.TemplateName != relayTemplate {
			t.Errorf("the round ended with %s %s", s.TemplateName, s.State)
		}
	}
	if n := len(f.ofRounds(f.created)); n != 7 {
		t.Errorf("a round had %d sessions: %s", n, f.describe())
	}

	boot, seen := f.find(func(s *bos.Session) bool { return s.TemplateName == "compute-24.7" && s.Tenant == "" })
	reboot, rebootSeen := f.find(func(s *bos.Session) bool { return s.Operation == bos.OperationReboot && !s.Stage })
	if taken := seen.most - seen.final.Managed; taken != rebootSeen.most || taken == 0 {
		t.Errorf("the boot had %d components and ended with %d, but the reboot took over %d", seen.most, seen.final.Managed, rebootSeen.most)
	}
	if !seen.poweringOn || !seen.configuring || !seen.failed {
		t.Errorf("the boot was not seen in all its phases: %+v", *seen)
	}
	if len(seen.progress) < 40 {
		t.Errorf("the boot's progress took only %d values", len(seen.progress))
	}
	if got := seen.final; got.Complete() != got.Managed || got.Failed*8 > got.Managed {
		t.Errorf("the boot ended with %+v", got)
	}
	if n := strings.Count(boot.Details.InitialComponents, ",") + 1; n != seen.most {
		t.Errorf("the boot names %d initial components of %d", n, seen.most)
	}
	if reboot.Details.Limit == "" {
		t.Error("the reboot has no limit")
	}

	_, staged := f.find(func(s *bos.Session) bool { return s.Stage })
	if !staged.staged || !staged.poweringOff || !staged.configuring || staged.final.Staged != 0 {
		t.Errorf("the staged session was not staged first and applied then: %+v", *staged)
	}
	_, shut := f.find(func(s *bos.Session) bool { return s.Operation == bos.OperationShutdown })
	if lanes := 2 * share(liquidCooled(components), 3); !shut.poweringOff || shut.final.Managed != components-lanes {
		t.Errorf("the shutdown did not shut all down: %+v", *shut)
	}
	_, tenanted := f.find(func(s *bos.Session) bool { return s.Tenant != "" })
	if tenanted.most == 0 || tenanted.most != len(f.owned[tenantName]) {
		t.Errorf("the tenant's session managed %d of its %d components", tenanted.most, len(f.owned[tenantName]))
	}
	failing, none := f.find(func(s *bos.Session) bool { return s.Details.Error != "" })
	if none.most != 0 || failing.Details.InitialComponents != "" {
		t.Errorf("the session whose set-up failed has %d components", none.most)
	}
}

func TestComponentsAreOffAfterTheShutdown(t *testing.T) {
	f := newFake(t)
	f.simulate(Options{Components: 400, Seed: 1, Speed: 20}, 1)
	for id, c := range f.components {
		if f.templates[c.Session] == relayTemplate {
			continue // boots on
		}
		switch {
		case c.Enabled || c.Status() != bos.StatusStable && c.Status() != bos.StatusFailed:
			t.Errorf("%s is %s, enabled: %v, after the shutdown", id, c.Status(), c.Enabled)
		case c.Status() == bos.StatusStable && (c.Error != "" || c.ActualState.BootArtifacts.Kernel != ""):
			t.Errorf("%s is stable, with error %q and kernel %q", id, c.Error, c.ActualState.BootArtifacts.Kernel)
		case c.DesiredState.BootArtifacts.Kernel != "" || c.StagedSession() != "" || *c.RetryPolicy != retryPolicy:
			t.Errorf("%s is to be off, but its record is %+v", id, c)
		}
	}
	for _, text := range []string{errRetryLimit, errConfiguration} {
		if f.texts[text] == 0 {
			t.Errorf("no component ever reported %q; there were %v", text, f.texts)
		}
	}
	if f.attempts != retryPolicy {
		t.Errorf("components were powered on up to %d times, not %d", f.attempts, retryPolicy)
	}
	if len(f.texts) < 4 {
		t.Errorf("only these errors were reported: %v", f.texts)
	}
}

func TestBootTakesMinutes(t *testing.T) {
	const speed = 10
	f := newFake(t)
	f.simulate(Options{Components: 1000, Seed: 3, Speed: speed}, 1)
	boot, _ := f.find(func(s *bos.Session) bool { return s.TemplateName == "compute-24.7" })
	took, err := bos.Elapsed(boot.StartTime, boot.EndTime, time.Time{})
	if took *= speed; err != nil || took < 8*time.Minute || took > 25*time.Minute {
		t.Errorf("the boot took %v of simulated time (%v)", took, err)
	}
}

func TestOldRoundsAreForgotten(t *testing.T) {
	f := newFake(t)
	f.simulate(Options{Components: 60, Seed: 5, Speed: 60}, maxRounds+2)
	if n := len(f.ofRounds(slices.Collect(maps.Keys(f.sessions)))); len(f.deleted) == 0 || n > 7*maxRounds {
		t.Errorf("%d sessions are left of %d", n, len(f.created))
	}
	for _, key := range f.created[:7] {
		if !slices.Contains(f.deleted, key) {
			t.Errorf("session %s of the first round is still there", key)
		}
	}
}

func TestSmallSystemsRun(t *testing.T) {
	for _, n := range []int{1, 2, 9, 25} {
		f := newFake(t)
		f.simulate(Options{Components: n, Seed: uint64(n), Speed: 60}, 2)
		if len(f.components) != n {
			t.Errorf("%d components instead of %d", len(f.components), n)
		}
	}
}

func TestFailedWritesAreRepeated(t *testing.T) {
	want := newFake(t)
	want.simulate(Options{Components: 60, Seed: 2, Speed: 60}, 1)

	f := newFake(t)
	calls := 0
	f.fails = func(string) error {
		if calls++; calls%7 == 0 {
			return bos.Errorf(bos.Unavailable, "Redis does not answer")
		}
		return nil
	}
	f.simulate(Options{Components: 60, Seed: 2, Speed: 60}, 1)
	if !slices.Equal(f.created, want.created) {
		t.Errorf("with failing writes these sessions were created: %v, without: %v", f.created, want.created)
	}
	for id, c := range f.components {
		if w := want.components[id]; c.Status() != w.Status() || c.Error != w.Error || c.Session != w.Session {
			t.Errorf("%s is %s (%q), without failing writes %s (%q)", id, c.Status(), c.Error, w.Status(), w.Error)
		}
	}
}

func TestLeftoverSessionIsReplaced(t *testing.T) {
	f := newFake(t)
	f.simulate(Options{Components: 60, Seed: 4, Speed: 60}, 1)
	before := len(f.created)
	f.simulate(Options{Components: 60, Seed: 4, Speed: 60}, 2)
	if got := f.created[before : before+7]; !slices.Equal(got, f.created[:7]) {
		t.Errorf("the second run's sessions are %v, the first one's %v", got, f.created[:7])
	}
}

func TestRunEndsWhileProducerFails(t *testing.T) {
	f := newFake(t)
	f.fails = func(string) error { return bos.Errorf(bos.Unavailable, "Redis does not answer") }
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		if err := New(f, Options{Components: 5}).Run(ctx); err != nil {
			t.Error(err)
		}
	})
	if len(f.created) != 0 {
		t.Error("sessions were created by calls that fail")
	}
}

func TestXnamesAreValidAndUnique(t *testing.T) {
	for _, n := range []int{1, 40, 1000, 100_000} {
		ids := xnames(n)
		unique := map[string]bool{}
		for _, id := range ids {
			unique[id] = true
			if err := bos.CheckComponentID(id); err != nil {
				t.Error(err)
			}
		}
		if len(ids) != n || len(unique) != n {
			t.Errorf("xnames(%d) has %d names, %d of them different", n, len(ids), len(unique))
		}
	}
	ids := xnames(1000)
	for i, want := range map[int]string{0: "x1000c0s0b0n0", 255: "x1000c7s7b1n1", 256: "x1001c0s0b0n0", 960: "x3000c0s1b0n0", 999: "x3000c0s39b0n1"} {
		if ids[i] != want {
			t.Errorf("component %d of 1000 is %s, not %s", i, ids[i], want)
		}
	}
}
