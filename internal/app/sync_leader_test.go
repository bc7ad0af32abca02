package app_test

import (
	"fmt"
	"syscall"
	"testing"
	"time"

	"github.com/bosgraph/bosgraph/internal/apptest"
	"github.com/bosgraph/bosgraph/internal/bossync/bosfake"
	"github.com/bosgraph/bosgraph/internal/redistest"
)

// takenOverWithin is how long it may take until another server follows BOS.
const takenOverWithin = 10 * time.Second

// sessionAtBOS is a BOS with the session s of so many components, which runs.
func sessionAtBOS(components int) (fake *bosfake.BOS, ids []string) {
	fake = bosfake.New(bosfake.Options{})
	ids = fake.AddComponents(components)
	fake.CreateSession(untenanted("s"))
	fake.Start(untenanted("s"), ids...)
	return fake, ids
}

// runningAtBOS is such a BOS, and its URL.
func runningAtBOS(t *testing.T) (fake *bosfake.BOS, ids []string, url string) {
	t.Helper()
	fake, ids = sessionAtBOS(200)
	return fake, ids, listenBOS(t, fake)
}

// leads says whether a server is the one that follows BOS, and that it has.
func leads(s *apptest.Site) bool {
	r := s.Must(`{ serverInfo { sync { leader lastSweep } } }`)
	return r.At("serverInfo.sync.leader") == true && r.At("serverInfo.sync.lastSweep") != nil
}

// errorsOf are the error groups of the session, as a server shows them.
func errorsOf(s *apptest.Site) string { return fmt.Sprint(s.Status("s")["errorSummary"]) }

func testLeaderKilled(t *testing.T, f *apptest.Fleet) {
	fake, ids, url := runningAtBOS(t)
	follow := []string{"--bos-url", url, "--bos-interval", "200ms"}
	a, kill := f.Serve(t, follow...)
	apptest.Eventually(t, "the first follows BOS", func() bool { return leads(a) })
	b, _ := f.Serve(t, follow...)
	apptest.Eventually(t, "the second knows how the sync stands", func() bool {
		r := b.Must(`{ serverInfo { sync { leader lastSweep lagSeconds error } } }`)
		return r.At("serverInfo.sync.leader") == false && r.At("serverInfo.sync.lastSweep") != nil && r.At("serverInfo.sync.error") == nil
	})
	// Not at once: a busy machine can be late with the notices that prove it.
	apptest.Eventually(t, "the second shows it as current", func() bool { return b.Status("s")["stale"] == false })
	kill()
	killed := time.Now()
	fake.Patch(bosfake.Record{"error": "after the kill"}, ids[7])
	apptest.Eventually(t, "the second follows BOS", func() bool { return leads(b) && errorsOf(b) == "[map[count:1 message:after the kill]]" })
	if took := time.Since(killed); took > takenOverWithin {
		t.Errorf("taken over after %v", took)
	} else {
		redistest.Figure(t, "another server followed BOS after %v, drift 0", took.Round(time.Millisecond))
	}
	f.NoDrift(t)
}

// testLeaderOvertaken stops a server while it waits for a page of BOS, and lets it go
// on with what it has read when another has long written what came after.
func testLeaderOvertaken(t *testing.T, f *apptest.Fleet) {
	fake, ids, url := runningAtBOS(t)
	follow := []string{"--bos-url", url, "--bos-interval", "200ms"}
	a, process := f.Start(t, "127.0.0.1:0", follow...)
	apptest.Eventually(t, "the first follows BOS", func() bool { return leads(a) })
	b, _ := f.Serve(t, follow...)

	gate := make(chan struct{})
	fault := fake.Inject(bosfake.Fault{Path: "/v2/components", Until: gate, Times: 1})
	<-fault.Met()
	signal := func(what syscall.Signal) {
		t.Helper()
		if err := process.Cmd.Process.Signal(what); err != nil {
			t.Fatal(err)
		}
	}
	signal(syscall.SIGSTOP)
	defer signal(syscall.SIGCONT)
	fake.Patch(bosfake.Record{"error": "what the first reads"}, ids[7])
	spent := fake.Traffic().Spent
	close(gate) // its answer is made, and lies in its socket
	apptest.Eventually(t, "the answer is made", func() bool { return fake.Traffic().Spent > spent })
	fake.Patch(bosfake.Record{"error": "what came after"}, ids[7])
	apptest.Eventually(t, "the second follows BOS", func() bool { return leads(b) && errorsOf(b) == "[map[count:1 message:what came after]]" })

	before := b.Status("s")["revision"]
	signal(syscall.SIGCONT)
	apptest.Eventually(t, "the first knows that it was overtaken", func() bool { return !leads(a) && errorsOf(a) == errorsOf(b) })
	if now := b.Status("s"); now["revision"] != before {
		t.Errorf("the first has written: %v, was at revision %v", now, before)
	}
	if !leads(b) {
		t.Error("the second does not follow BOS any more")
	}
	f.NoDrift(t)
	redistest.Figure(t, "writes of the old tenure 0, drift 0")
}
