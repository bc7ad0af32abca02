package app

import (
	"fmt"
	"syscall"
	"testing"
	"time"

	"github.com/bosgraph/bosgraph/internal/bossync/bosfake"
)

// takenOverWithin is how long it may take until another server follows BOS.
const takenOverWithin = 10 * time.Second

// runningAtBOS is a BOS with a session of some components, and its URL.
func runningAtBOS(t *testing.T) (fake *bosfake.BOS, ids []string, url string) {
	t.Helper()
	fake = bosfake.New(bosfake.Options{})
	ids = fake.AddComponents(200)
	fake.CreateSession(untenanted("s"))
	fake.Start(untenanted("s"), ids...)
	return fake, ids, listenBOS(t, fake)
}

// leads says whether a server is the one that follows BOS, and that it has.
func leads(s *site) bool {
	r := s.must(`{ serverInfo { sync { leader lastSweep } } }`)
	return r.at("serverInfo.sync.leader") == true && r.at("serverInfo.sync.lastSweep") != nil
}

// errorsOf are the error groups of the session, as a server shows them.
func errorsOf(s *site) string { return fmt.Sprint(s.status("s")["errorSummary"]) }

func testLeaderKilled(t *testing.T, f *fleet) {
	fake, ids, url := runningAtBOS(t)
	follow := []string{"--bos-url", url, "--bos-interval", "200ms"}
	a, kill := f.serve(t, follow...)
	eventually(t, "the first follows BOS", func() bool { return leads(a) })
	b, _ := f.serve(t, follow...)
	eventually(t, "the second knows how the sync stands", func() bool {
		r := b.must(`{ serverInfo { sync { leader lastSweep lagSeconds error } } }`)
		return r.at("serverInfo.sync.leader") == false && r.at("serverInfo.sync.lastSweep") != nil && r.at("serverInfo.sync.error") == nil
	})
	if stale := b.status("s")["stale"]; stale != false {
		t.Errorf("the second shows it as stale: %v", stale)
	}
	kill()
	killed := time.Now()
	fake.Patch(bosfake.Record{"error": "after the kill"}, ids[7])
	eventually(t, "the second follows BOS", func() bool { return leads(b) && errorsOf(b) == "[map[count:1 message:after the kill]]" })
	if took := time.Since(killed); took > takenOverWithin {
		t.Errorf("taken over after %v", took)
	} else {
		t.Logf("taken over after %v", took)
	}
	f.noDrift(t)
}

// testLeaderOvertaken stops a server while it waits for a page of BOS, and lets it go
// on with what it has read when another has long written what came after.
func testLeaderOvertaken(t *testing.T, f *fleet) {
	fake, ids, url := runningAtBOS(t)
	follow := []string{"--bos-url", url, "--bos-interval", "200ms"}
	a, process := f.start(t, "127.0.0.1:0", follow...)
	eventually(t, "the first follows BOS", func() bool { return leads(a) })
	b, _ := f.serve(t, follow...)

	gate := make(chan struct{})
	fault := fake.Inject(bosfake.Fault{Path: "/v2/components", Until: gate, Times: 1})
	<-fault.Met()
	signal := func(what syscall.Signal) {
		t.Helper()
		if err := process.cmd.Process.Signal(what); err != nil {
			t.Fatal(err)
		}
	}
	signal(syscall.SIGSTOP)
	defer signal(syscall.SIGCONT)
	fake.Patch(bosfake.Record{"error": "what the first reads"}, ids[7])
	spent := fake.Traffic().Spent
	close(gate) // its answer is made, and lies in its socket
	eventually(t, "the answer is made", func() bool { return fake.Traffic().Spent > spent })
	fake.Patch(bosfake.Record{"error": "what came after"}, ids[7])
	eventually(t, "the second follows BOS", func() bool { return leads(b) && errorsOf(b) == "[map[count:1 message:what came after]]" })

	before := b.status("s")["revision"]
	signal(syscall.SIGCONT)
	eventually(t, "the first knows that it was overtaken", func() bool { return !leads(a) && errorsOf(a) == errorsOf(b) })
	if now := b.status("s"); now["revision"] != before {
		t.Errorf("the first has written: %v, was at revision %v", now, before)
	}
	if !leads(b) {
		t.Error("the second does not follow BOS any more")
	}
	f.noDrift(t)
}
